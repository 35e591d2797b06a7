"""Remembers what was found about rows of lists: an officer's list shows the same rows again and again.

All of it depends on what rows hold and on the configuration, with which it is forgotten.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple, TypeVar

import orjson

from server import instants
from server.db.transactions import Reading
from server.people.domain.actors import Actor

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")

Deciding = tuple[str, str, str, str | None]
"""What decides whether somebody is shown a row whole: its type, area, author and assignee."""

_KEPT = 2_000
"""How many of a kind a process remembers; then it forgets all of them."""


class MaskedRows(NamedTuple):
    """What is remembered of rows, by what they hold.

    rows: label and fields as they are masked, by type, label and fields. names: whether something stands in a personal
    field, by id and version.
    """

    rows: dict[tuple[str, str, str], tuple[str, orjson.Fragment]]
    names: dict[tuple[str, int], bool]


def masked_rows(reading: Reading) -> MaskedRows:
    """Return what is remembered of rows, whoever reads them; entries are added by ``keep``."""
    return reading.cached("masked rows", lambda _: MaskedRows({}, {}))


def hidden_rows(reading: Reading, by: Actor, vacant: frozenset[str]) -> dict[Deciding, bool]:
    """Return which rows are known to be hidden from somebody, or not, by the duties that they have today.

    vacant: villages in which ``by`` stands in for an officer.
    """
    known: dict[Hashable, dict[Deciding, bool]] = reading.cached(("hidden rows", by.name), lambda _: {})
    basis = (by.current, instants.local_day(by.at), vacant)
    found = known.get(basis)
    if found is None:
        known.clear()
        found = known[basis] = {}
    return found


def keep(known: dict[_K, _V], key: _K, value: _V) -> None:
    """Remember one thing more; all others are forgotten once there are too many."""
    if len(known) >= _KEPT:
        known.clear()
    known[key] = value
