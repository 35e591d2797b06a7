"""What a request is decided by and until when, and what granting it would do; a new kind is a line of ``KINDS``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from server import instants
from server.cases.domain import deadlines, workflow
from server.cases.domain.calendars import Calendar
from server.cases.domain.deadlines import Clock
from server.cases.domain.later_limits import EXTENSIONS_MAX
from server.instants import Instant
from server.people.domain import roles
from server.people.domain.rights import holders_of
from server.people.domain.roles import DecisionLevel
from server.records.domain.case import JOINT_MEETING_AFTER, Case, Request
from sync.values import frozen


class Kind(NamedTuple):
    """A kind of request: the act that asks, those that grant and decline it, and what it is called."""

    name: str
    ask: str
    grant: str
    decline: str
    label: str


KINDS = (
    Kind("return", "ask_return", "return", "decline_return", "退回"),
    Kind("extension", "ask_extension", "extend", "decline_extension", "延期"),
    Kind("suspension", "ask_suspension", "suspend", "decline_suspension", "挂账"),
    Kind("transfer", "ask_transfer", "transfer", "decline_transfer", "移交"),
    Kind("void", "ask_void", "void", "decline_void", "作废"),
    Kind("major", "ask_major", "mark_major", "decline_major", "重大认定"),
)
BY_NAME = {kind.name: kind for kind in KINDS}
BY_ACTION = {action: kind for kind in KINDS for action in (kind.ask, kind.grant, kind.decline)}
ASKING = frozenset(kind.ask for kind in KINDS)
GRANTING = frozenset(kind.grant for kind in KINDS)
DECIDING = frozenset({*GRANTING, *workflow.DECLINES})


@frozen
class Asked:
    """A request as its revision keeps it. inputs: ``reason``, ``until``, ``safeguard``, ``note``, as far as given."""

    record: str
    action: str
    author: str
    at: Instant
    inputs: Mapping[str, str]


@frozen
class Decided:
    """A decision. due: the running limit before and after it, where it moved. asked: None where nobody had asked."""

    record: str
    seq: int
    action: str
    author: str
    at: Instant
    inputs: Mapping[str, str]
    due: tuple[Instant | None, Instant | None]
    asked: Asked | None

    @property
    def kind(self) -> Kind:
        return BY_ACTION[self.action]

    @property
    def is_granted(self) -> bool:
        return self.action in GRANTING


@frozen
class Consequence:
    """What granting a request does. until: the new last day, empty for none asked for. due_on: the one that runs now.

    days: by how many the limit moves. times: how often this has been granted, this time included; most: how often it
    may be, None for no such limit.
    """

    due_on: str
    until: str
    days: int | None
    times: int | None
    most: int | None


def with_requests(history: Iterable[Asked | Decided]) -> dict[int, Decided]:
    """Return decisions by seq, each with the request that it answered: the newest of its kind not decided before.

    history: requests and decisions, those of one case in their order.
    """
    pending: dict[tuple[str, str], Asked] = {}
    found: dict[int, Decided] = {}
    for each in history:
        if isinstance(each, Asked):
            pending[each.record, each.action] = each
        else:
            found[each.seq] = replace(each, asked=pending.pop((each.record, each.kind.ask), None))
    return found


def consequence(kind: Kind, case: Case, due_at: Instant | None, until: str) -> Consequence:
    """Return what granting does to a case. due_at: its running limit. until: the day asked for, empty for none."""
    due_on = "" if due_at is None else instants.last_day(due_at)
    if kind.name == "extension":
        moved = (_day(until) - _day(due_on)).days if until and due_on else None
        return Consequence(due_on, until, moved, case.facts.extended + 1, EXTENSIONS_MAX)
    if kind.name == "return":
        return Consequence(due_on, "", None, case.returns + 1, JOINT_MEETING_AFTER)
    return Consequence(due_on, until, None, None, None)


def decider(kind: Kind, request: Request, case: Case, at: Instant) -> DecisionLevel:
    """Return the level that a request waits for: the lowest above whoever asked that may grant it.

    at: when rights are looked at. Any higher level may decide as well, so that a vacant post stalls nothing. More time
    for a major hazard waits for the brigade.
    """
    asked = DecisionLevel(request.level or DecisionLevel.UNIT)
    if kind.name == "extension" and case.major:
        asked = max(asked, DecisionLevel.TOWN, key=_rank)
    levels = sorted({roles.level([role], at) for role in holders_of("case", kind.grant, at)}, key=_rank)
    return next((level for level in levels if level.rank > asked.rank), levels[-1])


def decide_by(level: DecisionLevel, request: Request, calendar: Calendar) -> Instant:
    """Return the instant by which ``level`` is to have decided a request; silence decides nothing."""
    return deadlines.due_at(Clock.DECIDE, request.at, calendar, level)


class Wait(NamedTuple):
    """An open request as it waits. level: that is to decide it; decide_by: until when."""

    kind: Kind
    level: DecisionLevel
    decide_by: Instant


def waits_of(case: Case, calendar: Calendar, at: Instant) -> list[Wait]:
    """Return how the open requests on a case wait. calendar: the county's. at: when rights are looked at."""
    levels = [(each, BY_ACTION[each.action], decider(BY_ACTION[each.action], each, case, at)) for each in case.requests]
    return [Wait(kind, level, decide_by(level, each, calendar)) for each, kind, level in levels]


def _rank(level: DecisionLevel) -> int:
    return level.rank


def granted_with(kind: Kind, inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the inputs of the act that grants a request as it was asked for; what was not said is left out."""
    step = workflow.STEP_OF[kind.grant]
    said = {**inputs, "due_on": inputs.get("until", ""), "plan_due": inputs.get("until", "")}
    return {
        name: said[name]
        for name in (*step.needs, "safeguard", "milestones", *workflow.FIVE_DUTIES)
        if name in {*step.needs, *step.takes} and said.get(name)
    }


def least_granted(kind: Kind, due_at: Instant | None, inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the inputs of granting the least that can be granted: of an extension, one day more than runs now."""
    if kind.name != "extension" or due_at is None:
        return dict(inputs)
    later = _day(instants.last_day(due_at)) + timedelta(days=1)
    return {**inputs, "due_on": later.isoformat()}


def _day(text: str) -> date:
    return date.fromisoformat(text)
