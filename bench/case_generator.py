"""Fills a data folder with a million hazards as a county would have them after eighteen months.

The store's own functions make the rows of two thousand generated histories, each shifted in time, area and category,
and the sums over them. Revisions are left out; everything that lists and summaries read is there, and the invariants
of facts, steps and sums hold.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import kobo_forms
from server import instants
from server.db import engine
from server.db.folder import FILE_NAME
from server.db.sql import Sql, inserting
from server.grid.domain.areas import code_of
from server.records.domain import case_facts
from server.records.domain.case_facts import CaseFacts, Dispatch, Ending, Step
from server.records.domain.status import STAGE_OF, Stage, Status
from server.summaries.store import case_facts as facts_store
from server.summaries.store.rollups import Sums

CASES = 1_000_000
HISTORIES = 2_000
DAYS = 548
"""Eighteen months, the last day of them yesterday."""

TYPE = "hazards"
SEED = 20260401
BATCH = 20_000
RECORD = (
    "id", "type", "kind", "area", "path", "label", "version", "seq", "born_seq", "status", "stage", "case_no",
    "assignee", "author", "due_at", "closed_at", "month", "conflicted", "flags", "fields", "registers", "created_at",
    "updated_at",
)  # fmt: skip
_REGISTERS = f"[[],[]]{' ' * 500}"
"""Empty, and about as long as the registers of a report, for housekeeping that reads them."""


def fill(folder: Path, cases: int = CASES, now: datetime | None = None) -> None:
    """Add hazards to the database in ``folder``, which is set up and not in use; ``now`` is the end of their time."""
    db = engine.connect(folder / FILE_NAME)
    for pragma in ("synchronous = OFF", "cache_size = -1200000", "foreign_keys = OFF"):
        db.execute(f"PRAGMA {pragma}")
    sql = Sql(db)
    end = now or datetime.now(UTC)
    first_seq = int(sql.value("SELECT value FROM counter WHERE name = 'seq'"))
    indexes = _drop_indexes(sql)
    with db.atomic():
        generated = _generated(sql, cases, end, first_seq)
        sums = Sums()
        while batch := list(islice(generated, BATCH)):
            _write(sql, batch, sums)
        sums.write(sql)
        sql.run("UPDATE counter SET value = :seq WHERE name = 'seq'", {"seq": first_seq + cases})
    for index in indexes:
        sql.run(index)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


class _Case(NamedTuple):
    facts: CaseFacts
    steps: tuple[Step, ...]
    born_seq: int
    assignee: str | None
    item: dict[str, str]


def _generated(sql: Sql, cases: int, end: datetime, first_seq: int) -> Iterator[_Case]:
    random_source = random.Random(SEED)
    paths = [row["path"] for row in sql.each("SELECT path FROM area WHERE level = 'unit' ORDER BY path")] or [
        row["path"] for row in sql.each("SELECT path FROM area WHERE level = 'village' ORDER BY path")
    ]
    weights = [random_source.paretovariate(1.5) for _ in paths]
    items = list(kobo_forms.codes("hazard_items"))
    item_weights = [random_source.paretovariate(1.2) for _ in items]
    start = datetime(end.year, end.month, end.day, tzinfo=UTC) - timedelta(days=DAYS)
    histories = [_history(random_source, start) for _ in range(HISTORIES)]
    final_facts = {
        history: case_facts.as_of(case_facts.begun("", "", "", history[0]), history[1:], instants.FOREVER)
        for history in histories
    }
    shift = _DateShift(start)
    now = instants.text(end)
    days = sorted(
        random_source.choices(range(DAYS), [_season(start + timedelta(days=day)) for day in range(DAYS)], k=cases)
    )
    case_paths, case_items = (
        random_source.choices(paths, weights, k=cases),
        random_source.choices(items, item_weights, k=cases),
    )
    for number, (day, path, item) in enumerate(zip(days, case_paths, case_items, strict=True)):
        history = histories[random_source.randrange(HISTORIES)]
        shifted = shift.history(history, day, now)
        id = str(UUID(int=random_source.getrandbits(128), version=4))
        if len(shifted) == len(history):
            facts = shift.facts(final_facts[history], day, id, path, item["category"])
        else:
            facts = case_facts.as_of(case_facts.begun(id, path, item["category"], shifted[0]), shifted[1:], now)
        assignee = f"user:gw{number % 900:04}" if facts.dispatches else None
        yield _Case(facts, shifted, first_seq + number + 1, assignee, item)


def _season(day: datetime) -> float:
    """Return the relative number of reports on a day: more in winter, less at weekends."""
    return {12: 1.7, 1: 1.9, 2: 1.4, 4: 1.3, 11: 1.3}.get(day.month, 1.0) * (0.6 if day.weekday() >= 5 else 1.0)


def _history(random_source: random.Random, start: datetime) -> tuple[Step, ...]:
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


_PLAIN = ("status", "held_s", "checked", "reworked", "extended", "result_code")
_INSTANTS = tuple(
    name for name in facts_store.COLUMNS if name not in (*_PLAIN, "id", "path", "category", "dispatches", "endings")
)


class _DateShift:
    """Shifts histories by whole days without parsing an instant: only the date at its beginning changes."""

    def __init__(self, start: datetime) -> None:
        dates = [f"{start + timedelta(days=day):%Y-%m-%d}" for day in range(-1, 3 * DAYS)]
        self._dates, self._numbers = dates, {date: number for number, date in enumerate(dates)}

    def history(self, history: tuple[Step, ...], days: int, now: str) -> tuple[Step, ...]:
        """Return the steps taken by ``now`` of a history that begins so many days later."""
        shifted = (
            Step(
                step.action,
                self._shifted(step.at, days),
                step.status,
                self._shifted(step.handle_due_at, days) if step.handle_due_at else None,
                self._shifted(step.close_due_at, days) if step.close_due_at else None,
                step.result_code,
            )
            for step in history
        )
        return tuple(step for number, step in enumerate(shifted) if number == 0 or step.at <= now)

    def facts(self, end: CaseFacts, days: int, id: str, path: str, category: str) -> CaseFacts:
        """Return the facts of a whole history that begins so many days later, in another area."""
        named: dict[str, Any] = {"id": id, "path": path, "category": category}
        dispatches = tuple(
            Dispatch(self._shifted(each.at, days), each.returned_at and self._shifted(each.returned_at, days))
            for each in end.dispatches
        )
        endings = tuple(
            Ending(self._shifted(each.at, days), each.undone_at and self._shifted(each.undone_at, days), each.status)
            for each in end.endings
        )
        instants_of: dict[str, Any] = {
            name: self._shifted(value, days) for name in _INSTANTS if (value := getattr(end, name)) is not None
        }
        rest = {name: getattr(end, name) for name in _PLAIN}
        return CaseFacts(**named, **rest, **instants_of, dispatches=dispatches, endings=endings)

    def _shifted(self, instant: str, days: int) -> str:
        return self._dates[self._numbers[instant[:10]] + days] + instant[10:]


_RECORD = inserting("record", RECORD)
_FACTS = inserting("case_fact", (*facts_store.COLUMNS, *facts_store.DERIVED))
_STEPS = inserting("case_step", facts_store.STEP_COLUMNS)
_HANDOVERS = inserting("case_handover", facts_store.HANDOVER_COLUMNS)
_ENDINGS = inserting("case_ending", facts_store.ENDING_COLUMNS)


def _write(sql: Sql, batch: list[_Case], sums: Sums) -> None:
    sql.run_each(_RECORD, (_record(case) for case in batch))
    sql.run_each(_FACTS, (facts_store.row_of(case.facts, case.steps[-1].at) for case in batch))
    sql.run_each(
        _STEPS,
        (
            facts_store.step_row(case.facts.id, version, step)
            for case in batch
            for version, step in enumerate(case.steps, 1)
        ),
    )
    sql.run_each(_HANDOVERS, (row for case in batch for row in facts_store.handovers(case.facts)))
    sql.run_each(_ENDINGS, (row for case in batch for row in facts_store.endings(case.facts)))
    for case in batch:
        sums.add(case.facts, 1)


def _record(case: _Case) -> dict[str, Any]:
    facts, seq = case.facts, case.born_seq
    label = f"{case.item['label']}｜演示场所{seq % 6_000:04}"
    place = f'{{"item":"{case.item["name"]}","category":"{facts.category}","place":"演示场所{seq % 6_000:04}"'
    return {
        "id": facts.id,
        "type": TYPE,
        "kind": "case",
        "area": code_of(facts.path),
        "path": facts.path,
        "label": label,
        "version": len(case.steps),
        "seq": seq,
        "born_seq": seq,
        "status": facts.status.value,
        "stage": STAGE_OF[facts.status].value,
        "case_no": f"LY-{facts.received_at[:4]}-{seq:07}" if facts.registered_at else None,
        "assignee": case.assignee,
        "author": f"gw{seq % 900:04}",
        "due_at": facts.handle_due_at,
        "closed_at": case.steps[-1].at if STAGE_OF[facts.status] is Stage.CLOSE else None,
        "month": facts.received_at[:7],
        "conflicted": int(seq % 500 == 0),
        "flags": "item" if seq % 500 == 0 else "",
        "fields": f'{place},"severity":"general","note":"{"说明" * 20}"}}',
        "registers": _REGISTERS,
        "created_at": facts.received_at,
        "updated_at": case.steps[-1].at,
    }


def _drop_indexes(sql: Sql) -> list[str]:
    """Drop the indexes of the tables that are filled; return the SQL that creates them again."""
    rows = sql.rows(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        "AND tbl_name IN ('record', 'case_fact', 'case_step')"
    )
    for row in rows:
        sql.run(f"DROP INDEX {row['name']}")
    return [row["sql"] for row in rows]
