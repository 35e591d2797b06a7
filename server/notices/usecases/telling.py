"""Tells people of an act on a case, in the transaction of the act."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from server.cases.domain import decisions, workflow
from server.cases.store import calendars
from server.db.transactions import Transaction
from server.notices.domain import kinds
from server.notices.domain.kinds import Recipients
from server.notices.store import notices
from server.people.domain import roles
from server.people.domain.actors import Role
from server.people.domain.rights import holders_of
from server.records.domain.case import Case
from server.records.domain.records import Record
from server.records.domain.status import ENDED


def tell(tx: Transaction, before: Record, after: Record, action: str, author: str) -> None:
    """Tell whom it concerns that ``author`` has taken ``action`` on a case; what the author was told of it is read.

    before, after: the case before and after it. Nobody is told of what they did themselves, nor who has no duty now.
    Who does not have the case any more need not read what they were told to do about it.
    """
    notices.mark_case_read(tx, author, after.id)
    if after.status in ENDED and before.status not in ENDED:
        notices.mark_work_read(tx, after.id)
    lost = _no_longer_handling(tx, before, after)
    if lost:
        notices.mark_read_for(tx, after.id, lost, kinds.OF_HANDLERS)
    told: dict[tuple[str, str], None] = {}
    for rule in kinds.rules_of(action, after.status or "", tx.now):
        names = _FINDS[rule.recipients](tx, before, after, action)
        told |= dict.fromkeys((name, rule.kind) for name in names if name != author)
    for name, kind in told:
        notices.put(tx, name, kind, record=after.id, action=action, version=after.version)


def _handlers(tx: Transaction, before: Record, after: Record, action: str) -> list[str]:
    return _people(tx, () if after.case is None else after.case.marks)


def _new_handlers(tx: Transaction, before: Record, after: Record, action: str) -> list[str]:
    had = frozenset() if before.case is None else frozenset(before.case.marks)
    return _people(tx, () if after.case is None else (mark for mark in after.case.marks if mark not in had))


def _no_longer_handling(tx: Transaction, before: Record, after: Record) -> list[str]:
    had = frozenset() if before.case is None else frozenset(before.case.marks)
    has = frozenset() if after.case is None else frozenset(after.case.marks)
    if had <= has:
        return []
    still = set(_people(tx, has))
    return [name for name in _people(tx, sorted(had - has)) if name not in still]


def _people(tx: Transaction, marks: Iterable[str]) -> list[str]:
    """Return the user names behind marks of handlers: a person, or everybody who acts for a body."""
    found: list[str] = []
    for mark in marks:
        kind, _, name = mark.partition(":")
        found += notices.in_use(tx, [name]) if kind == "user" else notices.acting_for(tx, name)
    return found


def _dispatchers(tx: Transaction, before: Record, after: Record, action: str) -> list[str]:
    """Return who gave the case out; where none of them has a duty any more, those who may do so instead."""
    gave = notices.in_use(tx, () if after.case is None else after.case.dispatchers)
    return gave or _lowest(tx, after.path, (Role.VILLAGE_OFFICER, Role.TOWN_STATION, Role.BRIGADE))


def _asker(tx: Transaction, before: Record, after: Record, action: str) -> list[str]:
    asked = () if before.case is None else before.case.requests
    return notices.in_use(tx, [each.author for each in asked if each.action == workflow.DECIDES.get(action)])


def _reporter(tx: Transaction, before: Record, after: Record, action: str) -> list[str]:
    return notices.in_use(tx, [after.author])


def _town(tx: Transaction, before: Record, after: Record, action: str) -> list[str]:
    return _lowest(tx, after.path, (Role.TOWN_STATION, Role.BRIGADE))


def _deciders(tx: Transaction, before: Record, after: Record, action: str) -> list[str]:
    """Return who decides above the levels that the open requests wait for; a vacant post is passed over."""
    found: list[str] = []
    for kind, level in _waited_for(tx, after.case):
        deciding = [(roles.level([role], tx.now), role) for role in holders_of("case", kind.grant, tx.now)]
        higher = [(each, role) for each, role in deciding if each.rank > level.rank]
        higher = higher or [(each, role) for each, role in deciding if each.rank == level.rank]
        found += _lowest(tx, after.path, [role for _, role in sorted(higher, key=lambda each: each[0].rank)])
    return found


def _waited_for(tx: Transaction, case: Case | None) -> list[tuple[decisions.Kind, roles.DecisionLevel]]:
    """Return the kinds of the open requests that should have been decided by now, each with the level it waits for."""
    return [
        (each.kind, each.level)
        for each in (() if case is None else decisions.waits_of(case, calendars.calendar(tx), tx.now))
        if each.decide_by <= tx.now
    ]


def _lowest(tx: Transaction, path: str, wanted: Iterable[Role]) -> list[str]:
    """Return those on duty for a place in the first of some roles in which there is anybody."""
    return next((names for role in wanted if (names := notices.on_duty_above(tx, path, [role]))), [])


_FINDS: Mapping[Recipients, Callable[[Transaction, Record, Record, str], list[str]]] = {
    Recipients.HANDLERS: _handlers,
    Recipients.NEW_HANDLERS: _new_handlers,
    Recipients.DISPATCHERS: _dispatchers,
    Recipients.ASKER: _asker,
    Recipients.REPORTER: _reporter,
    Recipients.TOWN: _town,
    Recipients.DECIDERS: _deciders,
}
