"""Decides what each row of a roster would do: add somebody, move somebody, or nothing, beside the people who are there.

The same roster again adds nobody: a row whose person, role and area are on record changes nothing. Who is meant by a
name is never guessed across villages: then the row has to say the user name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from server.grid.domain.file_rows import Fault, SheetRow
from server.instants import Instant
from server.people.domain.actors import Duty
from server.people.domain.people import Body, Person
from server.staffing.domain import roster_rows
from server.staffing.domain.roster_rows import Grid, Wanted, fault


class Kind(StrEnum):
    """What a row does."""

    NEW = "new"
    MOVED = "moved"
    SAME = "same"


class Step(NamedTuple):
    """What one good row does. person: whom it is about, None for somebody new. held: the duty that ends."""

    kind: Kind
    wanted: Wanted
    person: Person | None = None
    held: Duty | None = None


class Plan(NamedTuple):
    """What a roster does: steps in the order of its rows, and every fault of the others."""

    steps: tuple[Step, ...]
    faults: tuple[Fault, ...]

    def of(self, kind: Kind) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.kind is kind)


class Known(NamedTuple):
    """What is there. people: whom the importer sees, by name; taken: names in lower case, of others too.

    bodies: as they stand now, by code. refusal_of: why the importer may not fill this row, and the cure; None when they
    may. may_move: whether they may end what somebody holds.
    """

    people: Mapping[str, Person]
    taken: Callable[[str], bool]
    bodies: Mapping[str, Body]
    refusal_of: Callable[[Wanted], tuple[str, str] | None]
    may_move: Callable[[Person], bool]


def plan(rows: Iterable[SheetRow], grid: Grid, known: Known, now: Instant) -> Plan:
    """Return what ``rows`` do."""
    faults: list[Fault] = []
    planner = _Planner(known, now)
    steps = []
    for row in rows:
        wanted = roster_rows.wanted(row, grid, now, faults)
        step = None if wanted is None else planner.step(wanted, faults)
        if step is not None:
            steps.append(step)
    return Plan(tuple(steps), tuple(sorted(faults, key=lambda each: each.line)))


class _Planner:
    """Looks at one row after the other, and remembers what rows before it asked for."""

    def __init__(self, known: Known, now: Instant) -> None:
        self._known = known
        self._now = now
        self._namesakes: dict[str, list[Person]] = {}
        for person in known.people.values():
            if person.revoked_at is None:
                self._namesakes.setdefault(person.display, []).append(person)
        self._by_lower = {name.lower(): person for name, person in known.people.items()}
        self._names: dict[str, int] = {}
        self._asked: dict[tuple[str, str], Wanted] = {}

    def step(self, wanted: Wanted, faults: list[Fault]) -> Step | None:
        """Return what a row does; None with its fault in ``faults``."""
        found = self._fault_of(wanted) or self._person_of(wanted)
        if isinstance(found, Fault):
            faults.append(found)
            return None
        self._remember(wanted)
        return found

    def _fault_of(self, wanted: Wanted) -> Fault | None:
        if wanted.body is not None and wanted.body not in self._known.bodies:
            return fault(wanted.row, "body", "没有这个代码的责任主体", "核对代码，或空着")
        refusal = self._known.refusal_of(wanted)
        if refusal is not None:
            return fault(wanted.row, "role", *refusal)
        if wanted.name and wanted.name.lower() in self._names:
            reason = f"第{self._names[wanted.name.lower()]}行已用这个用户名"
            return fault(wanted.row, "name", reason, "换一个，或空着由系统编；一个人的第二个岗位请在“人员”里加")
        before = self._asked.get((wanted.display, _village(wanted.area.path)))
        if before is not None and not wanted.name:
            reason = f"第{before.row.line}行也是这个村的“{wanted.display}”"
            return fault(wanted.row, "display", reason, "同一个人只留一行；不是同一个人，在“用户名”栏各填一个")
        return None

    def _person_of(self, wanted: Wanted) -> Step | Fault:
        if wanted.name:
            return self._named(wanted)
        namesakes = self._namesakes.get(wanted.display, [])
        for person in namesakes:
            if any(self._is_same(duty, wanted) for duty in person.duties):
                return Step(Kind.SAME, wanted, person)
        if not namesakes:
            return Step(Kind.NEW, wanted)
        near = [person for person in namesakes if self._is_near(person, wanted)]
        if len(near) == 1 == len(namesakes):
            return self._moved(wanted, near[0])
        names = "、".join(person.name for person in namesakes[:3])
        cure = f"是同一个人，在“用户名”栏填 {names}；不是，填一个新的用户名"
        return fault(wanted.row, "display", f"已有{len(namesakes)}个“{wanted.display}”（{names}）", cure)

    def _named(self, wanted: Wanted) -> Step | Fault:
        person = self._by_lower.get(wanted.name.lower())
        if person is None:
            if self._known.taken(wanted.name):
                return fault(wanted.row, "name", "这个用户名已有人用", "换一个，或空着由系统编")
            return Step(Kind.NEW, wanted)
        if person.display != wanted.display:
            reason = f"已有人用，且不是同一个人（{person.display}）"
            return fault(wanted.row, "name", reason, "换一个，或空着由系统编")
        if person.revoked_at is not None:
            return fault(wanted.row, "name", "这个账号已停用", "换一个用户名，或空着由系统编")
        if any(self._is_same(duty, wanted) for duty in person.duties):
            return Step(Kind.SAME, wanted, person)
        return self._moved(wanted, person)

    def _moved(self, wanted: Wanted, person: Person) -> Step | Fault:
        """Return the step by which somebody changes their post; whoever holds several is moved by hand."""
        held = [duty for duty in person.duties if duty.ends_at > self._now and duty.starts_at < duty.ends_at]
        if not self._known.may_move(person):
            return fault(wanted.row, "display", f"“{person.name}”另有您不能任免的岗位", "请县级管理员办理")
        if len(held) > 1:
            return fault(wanted.row, "display", f"“{person.name}”现有{len(held)}个岗位", "请在“人员”里调动")
        return Step(Kind.MOVED, wanted, person, held[0] if held else None)

    def _is_same(self, duty: Duty, wanted: Wanted) -> bool:
        asked = (wanted.role.role, wanted.area.code, wanted.body)
        return duty.ends_at > self._now and (duty.role, duty.area, duty.body) == asked

    def _is_near(self, person: Person, wanted: Wanted) -> bool:
        village = _village(wanted.area.path)
        return any(_village(duty.place.path) == village for duty in person.duties if duty.ends_at > self._now)

    def _remember(self, wanted: Wanted) -> None:
        if wanted.name:
            self._names[wanted.name.lower()] = wanted.row.line
        self._asked[wanted.display, _village(wanted.area.path)] = wanted


def _village(path: str) -> str:
    return "/".join(path.split("/")[:3])
