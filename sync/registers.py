"""The register of one field: every value that nobody has yet seen and replaced (``sync.md`` section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import orjson


class Head(NamedTuple):
    """A value that no later write has seen and replaced.

    observed_at: UTC as ISO-8601 with milliseconds and ``Z``, of fixed width, so that text order is time order;
        never later than receipt.
    origin, seq: the hand that wrote it and that hand's counter, from 1.
    version: the record version that it made.
    """

    value: str
    observed_at: str
    origin: str
    seq: int
    version: int


class Register(NamedTuple):
    """All heads of one field, at most one for each origin; ``newest`` is the highest counter in of each origin."""

    heads: frozenset[Head]
    newest: Mapping[str, int]


NOTHING = Register(frozenset(), MappingProxyType({}))


def write(register: Register, head: Head, *, seen: str | None, base_version: int | None) -> Register:
    """Lay one write over a field that moved on while its author was away.

    seen, base_version: the value that the author looked at, and the record version it stood in; without a version
        the value alone decides. None for ``seen`` is a blank.

    What the author saw goes; what came later, or was never shown, stays beside the new value.
    Writes that name their bases and are concurrent give the same heads in whatever order they arrive.
    """
    looked_at = seen or ""
    gone = {h for h in register.heads if h.value == looked_at and (base_version is None or h.version <= base_version)}
    return _replaced(register, head, gone)


def write_latest(register: Register, head: Head, *, seen: str | None, base_version: int | None) -> Register:
    """Lay one observation over a field of which only the last observation counts; the arguments as in ``write``.

    Everything that the author's version held goes: its outcome is what the author saw. So a hand whose clock is
    slow can still replace what it saw, and no older observation comes back from behind it.
    """
    if base_version is None:
        return write(register, head, seen=seen, base_version=None)
    return _replaced(register, head, {h for h in register.heads if h.version <= base_version})


def settle(register: Register, head: Head) -> Register:
    """Put an officer's choice in the place of every head that had come in by then."""
    stays = {h for h in register.heads if h.version > head.version and h.origin != head.origin}
    return Register(frozenset(stays | {head}), {**register.newest, head.origin: head.seq})


def shown(register: Register) -> Head:
    """Return the head people see: the one observed last, whatever came in last. The register has been written."""
    return max(register.heads, key=lambda head: (head.observed_at, head.origin, head.seq))


def values(register: Register) -> frozenset[str]:
    """Return every value that stands, shown or not."""
    return frozenset(head.value for head in register.heads)


def in_conflict(register: Register) -> bool:
    """Tell whether heads differ in value; two hands that wrote the same agree."""
    return len(register.heads) > 1 and len(values(register)) > 1


def to_json(registers: Mapping[str, Register]) -> str:
    """Write registers as compact JSON, the same text for the same registers.

    ``[[[observed_at, origin, seq, version, {name: value}], …], [[origin, seq, [names]], …]]``: heads that one write
    made stand together, so a created record costs one entry; then the newest counters of hands without a head.
    """
    made: dict[tuple[str, str, int, int], dict[str, str]] = {}
    past: dict[tuple[str, int], list[str]] = {}
    for name, (heads, newest) in registers.items():
        for value, *write_of in heads:
            made.setdefault(tuple(write_of), {})[name] = value  # type: ignore[arg-type]  # read from JSON
        standing = {head.origin: head.seq for head in heads}
        for origin, seq in newest.items():
            if standing.get(origin) != seq:
                past.setdefault((origin, seq), []).append(name)
    plain = (
        [[*write_of, made[write_of]] for write_of in sorted(made)],
        [[*dot, sorted(past[dot])] for dot in sorted(past)],
    )
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()


def from_json(text: str) -> dict[str, Register]:
    """Read what ``to_json`` wrote."""
    made, past = orjson.loads(text)
    heads: dict[str, set[Head]] = {}
    newest: dict[str, dict[str, int]] = {}
    for *write_of, fields in made:
        for name, value in fields.items():
            head = Head(value, *write_of)
            heads.setdefault(name, set()).add(head)
            newest.setdefault(name, {})[head.origin] = head.seq
    for origin, seq, names in past:
        for name in names:
            newest[name][origin] = seq
    return {name: Register(frozenset(of_name), newest[name]) for name, of_name in heads.items()}


def _replaced(register: Register, head: Head, gone: set[Head]) -> Register:
    if head.seq <= register.newest.get(head.origin, 0):
        return register  # a later write of the same hand, or this one, is already in
    stays = {h for h in register.heads if h.origin != head.origin and h not in gone}
    return Register(frozenset(stays | {head}), {**register.newest, head.origin: head.seq})
