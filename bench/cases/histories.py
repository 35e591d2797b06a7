"""Draws how cases go: what is done to each, when, and how many are reported on a day."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from server import instants
from server.records.domain.case_steps import Step
from server.records.domain.status import Status


def season(day: datetime) -> float:
    """Return the relative number of reports on a day: more in winter, less at weekends."""
    return {12: 1.7, 1: 1.9, 2: 1.4, 4: 1.3, 11: 1.3}.get(day.month, 1.0) * (0.6 if day.weekday() >= 5 else 1.0)


def history(random_source: random.Random, start: datetime) -> tuple[Step, ...]:
    """Draw the steps of a case: a fifth is fixed on the spot, most are handled and closed, few of them reopened."""
    at = start + timedelta(hours=random_source.uniform(0, 11))
    outcome = random_source.random()
    if outcome < 0.22:
        return (Step("spot_close", instants.text(at), Status.SPOT_CLOSED, result_code="fixed"),)
    steps = [Step("report", instants.text(at), Status.REPORTED)]

    def add_step(action: str, status: Status, hours: float, **more: Any) -> None:
        nonlocal at
        at += timedelta(hours=random_source.expovariate(1 / hours))
        steps.append(Step(action, instants.text(at), status, **more))

    def limits(days: int) -> dict[str, str]:
        due = at + timedelta(days=days)
        return {"handle_due_at": instants.text(due), "close_due_at": instants.text(due + timedelta(days=4))}

    if outcome < 0.26:
        add_step(*random_source.choice((("reject", Status.REJECTED), ("merge", Status.MERGED))), 10)
        return tuple(steps)
    add_step("assign", Status.ASSIGNED, 12, **limits(random_source.choice((7, 7, 7, 15, 30))))
    if random_source.random() < 0.05:
        add_step("return", Status.REGISTERED, 20)
        add_step("assign", Status.ASSIGNED, 10, **limits(7))
    add_step("accept", Status.ACCEPTED, 15)
    if outcome > 0.99:
        return tuple(steps)  # nobody handles it: overdue from then on
    if outcome > 0.98:
        add_step("void", Status.VOID, 60)
        return tuple(steps)
    if outcome < 0.29:
        add_step("suspend", Status.SUSPENDED, 80)
        return tuple(steps)
    _handled(random_source, add_step, limits)
    return tuple(steps)


def _handled(random_source: random.Random, add_step: Callable[..., None], limits: Callable[[int], Any]) -> None:
    """Draw how an accepted case is handled and closed, and what is sent back, or reopened a few weeks later."""
    if random_source.random() < 0.04:
        add_step("extend", Status.HANDLING, 90, **limits(20))
    add_step(
        "feedback", Status.FEEDBACK, 90, result_code=random_source.choice(("fixed", "fixed", "fixed", "place_closed"))
    )
    if random_source.random() < 0.08:
        add_step("rework", Status.HANDLING, 40, **limits(7))
        add_step("feedback", Status.FEEDBACK, 60, result_code="fixed")
    add_step("close", Status.CLOSED, 40)
    if random_source.random() < 0.03:
        add_step("reopen", Status.HANDLING, 300, **limits(7))
        add_step("feedback", Status.FEEDBACK, 90, result_code="fixed")
        add_step("close", Status.CLOSED, 40)
