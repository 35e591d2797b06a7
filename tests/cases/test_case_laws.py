"""What holds for cases whoever acts, in whatever order, however often it is sent: histories made up at random."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.admin.store import invariants
from server.cases.domain.workflow import ACTIONS, STEP_OF, leads_to
from server.changes.usecases import write
from server.changes.usecases.recording import Outcome
from server.db import database
from server.db.database import Database
from server.instants import FOREVER
from server.people.store import people
from server.records.domain import case_facts
from server.records.domain.records import Record
from server.records.domain.status import Status
from server.records.store import records
from server.summaries.store import case_facts as kept_facts
from sync.changes import Change, Dot, FieldWrite, Verdict
from tests.case_land import ESTATE, NAMES, UNIT, lay
from tests.county import Clock, new_database
from tests.filled_forms import uuid_of
from tests.laws import examples

CASES = tuple(uuid_of(f"case {number}") for number in range(3))
GOOD = {
    "reason": ("not_my_duty", "现场没有人"),
    "assignee": ("user:worker", "user:neighbour", "user:officer", "body:shop", "body:committee", "body:city_mgmt"),
    "helpers": ("", "user:neighbour body:shop"),
    "due_on": ("", "2026-12-20"),
    "until": ("2026-12-24",),
    "into": CASES,
    "result_code": ("fixed", "fixed_partly", "cannot"),
    "no_photo_reason": ("too_dark", ""),
    "fixed_photo": ("", "1.jpg"),
    "pass": ("yes", "no"),
    "level": ("1", "2"),
    "plan": ("明年拆除",),
    "plan_due": ("2027-10-31",),
    "leader": ("王副镇长",),
    "safeguard": ("每日巡查",),
    "body": ("县住建局",),
    "document": ("函12号",),
    "note": ("看过了", ""),
}
LIKELY = ("assign", "assign", "accept", "feedback", "feedback", "close", "rework", "reopen")


@dataclass(frozen=True)
class Asked:
    """Something that somebody asks of a case: by whom, and how long after the one before."""

    change: Change
    by: str
    gap: timedelta


@st.composite
def acts(draw: st.DrawFn, number: int) -> Asked:
    """Draw an act of anybody on any case, mostly with good inputs; hands write in branches of their own."""
    case, by = draw(st.sampled_from(CASES)), draw(st.sampled_from(NAMES))
    action = draw(st.sampled_from((*LIKELY, *(set(ACTIONS) - {"release"}), "edit", "nonsense")))
    step = STEP_OF.get(action)
    names = () if step is None else (*step.needs, *step.takes)
    inputs = {name: draw(st.sampled_from(GOOD.get(name, ("",)))) for name in names}
    if draw(st.integers(0, 9)) == 0:
        inputs = {}
    if action == "edit":
        inputs = {"place": draw(st.sampled_from(("三号楼", "四号楼")))}
    fields = {name: FieldWrite(None, value) for name, value in inputs.items()}
    dot = Dot(f"{by} {draw(st.integers(0, 1))}", number)
    id = str(UUID(int=draw(st.integers(0, 2**100)) << 24 | number, version=4))
    change = Change(id, case, "hazards", action, dot, fields, draw(st.integers(0, 6)), seen_stated=False)
    return Asked(change, by, timedelta(hours=draw(st.integers(0, 60))))


@st.composite
def histories(draw: st.DrawFn) -> list[Asked]:
    """Draw reports of the cases and acts on them, in any order, some of them sent again."""
    reports = [
        Asked(
            Change(
                uuid_of(f"report {case}"),
                case,
                "hazards",
                draw(st.sampled_from(("report", "spot_close"))),
                Dot(f"report {case}", 1),
                {
                    "item": FieldWrite(None, draw(st.sampled_from(("hose_aged", "wiring_messy")))),
                    "label": FieldWrite(None, "三号楼"),
                },
                area=draw(st.sampled_from((UNIT, f"{ESTATE}001"))),
            ),
            by,
            timedelta(hours=1),
        )
        for case, by in zip(CASES, ("worker", "neighbour", "town"), strict=True)
    ]
    later = [draw(acts(number)) for number in range(2, draw(st.integers(4, 40)))]
    late = draw(st.integers(0, 3))
    asked = [*later[:late], *reports, *later[late:]] if late else [*reports, *later]
    swapped = draw(st.lists(st.integers(0, len(asked) - 2), max_size=4))
    for place in swapped:
        asked[place], asked[place + 1] = asked[place + 1], asked[place]
    again = draw(st.lists(st.sampled_from(asked), max_size=4))
    return [*asked, *again]


@contextmanager
def a_store() -> Iterator[tuple[Database, Clock]]:
    """Open a fresh copy of the county, inline, with a clock that the test moves."""
    with TemporaryDirectory() as name:
        new_database(Path(name), lay)
        clock = Clock()
        store = database.open_inline(Path(name), clock=clock)
        with closing(store):
            yield store, clock


@dataclass
class Lived:
    """What became of a history. outcomes: the first answer to each change."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)


