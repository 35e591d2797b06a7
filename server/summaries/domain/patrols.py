"""Count the premises that patrols inspected (检查N家), each place once in a period."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from server.instants import Instant

TYPE, PREMISES, PLACE = "patrols", "premises_count", "place"
"""The record type of patrols, and its fields with how many premises were inspected, and where."""

_DIGITS_MAX = 9
"""More premises than any patrol inspects; longer numbers would not fit a column."""


class Patrol(NamedTuple):
    """A patrol as it counts. path: of its area. place: where it was, as ``place_key`` has it; premises: inspected."""

    id: str
    received_at: Instant
    path: str
    place: str
    premises: int


def premises_in(fields: Mapping[str, str]) -> int:
    """Return how many premises a patrol inspected; 0 where the field is empty or no whole number."""
    text = fields.get(PREMISES) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX else 0


def place_key(fields: Mapping[str, str]) -> str:
    """Return where a patrol was without blanks, signs, and differences of width and case; empty where it tells none."""
    text = unicodedata.normalize("NFKC", fields.get(PLACE) or "").casefold()
    return "".join(character for character in text if character.isalnum())


def counted(patrols: Iterable[Patrol]) -> list[Patrol]:
    """Return the patrols that count in a period, in the order in which they were received.

    patrols: all of the period. Of those to one place in one area only the one that inspected most counts, the first
    of equals: who comes again sees the same premises. A patrol that tells no place counts by itself.
    """
    most: dict[tuple[str, str, str], Patrol] = {}
    for patrol in sorted(patrols, key=_in_order):
        key = (patrol.path, patrol.place, "" if patrol.place else patrol.id)
        if patrol.premises > (most[key].premises if key in most else 0):
            most[key] = patrol
    return sorted(most.values(), key=_in_order)


def _in_order(patrol: Patrol) -> tuple[Instant, str]:
    return patrol.received_at, patrol.id
