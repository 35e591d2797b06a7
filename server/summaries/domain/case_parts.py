"""Take apart what a case adds to the columns of each day, whole or as the difference between two of its states.

Most of what a case adds stays as it is when the case takes a step. So a past instant is counted from what differs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache

from server import instants
from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import count_rules, counting_keys
from server.summaries.domain.counting_keys import Shape
from server.summaries.domain.periods import Day, day_number

STOCK = "stock"
"""What a day adds to the stock of registered cases that have not ended, as of its own time: reopening adds again."""

LIMITS = ("limits", "limits_closed")
"""Columns of the day at whose end, or on which, a closing limit passes: all that count, and those of closed cases."""

Part = tuple[Day, tuple[str, ...], int]
"""A day, columns, and what is added to each of them on it. Cases share sets of columns: sums are made of sets first."""

STOCK_ALONE = (STOCK,)
_LAG_S, _HANDLED_S, _CLOSED = ("lag_s",), ("handled_s",), ("closed_in_period",)
_SENT, _IN_VAIN, _RETURNED = ("dispatches",), ("sent_in_vain",), ("returns",)
_LIMITS_BY_NUMBER = ((), LIMITS[:1], LIMITS)


def parts(case: CaseFacts, n: int = 1) -> list[Part]:
    """Return what a case adds to columns by day, ``n`` times: -1 takes it away."""
    shape, found = counting_keys.shape_of(case), list[Part]()
    for add in (
        _add_receipt, _add_registration, _add_handling, _add_endings, _add_closing, _add_limit, _add_dispatches,
    ):  # fmt: skip
        add(found, case, shape, n)
    return found


def moved(now: CaseFacts, then: CaseFacts) -> list[Part]:
    """Return what a case added as it stood, less what it adds as it stands; what is the same is not taken apart."""
    if now.registered_at != then.registered_at:
        return [*parts(now, -1), *parts(then)]
    found = list[Part]()
    exchanged = (now, counting_keys.shape_of(now), then, counting_keys.shape_of(then))
    _, now_shape, _, then_shape = exchanged
    if now_shape.received != then_shape.received or now.lag_s != then.lag_s:
        _exchange(found, _add_receipt, *exchanged)
    if now_shape.registered != then_shape.registered and then.registered_at is not None:
        day = day_number(then.registered_at)  # the stock that it entered then it has entered now too
        found += ((day, now_shape.registered, -1), (day, then_shape.registered, 1))
    if (now_shape.handled or then_shape.handled) and not _took_as_long(*exchanged):
        _exchange(found, _add_handling, *exchanged)
    if now.endings != then.endings:
        _exchange(found, _add_endings, *exchanged)
    if now.closed_at != then.closed_at:
        _exchange(found, _add_closing, *exchanged)
    if now_shape.limits != then_shape.limits or now.close_due_at != then.close_due_at:
        _exchange(found, _add_limit, *exchanged)
    if now.dispatches != then.dispatches or now.void != then.void:
        _exchange(found, _add_dispatches, *exchanged)
    return found


def limit_day_of(case: CaseFacts) -> Day | None:
    """Return the day on which the closing limit of a case passes, None where none counts; 24:00 belongs to the day."""
    if case.close_due_at is None or not count_rules.has_limit(case):
        return None
    return _limit_day(case.close_due_at)


_Add = Callable[[list[Part], CaseFacts, Shape, int], None]


def _exchange(
    found: list[Part], add: _Add, now: CaseFacts, now_shape: Shape, then: CaseFacts, then_shape: Shape
) -> None:
    add(found, now, now_shape, -1)
    add(found, then, then_shape, 1)


def _took_as_long(now: CaseFacts, now_shape: Shape, then: CaseFacts, then_shape: Shape) -> bool:
    if now.fed_back_at != then.fed_back_at or now.held_s != then.held_s or now.dispatches != then.dispatches:
        return False
    return now_shape.handled == then_shape.handled


def _add_receipt(found: list[Part], case: CaseFacts, shape: Shape, n: int) -> None:
    day, lag_s = day_number(case.received_at), case.lag_s
    found.append((day, shape.received, n))
    if lag_s:
        found.append((day, _LAG_S, n * lag_s))


def _add_registration(found: list[Part], case: CaseFacts, shape: Shape, n: int) -> None:
    if case.registered_at is not None:
        day = day_number(case.registered_at)
        found += ((day, shape.registered, n), (day, STOCK_ALONE, n))


def _add_handling(found: list[Part], case: CaseFacts, shape: Shape, n: int) -> None:
    if shape.handled and case.registered_at is not None and (took := case.handled_s):
        found.append((day_number(case.registered_at), _HANDLED_S, n * took))


def _add_endings(found: list[Part], case: CaseFacts, shape: Shape, n: int) -> None:
    if case.endings and case.registered_at is not None:
        for at, undone_at, _ in case.endings:
            found.append((day_number(at), STOCK_ALONE, -n))
            if undone_at is not None:
                found.append((day_number(undone_at), STOCK_ALONE, n))


def _add_closing(found: list[Part], case: CaseFacts, shape: Shape, n: int) -> None:
    if case.closed_at is not None:
        day = day_number(case.closed_at)
        found.append((day, _CLOSED, n))
        if case.registered_at is not None:
            found.append((day, STOCK_ALONE, -n))


def _add_limit(found: list[Part], case: CaseFacts, shape: Shape, n: int) -> None:
    if shape.limits and case.close_due_at is not None:
        found.append((_limit_day(case.close_due_at), _LIMITS_BY_NUMBER[shape.limits], n))


def _add_dispatches(found: list[Part], case: CaseFacts, shape: Shape, n: int) -> None:
    if not case.void:
        for at, returned_at in case.dispatches:
            sent = day_number(at)
            found.append((sent, _SENT, n))
            if returned_at is not None:
                found += ((sent, _IN_VAIN, n), (day_number(returned_at), _RETURNED, n))


def _limit_day(at: Instant) -> Day:
    return _day_before(at) if at.endswith(":00:00.000Z") else day_number(at)


@lru_cache(maxsize=4_096)
def _day_before(at: Instant) -> Day:
    return day_number(instants.later(at, timedelta(milliseconds=-1)))
