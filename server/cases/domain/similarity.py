"""Finds reports that may be about one hazard, so that an officer is asked before two cases run (``domain.md`` 2.5)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import timedelta

from server.cases.domain.acts import Act, ActContext
from server.records.domain import positions, premises
from server.records.domain.records import Record
from server.records.domain.status import ENDED, Status

ITEM, PLACE, GEOMETRY = "item", "place", "geometry"
"""Fields of a hazard that say what it is and where."""

NEAR_M = 50.0
"""How far apart two reports of one hazard may lie, in metres."""

WITHIN = timedelta(days=30)
"""How far apart in time they may lie."""


def are_alike(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Say whether two reports of one village may be about the same: the same item, at one place or within 50 m.

    one, other: fields of the records. Only a suggestion: the officer decides.
    """
    if not one.get(ITEM) or one.get(ITEM) != other.get(ITEM):
        return False
    if is_same_place(one, other):
        return True
    here, there = positions.read(one.get(GEOMETRY, "")), positions.read(other.get(GEOMETRY, ""))
    return here is not None and there is not None and positions.distance_m(here, there) <= NEAR_M


def is_same_place(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Say whether two reports of one village name one place: the same registered premises, or the same words.

    Words are the same however they were typed. False where one names no place, and where the two name different
    premises, though they may be called alike.
    """
    registered = one.get(premises.FIELD, ""), other.get(premises.FIELD, "")
    if all(registered):
        return registered[0] == registered[1]
    key = place_key(one.get(PLACE, ""))
    return key != "" and key == place_key(other.get(PLACE, ""))


def place_key(place: str) -> str:
    """Return a place as it is compared: without spaces, full-width signs as half-width ones, letters small."""
    return "".join(unicodedata.normalize("NFKC", place).casefold().split())


def into_open(record: Record, act: Act, context: ActContext) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the case that ``into`` names: it is this one, is unknown, or has ended."""
    if act["into"] == record.id:
        yield "into", "不能并入自己，请选另一件"
    elif act["into"] and (context.into is None or context.into.type != record.type):
        yield "into", "没有这个主案件，或它不在您的管辖范围内；请核对主案件的记录编号"
    elif context.into is not None and context.into.status in ENDED:
        yield "into", "选的主案件已经结束，不能再并入；请另选一件"


def into_alike(record: Record, act: Act, context: ActContext) -> Iterator[tuple[str, str]]:
    """Yield why a case that counts, or has been left too long, is not merged: it goes into no rate any more then."""
    into = context.into
    is_late = record.due_at is not None and record.due_at <= act.at
    if into is None or context.merges_unlike or not (record.status == Status.REGISTERED or is_late):
        return
    is_near = record.path.split("/")[:3] == into.path.split("/")[:3]
    if not is_near or not are_alike(record.fields, into.fields):
        yield "into", "已立项或已超期的，只能并入同一隐患、同一地点（或相距50米内）的案件；确是同一件的，请由上一级并案"
