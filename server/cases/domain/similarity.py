"""Finds reports that may be about one hazard, so that an officer is asked before two cases run (``domain.md`` 2.5)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import timedelta

from server.records.domain import positions, premises

ITEM, PLACE, GEOMETRY = "item", "place", "geometry"
"""Fields of a hazard that say what it is and where."""
LIKENESS = (ITEM, PLACE, GEOMETRY, premises.FIELD)
"""Fields that two reports are compared by."""

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
