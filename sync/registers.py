"""The register of one field: every value that no later write has seen and replaced (``sync.md`` section 3).

The fields of a merge group apply or conflict as one: they are written through one register, ``joined`` from those of
the members and ``split`` into them again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType
from typing import NamedTuple

import orjson

from sync.changes import Dot


class Head(NamedTuple):
    """A value that no later write has seen and replaced.

    observed_at: UTC as ISO-8601 with milliseconds and ``Z``, of fixed width, so that text order is time order;
        never later than receipt.
    origin, seq: the device, branch or instance that wrote it and its counter, from 1.
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


EMPTY = Register(frozenset(), MappingProxyType({}))


def write(register: Register, head: Head, *, seen: str | None, base_version: int | None) -> Register:
    """Apply one write to a field that may have changed since its author's version.

    seen, base_version: the value that the author saw, and the record version it stood in; without a version the value
        alone decides. None for ``seen`` is a blank.

    What the author saw is replaced; what came later, or was never shown, stays beside the new value.
    Writes that name their bases and are concurrent give the same heads in whatever order they arrive.
    """
    looked_at = seen or ""
    old = {h for h in register.heads if h.value == looked_at and (base_version is None or h.version <= base_version)}
    return put(register, head, replacing=old)


def put(register: Register, head: Head, *, replacing: Set[Head]) -> Register:
    """Add ``head`` in the place of ``replacing`` and of its origin's head, unless its counter or a later one is in."""
    if head.seq <= register.newest.get(head.origin, 0):
        return register
    stays = {h for h in register.heads if h.origin != head.origin and h not in replacing}
    return Register(frozenset(stays | {head}), {**register.newest, head.origin: head.seq})


def settle(register: Register, head: Head) -> Register:
    """Replace every head that had come in by then by an officer's choice."""
    stays = {h for h in register.heads if h.version > head.version and h.origin != head.origin}
    return Register(frozenset(stays | {head}), {**register.newest, head.origin: head.seq})


def shown(register: Register) -> Head:
    """Return the head observed last, whatever came in last. The register must not be empty."""
    if len(register.heads) == 1:  # nearly always: comparing costs most of a merge
        [only] = register.heads
        return only
    return max(register.heads, key=lambda head: (head.observed_at, head.origin, head.seq))


def values(register: Register) -> frozenset[str]:
    """Return the values of all heads, shown or not."""
    return frozenset(head.value for head in register.heads)


def in_conflict(register: Register) -> bool:
    """Return whether heads differ in value; two origins that wrote the same value agree."""
    return len(register.heads) > 1 and len(values(register)) > 1


def to_json(registers: Mapping[str, Register]) -> str:
    """Write registers as compact JSON, the same text for the same registers.

    ``[[[observed_at, origin, seq, version, {name: value}], …], [[origin, seq, [names]], …]]``: heads that one write
    made stand together, so a created record costs one entry; then the newest counters of origins without a head.
    """
    made: dict[tuple[str, str, int, int], dict[str, str]] = {}
    past: dict[tuple[str, int], list[str]] = {}
    for name, (heads, newest) in registers.items():
        for value, *write_of in heads:
            made.setdefault(tuple(write_of), {})[name] = value  # type: ignore[arg-type]  # read from JSON
        current = {head.origin: head.seq for head in heads}
        for origin, seq in newest.items():
            if current.get(origin) != seq:
                past.setdefault((origin, seq), []).append(name)
    plain = (
        [[*write_of, made[write_of]] for write_of in sorted(made)],
        [[*dot, sorted(past[dot])] for dot in sorted(past)],
    )
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()


def json_of_one_write(heads: Mapping[str, str], dot: Dot, observed_at: str) -> str:
    """Return what ``to_json`` writes when one write has made all heads, by name of their register, as version 1."""
    made = [[observed_at, dot.origin, dot.seq, 1, heads]] if heads else []
    return orjson.dumps((made, []), option=orjson.OPT_SORT_KEYS).decode()


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


def heads_after(text: str, version: int) -> list[tuple[str, str, int, int, dict[str, str]]]:
    """Return the heads that came in after a record version, from what ``to_json`` wrote: those of each write together.

    Each as ``(observed_at, origin, seq, version, {name: value})``.
    """
    made, _ = orjson.loads(text)
    return [tuple(each) for each in made if each[3] > version]


def joined(registers: Mapping[str, Register], members: Sequence[str]) -> Register:
    """Return one register of a group, whose values are those of all members together.

    Members that were written one by one, before the form made them a group, are joined by origin: where an origin has
    no head of a member, the value shown is taken.
    """
    of = {name: registers.get(name, EMPTY) for name in members}
    newest: dict[str, int] = {}
    by_origin: dict[str, dict[str, Head]] = {}
    for name, register in of.items():
        newest |= {origin: max(seq, newest.get(origin, 0)) for origin, seq in register.newest.items()}
        for head in register.heads:
            by_origin.setdefault(head.origin, {})[name] = head
    default = {name: shown(register).value if register.heads else "" for name, register in of.items()}
    heads = set()
    for own in by_origin.values():
        last = max(own.values(), key=lambda head: head.seq)
        value = group_value([own[name].value if name in own else default[name] for name in members])
        heads.add(last._replace(value=value, version=max(head.version for head in own.values())))
    return Register(frozenset(heads), newest)


def split(group: Register, members: Sequence[str]) -> dict[str, Register]:
    """Return the register of each member: the inverse of ``joined``."""
    heads = [(head, member_values(head.value)) for head in group.heads]
    return {
        name: Register(frozenset(head._replace(value=of[at]) for head, of in heads), group.newest)
        for at, name in enumerate(members)
    }


def group_value(members: Sequence[str]) -> str:
    """Return the one value of a group: the members' values in the order of their names, as a JSON list."""
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))


def member_values(group: str) -> list[str]:
    """Return the members' values in the order of their names."""
    members: list[str] = json.loads(group)
    return members
