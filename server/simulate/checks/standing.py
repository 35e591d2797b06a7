"""Which values of a field must stand, told without the code that merges, and without the order in which they came.

A value stands when its author's hand has written no later one, and nobody has replaced it who saw it: it was the value
they saw, in a version that they held. Of a field of which only the last observation counts, whoever held the version
has seen it. The members of a merge group are one value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from server.db.sql import Row
from sync.registers import Register

Value = tuple[str, ...]
"""The values of all members of a group; of an ordinary field one."""


class Write(NamedTuple):
    """One value that came in. seen: what its author was shown. base: version that they held."""

    origin: str
    seq: int
    seen: Value
    value: Value
    base: int | None
    version: int
    observed_at: str


def writes(history: Iterable[Row], members: Sequence[str]) -> list[Write] | None:
    """Return what came in of a field, or of the members of a group; None where a write names only some of them."""
    found = []
    for each in history:
        received = json.loads(each["received"])
        named = [name for name in members if name in received]
        seen = tuple(received[name][0] or "" for name in named)
        new = tuple(received[name][1] for name in named)
        if seen == new:
            continue  # nobody touched it
        if len(named) < len(members):
            return None
        dot = (each["origin"], each["origin_seq"])
        found.append(Write(*dot, seen, new, each["base_version"], each["version"], each["observed_at"]))
    return found


def standing(came: Sequence[Write], *, is_latest: bool = False) -> list[Write]:
    """Return the writes whose value stands. is_latest: only the last observation counts."""
    newest: dict[str, int] = {}
    for each in came:
        newest[each.origin] = max(each.seq, newest.get(each.origin, 0))
    return [
        each
        for each in came
        if each.seq == newest[each.origin] and not any(_replaces(other, each, is_latest=is_latest) for other in came)
    ]


def shown(stands: Iterable[Write]) -> Value:
    """Return the value that is shown of those that stand: the one that was observed last."""
    return max(stands, key=lambda each: (each.observed_at, each.origin, each.seq)).value


def heads(registers: Mapping[str, Register], members: Sequence[str]) -> set[tuple[str, Value]]:
    """Return origin and value of what stands at the server: of a group, what each origin has of all its members."""
    of_origin: dict[str, dict[str, str]] = {}
    for name in members:
        for head in registers[name].heads if name in registers else ():
            of_origin.setdefault(head.origin, {})[name] = head.value
    return {(origin, tuple(own.get(name, "?") for name in members)) for origin, own in of_origin.items()}


def _replaces(other: Write, each: Write, *, is_latest: bool) -> bool:
    held = other.base is None or each.version <= other.base
    return other.origin != each.origin and held and (is_latest or other.seen == each.value)
