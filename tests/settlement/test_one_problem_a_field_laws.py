"""However values come in, are chosen and chosen back: a field in conflict is asked about once, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync import registers
from tests.county import County
from tests.desks import Desk
from tests.field_clients import Client
from tests.filled_forms import a_station, new_uuid
from tests.laws import examples
from tests.valley import UNIT, a_valley

FIELDS = ("head", "level")
SEEN = {"head": "甲", "level": "1"}

steps = st.lists(
    st.tuples(
        st.sampled_from(["write", "write two", "choose", "choose one", "undo", "agree"]),
        st.integers(0, 5),
        st.integers(0, 9),
    ),
    min_size=4,
    max_size=16,
)


class Office:
    """A station that phones write to from its first version, and the officer who settles what comes of it."""

    def __init__(self, valley: County) -> None:
        self.valley, self.officer, self.station = valley, Desk(valley, "officer"), new_uuid()
        self.listed: set[tuple[str, str, str]] = set()
        valley.phone("worker").send(a_station(self.station, area=UNIT, level="1", lack="水带"))
        self.number = 0

    def happen(self, step: str, one: int, other: int) -> None:
        record = self.valley.record(self.station)
        if step in ("write", "write two"):
            names = FIELDS if step == "write two" else FIELDS[one % 2 :][:1]
            self._write({name: (SEEN[name], self._value(other)) for name in names}, base=1)
        elif step == "agree" and record.conflicts:
            name = record.conflicts[one % len(record.conflicts)]
            for value in sorted(registers.values(registers.from_json(record.registers)[name])):
                self._write({name: (value, self._value(other))}, base=record.version)
        elif step in ("choose", "choose one"):
            self._choose(one, other, only_one=step == "choose one")
        elif step == "undo":
            undoable = [each for each in self.problems() if "undo" in self._in_full(each)["ways"]]
            if undoable:
                problem = undoable[one % len(undoable)]["id"]
                status = self.officer.post(f"/problems/{problem}/settlement", {"how": "undo", "reason": f"第{other}次"})
                assert status.status_code in (200, 409), status.text

    def problems(self) -> list[dict[str, Any]]:
        return self.officer.open(settled="any", kind="conflict")

    def check(self) -> None:
        record = self.valley.record(self.station)
        by_field = registers.from_json(record.registers)
        open_ones = [each for each in self.problems() if each["settled_at"] is None]
        asked = sorted(name for each in open_ones for name in each["detail"]["fields"] if name in record.conflicts)
        assert asked == sorted(record.conflicts)
        listed = {
            (name, value["origin"], value["value"])
            for each in self.problems()
            for name, values in each["detail"]["fields"].items()
            for value in values
        }
        assert self.listed <= listed
        self.listed = listed
        for each in open_ones:
            assert not set(record.conflicts).isdisjoint(each["detail"]["fields"])
            for name in set(record.conflicts) & each["detail"]["fields"].keys():
                told = {(value["origin"], value["value"]) for value in each["detail"]["fields"][name]}
                assert {(head.origin, head.value) for head in by_field[name].heads} <= told

    def _choose(self, one: int, other: int, *, only_one: bool) -> None:
        record = self.valley.record(self.station)
        open_ones = self.officer.open(kind="conflict")
        if not open_ones:
            return
        problem = open_ones[one % len(open_ones)]
        names = sorted(set(record.conflicts) & problem["detail"]["fields"].keys() & set(FIELDS))[: 1 if only_one else 9]
        choices = {name: {"value": self._value(other)} for name in names}
        self.officer.settle(problem["id"], "choose", choices=choices, reason=f"第{record.version}版")

    def _write(self, fields: dict[str, tuple[str, str]], *, base: int) -> None:
        self.number += 1
        client = Client(self.valley, "worker", device=f"机{self.number}")
        [outcome] = client.push(client.change(self.station, "edit", fields=fields, base_version=base))
        assert outcome["verdict"] in ("applied", "merged")

    def _value(self, pick: int) -> str:
        return str(pick % 3 + 1)

    def _in_full(self, problem: dict[str, Any]) -> dict[str, Any]:
        return self.officer.get(f"/problems/{problem['id']}")


def played(story: Iterable[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as folder, a_valley(Path(folder) / "data") as valley:
        office = Office(valley)
        for step in story:
            office.happen(*step)
            office.check()


@given(steps)
@settings(max_examples=examples(30))
def test_each_field_in_conflict_has_one_open_problem_that_lists_all_its_values(story):
    played(story)


def test_taking_a_choice_back_leaves_one_problem_though_another_value_has_come_since():
    played([("write", 0, 0), ("write", 0, 1), ("choose", 0, 2), ("write", 0, 0), ("undo", 0, 1), ("choose", 0, 1)])


def test_a_field_that_is_written_once_more_after_it_was_settled_stays_with_its_open_problem():
    played([("write two", 0, 0), ("write two", 0, 1), ("choose one", 0, 2), ("write", 0, 0), ("undo", 0, 1)])
