"""Looks up how people stand to a case (level, handler, body), and how cases stand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from server.cases.domain import assignable, guards, similarity
from server.cases.domain.acts import Act, ActContext, MergeTarget, Merging, Party
from server.db.transactions import Reading, Transaction
from server.forms.domain.record_types import Kind
from server.grid.domain.areas import path_of
from server.people.domain import rights, roles
from server.people.domain.actors import Actor
from server.people.domain.rights import Grant, Mark
from server.people.domain.roles import DecisionLevel
from server.people.store import bodies, people
from server.records.domain import relation
from server.records.domain.case_steps import UNREGISTERED
from server.records.domain.records import Record
from server.records.domain.relation import Relation
from server.records.domain.status import Status
from server.records.store import records, revisions


def may_be_given(reading: Reading, mark: str, by: Actor) -> bool:
    """Say whether an assignee mark names somebody to whom ``by`` might give a case of their areas.

    By their duties of now or of the last 30 days; no case is looked at.
    """
    taker = party(reading, mark)
    if taker is None:
        return False
    lately = by.with_recent_duties()
    paths = (place.path for duty in lately.current for place in duty.places)
    granted = ((grant, path) for path in paths for grant in rights.grants(lately, "case", "assign", path))
    return any(assignable.party(grant, path, taker) for grant, path in granted if grant.mark is not Mark.PROPOSE)


def party(reading: Reading, mark: str) -> Party | None:
    """Return whom an assignee mark names, None for nobody who can be given work now."""
    kind, _, name = mark.partition(":")
    if kind == "body":
        body = bodies.find(reading, name)
        at = reading.now
        return None if body is None else Party(mark, body.name, at, kind=body.kind, path=path_of(body.area))
    if kind != "user" or not people.exists(reading, name):
        return None
    person = people.actor(reading, name)
    duties = tuple((duty.role, duty.place.path) for duty in person.current)
    return Party(f"user:{person.name}", person.display, reading.now, duties) if duties else None


def level(by: Actor, record: Record) -> str:
    """Return the level at which ``by`` decides where the case lies, by duties of their own; else anywhere."""
    here = {duty.role for duty in by.current if duty.covers(record.path)}
    return roles.level(here or by.roles, by.at)


def has_account(reading: Reading, record: Record) -> bool:
    """Say whether somebody can act for whoever has the case."""
    mark = record.assignee or ""
    return not mark.startswith("body:") or people.acts_for_body(reading, mark.removeprefix("body:"))


_ABOUT_THE_HANDLER = frozenset({"return", "extend", "suspend"})
"""Decisions on what the handler is to do and by when, which no peer of theirs takes."""


def handler_level(reading: Reading, record: Record, act: Act) -> str:
    """Return the level at which whoever has the case decides; empty where no act of a peer could be a decision."""
    kind, _, name = (record.assignee or "").partition(":")
    if act.action not in _ABOUT_THE_HANDLER or kind != "user" or not people.exists(reading, name):
        return ""
    return roles.level(people.actor(reading, name).roles, reading.now)


_AT_INTAKE = (Status.REPORTED, Status.MERGED)
_TAKEN_IN = (Status.REGISTERED, Status.ASSIGNED)


def is_above_registrar(reading: Reading, record: Record, by: Actor) -> bool:
    """Say whether ``by`` decides above whoever took the report in as a case, or is of the brigade, the highest office.

    A report that nobody has taken in is its village's. Who stands in for a vacant post is no level above themselves.
    """
    mine = DecisionLevel(level(by, record))
    took_in = (
        each.author
        for each in revisions.list_of(reading, record.id)
        if "status" in each.diff and each.diff["status"][0] in _AT_INTAKE and each.diff["status"][1] in _TAKEN_IN
    )
    registrar = next(took_in, "")
    theirs = DecisionLevel.VILLAGE
    if registrar and people.exists(reading, registrar):
        theirs = DecisionLevel(level(people.actor(reading, registrar), record))
    return mine.rank > theirs.rank or mine in (DecisionLevel.BRIGADE, DecisionLevel.COUNTY)


def body_kinds(reading: Reading, record: Record) -> Mapping[str, str]:
    """Return the kind of each body that handles or has handled a case, by mark."""
    marks = () if record.case is None else (*record.case.marks, *record.case.processed_by)
    named = dict.fromkeys(mark for mark in marks if mark.startswith("body:"))
    found = ((mark, bodies.find(reading, mark.removeprefix("body:"))) for mark in named)
    return {mark: "" if body is None else body.kind for mark, body in found}


def right_to_extend(
    reading: Reading, record: Record, act: Act, by: Actor, vacant: frozenset[str], context: ActContext
) -> Grant | None:
    """Return the right by which ``by`` may set a later limit than the rule in passing, by another act than ``extend``.

    None where the act names no day, or would move a limit of their own, of their body or of a peer.
    vacant: paths of the villages without an officer that matter. context: what is known of the act.
    """
    marks = {act["assignee"], *act["helpers"].split()}
    if not act["due_on"] or not marks.isdisjoint(by.scope.assignees):
        return None
    given = (context.parties[mark] for mark in marks if mark in context.parties)
    mine = roles.level(by.roles, by.at)
    if any(roles.level((role for role, _ in party.duties), by.at) is mine for party in given):
        return None
    asked = Act("extend", {}, act.author, act.at)
    known = replace(context, handler_level=handler_level(reading, record, asked))
    grants = rights.grants(by, "case", "extend", record.path, vacant=vacant)
    return guards.right_among(grants, record, asked, known)[0]


def heirs(by: Actor, record: Record) -> tuple[str, ...]:
    """Return the paths of the areas of ``by`` into which that of the case was merged: its work is done by theirs."""
    covering = (duty.place for duty in by.current if duty.covers(record.path))
    return tuple(dict.fromkeys(place.path for place in covering if not place.holds(record.path)))


_ASKING = frozenset({"merge", "reject", "withdraw"})
"""Acts for which it matters whether cases that counted were merged into the record."""


def merging_of(tx: Transaction, record: Record, act: Act, by: Actor) -> Merging:
    """Return what merging asks of an act; nothing is looked up for an act that neither merges nor ends a report."""
    if act.action not in _ASKING:
        return Merging()
    holds = any(each.case is not None and each.case.facts.registered_at for each in records.merged_into(tx, record.id))
    if act.action != "merge" or not act["into"]:
        return Merging(holds_cases=holds)
    return Merging(
        into=_merge_target(tx, act["into"], by),
        by_higher_level=is_above_registrar(tx, record, by),
        said=said_when_registered(tx, record),
        holds_cases=holds,
    )


def said_when_registered(reading: Reading, record: Record) -> Mapping[str, str]:
    """Return what a case said of its hazard when it was first taken in; of a report, what it says now."""
    said: dict[str, str] = {name: record.fields.get(name, "") for name in similarity.LIKENESS}
    now_said, at_registration = dict(said), None
    for each in reversed(list(revisions.list_of(reading, record.id))):
        before, now = each.diff.get("status", (None, None))
        if now is not None and now not in UNREGISTERED and (before is None or before in UNREGISTERED):
            at_registration = dict(said)
        said |= {name: each.diff[name][0] or "" for name in similarity.LIKENESS if name in each.diff}
    return now_said if at_registration is None else at_registration


def _merge_target(tx: Transaction, id: str, by: Actor) -> MergeTarget | None:
    found = records.find_for_writing(tx, id)
    if found is None or found.kind is not Kind.CASE or relation.to_record(by, found) is not Relation.NOW:
        return None
    said = said_when_registered(tx, found)
    return MergeTarget(found.id, found.type, found.status or "", found.label, found.path, found.fields, said)
