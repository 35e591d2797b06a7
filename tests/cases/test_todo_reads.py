"""What decides ``todo`` is declared: rows that are told apart by less would give somebody a stale ``todo``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from inspect import isfunction
from itertools import product
from typing import Any

import pytest

from server.cases.domain import circumstances, workflow
from server.cases.domain.acts import Act, ActContext
from server.cases.domain.right_conditions import CONDITIONS
from server.cases.usecases import authorization, todo_column
from server.cases.usecases.todo_column import OFFERED, TodoOfCaller
from server.errors import IllegalStep
from server.forms.domain.record_types import Kind
from server.people.domain.rights import limits_of
from server.people.store import people
from server.records.domain.case import Case
from server.records.domain.case_facts import CaseFacts
from server.records.domain.records import Record
from server.records.domain.status import Status
from server.records.store import columns
from server.records.store.columns import Projection
from tests.case_land import NAMES

AT = "2026-12-01T00:00:00.000Z"
MARKS = ("user:worker", "user:officer", "body:shop", "body:committee")
VILLAGE = "130630/100/201"
NOBODY_THERE = frozenset({VILLAGE})


class Watched:
    """Stands for a record, its case or the context, and notes what is read of it; methods and properties as well."""

    def __init__(self, watched: Any, name: str, reads: set[str]) -> None:
        self._watched, self._name, self._reads = watched, name, reads

    def __getattr__(self, name: str) -> Any:
        made = getattr(type(self._watched), name, None)
        if isinstance(made, property):
            return made.fget(self)
        if isfunction(made):
            return partial(made, self)
        value = getattr(self._watched, name)
        if name == "case":  # whether there is one is told apart by itself
            return None if value is None else Watched(value, "case", self._reads)
        self._reads.add(f"{self._name}.{name}")
        return value


def a_case(status: Status, **more: Any) -> Case:
    return Case(CaseFacts("c", VILLAGE, "gas", AT, status), **more)


def a_record(status: Status, author: str, case: Case | None) -> Record:
    lead = None if case is None or case.lead is None else case.lead.mark
    return Record(
        id="c", type="hazards", kind=Kind.CASE, area="130630100201", path=VILLAGE, label="", version=1, seq=1,
        born_seq=1, author=author, fields={}, registers="", created_at=AT, updated_at=AT, status=status,
        stage="collect", assignee=lead,
        closed_at="2026-05-15T00:00:00.000Z" if status is Status.CLOSED else None, case=case,
    )  # fmt: skip


def some_records() -> Iterator[Record]:
    for status, author, mark in product(Status, ("worker", "officer"), (None, *MARKS)):
        for hands, major in product(((), ("worker",), ("officer",)), (False, True)):
            case = a_case(status, processed_by=hands, major=major)
            yield a_record(status, author, case if mark is None else case.assign_to(mark, ("user:neighbour",), AT))
        yield a_record(status, author, a_case(status, recheck_due_at=AT))
        yield a_record(status, author, None)


SOME_RECORDS = list(some_records())
CONTEXTS = [
    ActContext(handles=handles, own_body_kinds=frozenset(kinds), has_account=account, handler_level=level)
    for handles, kinds, account, level in product(
        (False, True), ((), ("village_committee",), ("department",)), (False, True), ("", "village")
    )
]
RULES = {f"limit {name}": (each.refusal, each.reads) for name, each in CONDITIONS.items()} | {
    f"guard {name}": (each.require, each.reads) for name, each in circumstances.CIRCUMSTANCES.items()
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_reads_nothing_but_what_it_declares(name):
    rule, declared = RULES[name]
    reads: set[str] = set()

    for record, context in product(SOME_RECORDS, CONTEXTS[::3]):
        try:
            rule(Watched(record, "record", reads), Act("close", {}, "worker", AT), Watched(context, "context", reads))
        except IllegalStep:
            continue

    assert reads == set(declared)


def test_every_limit_of_a_right_to_act_on_a_case_is_a_condition():
    assert {limit for action in workflow.STEP_OF for limit in limits_of("case", action)} <= set(CONDITIONS)


def test_what_is_read_of_a_record_to_offer_a_word_tells_rows_apart(land):
    reads: set[str] = set()
    actions = [action for actions in OFFERED.values() for action in actions]

    def work(tx):
        callers = [people.actor(tx, name) for name in NAMES]
        for by, record, action in product(callers, SOME_RECORDS[::17], actions):
            authorization.allowed(tx, Watched(record, "record", reads), action, by, NOBODY_THERE)

    land.valley.store.write(work)

    assert reads <= todo_column._READS


def test_what_decides_todo_is_among_the_columns_read_for_it():
    read = {name.removeprefix("record.") for name in todo_column._READS if name.startswith("record.")}

    assert read <= set(columns.select(Projection.TODO).split(", "))
    assert {name.removeprefix("case.") for name in todo_column._READS if name.startswith("case.")} <= {
        each.name for each in fields(Case)
    }


def test_a_row_has_the_todo_that_it_would_have_without_the_rows_before_it(land):
    stored = columns.storing(columns.select(Projection.TODO).split(", "))
    rows = [stored(record) for record in SOME_RECORDS[::23]]

    def work(tx):
        for name in NAMES:
            by = people.actor(tx, name)
            together = TodoOfCaller(tx, by, NOBODY_THERE)
            apart = [TodoOfCaller(tx, by, NOBODY_THERE).todo(row) for row in rows]
            assert [together.todo(row) for row in rows] == apart, name

    land.valley.store.write(work)


def test_an_act_may_be_taken_on_a_row_whatever_rows_were_judged_before_it(land):
    stored = columns.storing(columns.select(Projection.TODO).split(", "))
    rows = [stored(record) for record in SOME_RECORDS[::293]]
    acts = [action for action in workflow.ACTIONS if action not in workflow.BY_SERVER]

    def work(tx):
        for name in NAMES:
            by = people.actor(tx, name)
            together = TodoOfCaller(tx, by, NOBODY_THERE)
            for row, act in product(rows, acts):
                apart = TodoOfCaller(tx, by, NOBODY_THERE).may_take(row, (act,))
                assert together.may_take(row, (act,)) == apart, (name, act)

    land.valley.store.write(work)
