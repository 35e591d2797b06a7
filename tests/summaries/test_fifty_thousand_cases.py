"""Fifty thousand random cases, with reopenings, mergers and holidays, equal a recount by brute force at any instant.

The recount (``server.simulate.recount``) knows revisions alone: no fact, no sum and no table of steps of the program.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

import pytest

from server import instants
from server.cases.domain import deadlines
from server.cases.domain.calendars import shipped
from server.db.sql import Sql
from server.grid.domain.areas import Area, Place, code_of, level_of, parent_code
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.records.domain import case_facts
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Step
from server.records.domain.status import Status
from server.simulate import recount
from server.summaries.domain.periods import Period, months_of
from server.summaries.store import case_facts as case_store
from server.summaries.store import rollups
from server.summaries.usecases import closure_summary, keeping_movements
from server.summaries.usecases.closure_summary import Query
from server.summaries.usecases.groupings import Grouping
from tests.summaries.case_histories import CATEGORIES, LEADS_TO, MAY, UNITS, WIDER
from tests.summaries.lived_cases import a_store

CASES, MOST_STEPS = 50_000, 14
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 30, 4, tzinfo=UTC)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
PERIODS = (Period(date(2026, 1, 1), date(2026, 11, 30)), Period(date(2026, 4, 1), date(2026, 4, 30)), NOVEMBER)
PASTS = ("2026-04-17T05:11:00.000Z", "2026-09-30T15:59:59.999Z", "2026-11-12T03:20:00.000Z")
"""Since the last of them days have been kept."""
HANDLING_DAYS = (7, 7, 7, 30, 90)
ENDING = ("void", "merge")
"""Acts that end a case and are drawn rarely, so that most have a long life."""
COUNTY = Scope(places=(Place("130630"),))


@cache
def close_by(due: str) -> str:
    """Return by when a case is to be closed that is to be handled by ``due``: working days later."""
    return deadlines.close_due(due, shipped())


@dataclass
class Life:
    """One case as it is drawn: its steps for the program, and the revisions that tell the same."""

    id: str
    path: str
    category: str
    chance: Random
    at: datetime
    steps: list[Step] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    facts: CaseFacts | None = None

    def take(self, action: str, status: Status, due: str | None = None, **said: Any) -> None:
        """Take a step. due: the day's end that it sets as the handler's limit. said: what else ``Step`` tells."""
        at, before = instants.text(self.at), None if self.facts is None else self.facts.status.value
        close_due = said.pop("close_due_at", None) or (due and close_by(due))
        if action == "reopen" and self.facts is not None and self.facts.closed_late:
            close_due = None  # closing it again is late, too
        step = Step(action, at, status, due, close_due, **said)
        self.steps.append(step)
        if self.facts is None:
            self.facts = case_facts.begun(self.id, self.path, self.category, step)
        else:
            self.facts = case_facts.after(self.facts, step)
        self.rows.append(self._revision(step, before))

    def _revision(self, step: Step, before: str | None) -> dict[str, Any]:
        diff = {"status": [before, step.status.value]} if before != step.status.value else {}
        diff |= {"category": [None, self.category]} if before is None else {}
        diff |= {"category": ["", step.category]} if step.category is not None else {}
        diff |= {"discovered_at": [None, step.discovered_at]} if step.discovered_at else {}
        due = step.handle_due_at or (step.close_due_at if step.action == "spot_close" else None)
        diff |= {"due_at": [None, due]} if due else {}
        note = "（反弹）" if step.recurs else "（超窗）" if step.action == "ask_return_late" else ""
        diff |= {"office_note": ["", note]}
        told = {"result_code": [None, step.result_code]} if step.result_code else {}
        told |= {"pass": [None, "yes" if step.action == "recheck" else "no"]} if "recheck" in step.action else {}
        action = {"ask_return_late": "ask_return", "recheck_failed": "recheck", "categorise": "edit"}.get(step.action)
        return {
            "record": self.id, "path": self.path, "action": action or step.action, "verdict": "applied", "diff": diff,
            "received": told, "at": step.at, "observed_at": step.written_at or step.at,
        }  # fmt: skip


def lived(number: int, chance: Random) -> Life:
    """Draw a case along steps that the workflow allows, with limits by working days."""
    at = FIRST + timedelta(seconds=chance.randrange(int((LAST - FIRST).total_seconds())))
    id, path = f"{UUID(int=chance.getrandbits(128), version=4)}", chance.choice((*UNITS, *UNITS, *WIDER))
    life = Life(id, path, chance.choice((*CATEGORIES, "gone")), chance, at)
    found = None if number % 3 else instants.text(at - timedelta(hours=chance.choice((0, 5, 24, 25, 900))))
    if chance.random() < 0.15:
        life.take("spot_close", Status.SPOT_CLOSED, discovered_at=found)
    elif chance.random() < 0.05:
        check_by = deadlines.due_at(deadlines.Clock.VERIFY, instants.text(at), shipped())
        life.take("spot_close", Status.FEEDBACK, close_due_at=check_by, discovered_at=found)
    else:
        life.take("report", Status.REPORTED, discovered_at=found)
    for _ in range(chance.randrange(MOST_STEPS)):
        go_on(life)
    return life


def go_on(life: Life) -> None:
    facts, chance = life.facts, life.chance
    life.at += timedelta(hours=chance.choice((1, 8, 30, 100, 400)), seconds=chance.randrange(3600))
    if facts is None or life.at >= LAST or not MAY[facts.status]:
        return
    action = chance.choice(MAY[facts.status])
    if action in ENDING and chance.random() < 0.7:
        action = chance.choice(MAY[facts.status])
    if chance.random() < 0.03:
        life.take("categorise", facts.status, category=chance.choice(CATEGORIES))
    elif action == "feedback":
        given = instants.parse(facts.dispatches[-1].at) if facts.dispatches else life.at
        written = instants.text(chance.choice((life.at, given + (life.at - given) / 2)))
        life.take(action, LEADS_TO[action], result_code=chance.choice(("fixed", "place_closed")), written_at=written)
    elif action == "register":
        life.take(action, LEADS_TO[action], recurs=chance.random() < 0.2)
    else:
        life.take(action, LEADS_TO[action], *limit(life, action, facts.handle_due_at or ""))


def limit(life: Life, action: str, running: str) -> tuple[str, ...]:
    """Return the limit that an act sets by its rule, none for one that sets none."""
    today = life.at.astimezone(instants.BEIJING).date()
    days = {"rework": 3, "reopen": 7, "extend": 30, "resume": 7} | {"assign": life.chance.choice(HANDLING_DAYS)}
    if action not in days:
        return ()
    due = deadlines.end_of(today + timedelta(days=days[action]))
    return (due if action == "reopen" else max(due, running),)


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> Iterator[Any]:
    chance = Random(20260401)
    lives = [lived(number, chance) for number in range(CASES)]
    store = a_store(tmp_path_factory.mktemp("many") / "data", clock=lambda: LAST)
    paths = sorted({*UNITS, *(unit[:n] for unit in UNITS for n in (6, 10, 14))})
    grid = [Area(code_of(path), path, level_of(code_of(path)), parent_code(code_of(path))) for path in paths]
    store.write(lambda tx: areas.add(tx, grid))
    store.write(lambda tx: fill(tx.sql, lives))
    while keeping_movements.round_of(store):
        continue
    rows = sorted((row for each in lives for row in each.rows), key=lambda row: row["at"])
    yield store, rows
    store.close()


def fill(sql: Sql, lives: list[Life]) -> None:
    """Write facts, steps and sums at once; that sums moved step by step come to the same has a test of its own."""
    for life in lives:
        facts = life.facts
        assert facts is not None
        first, *later = life.steps
        if any(each.category is not None for each in later):
            first = first._replace(category=life.category)
        for version, step in enumerate((first, *later), start=1):
            case_store.add_step(sql, life.id, version, step)
        case_store.add(sql, facts, life.steps[-1].at)
    rollups.summed(life.facts for life in lives if life.facts is not None).write(sql)


@pytest.mark.slow
@pytest.mark.parametrize("as_of", [*PASTS, None])
def test_every_count_of_many_cases_is_what_their_revisions_come_to(county, as_of):
    store, rows = county
    at = as_of or instants.text(LAST)
    known = [row for row in rows if row["at"] <= at]
    cases = recount.of_history(known)
    assert {"reopen", "merge", "split", "extend", "void"} <= {row["action"] for row in known}

    with store.reading() as reading:
        for period in PERIODS:
            query = Query(COUNTY, None, Grouping.MONTH, period, as_of)
            told = closure_summary.summarise(reading, query).summary
            begun = [each for each, month in months_of(period) if month.starts_at <= at]
            assert not begun or told.total.counts == counted(cases, period, at)
            months = {row.key: row.figures.counts for row in told.rows}
            for key in begun[-3:]:
                assert months[key] == counted(cases, dict(months_of(period))[key], at), key


def counted(cases: list[Any], period: Period, at: str) -> dict[str, int]:
    return recount.counts(cases, instants.parse(period.starts_at), instants.parse(period.ends_at), instants.parse(at))
