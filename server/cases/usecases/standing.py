"""Looks up how people stand to a case: at which level they decide, who has it, and of which body."""

from __future__ import annotations

from collections.abc import Mapping

from server.cases.domain.acts import Act
from server.db.transactions import Reading
from server.people.domain import roles
from server.people.domain.actors import Actor
from server.people.store import bodies, people
from server.records.domain.records import Record


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


def body_kinds(reading: Reading, record: Record) -> Mapping[str, str]:
    """Return the kind of each body that handles or has handled a case, by mark."""
    marks = () if record.case is None else (*record.case.marks, *record.case.processed_by)
    named = dict.fromkeys(mark for mark in marks if mark.startswith("body:"))
    found = ((mark, bodies.find(reading, mark.removeprefix("body:"))) for mark in named)
    return {mark: "" if body is None else body.kind for mark, body in found}