def live(store: Database, clock: Clock, history: list[Asked]) -> Lived:
    lived = Lived()
    for asked in history:
        clock.at += asked.gap
        outcome = store.write(lambda tx, a=asked: write.apply(tx, a.change, by=people.actor(tx, a.by)))
        lived.outcomes.setdefault(asked.change.id, outcome)
    return lived


def found(store: Database, case: str) -> Record | None:
    return store.write(lambda tx: records.find_for_writing(tx, case))


def everything(store: Database) -> dict[str, list[dict[str, object]]]:
    tables = ("record", "revision", "change", "problem", "case_hand", "case_fact", "case_step", "bucket")
    with store.reading() as reading:
        return {table: reading.sql.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}


LAW = settings(
    max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@LAW
@given(history=histories())
def test_nothing_that_we_promise_of_a_database_breaks_and_every_ask_has_one_verdict(history):
    with a_store() as (store, clock):
        live(store, clock, history)

        with store.reading() as reading:
            assert list(invariants.broken(reading)) == []
            rows = reading.sql.rows("SELECT id, verdict FROM change WHERE author <> 'server'")
    assert sorted(row["id"] for row in rows) == sorted({asked.change.id for asked in history})
    assert {row["verdict"] for row in rows} <= set(Verdict)


@LAW
@given(history=histories())
def test_what_a_case_contributes_to_the_figures_is_what_its_steps_add_up_to(history):
    with a_store() as (store, clock):
        live(store, clock, history)

        with store.reading() as reading:
            steps = dict(kept_facts.each_history(reading.sql))
            for facts in kept_facts.each(reading.sql):
                record = found(store, facts.id)
                birth, *later = steps[facts.id]
                recounted = case_facts.as_of(
                    case_facts.begun(facts.id, record.path, facts.category, birth), later, FOREVER
                )
                assert record.case.facts == facts == recounted
                assert record.status == facts.status


@LAW
@given(history=histories())
def test_sending_everything_again_changes_nothing_and_gets_the_same_answers(history):
    with a_store() as (store, clock):
        lived = live(store, clock, history)
        before = everything(store)

        again = live(store, clock, [*reversed(history), *history])

        assert everything(store) == before
    for id, outcome in lived.outcomes.items():
        if outcome.verdict not in (Verdict.WAITING, Verdict.QUARANTINED):
            assert (again.outcomes[id].verdict, again.outcomes[id].version) == (outcome.verdict, outcome.version)


@LAW
@given(history=histories())
def test_each_answer_moves_the_case_along_the_table_by_one_version(history):
    with a_store() as (store, clock):
        seen: set[str] = set()
        for asked in history:
            before = found(store, asked.change.record)
            outcome = live(store, clock, [asked]).outcomes[asked.change.id]
            repeated, step = asked.change.id in seen, STEP_OF.get(asked.change.action)
            seen.add(asked.change.id)
            if before is None or repeated:
                continue
            after = found(store, asked.change.record)
            assert after.version == before.version + (outcome.version is not None)
            if after.status != before.status:
                assert Status(before.status) in step.sources
                assert Status(after.status) in leads_to(step, Status(before.status))
