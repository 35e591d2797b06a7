"""Merges a record anew from all that ever came in: what came late takes its place, and each hand keeps its values.

Pure and total, as ``merge`` is. It gives what an arrival in the order of each origin's counters would have given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from sync import hands
from sync.changes import Dot, FieldWrite
from sync.hands import NOT_SHARED, Received, Shared
from sync.merge import Merged, read, settled_registers, writes_of, written
from sync.registers import EMPTY, Head, Register
from sync.rules import DEFAULT_RULE, FieldRule, canonical, register_writes


class Settled(NamedTuple):
    """An officer's choice for one or more fields, as it came in; the names as in Received."""

    dot: Dot
    values: Mapping[str, str]
    observed_at: str
    version: int


Entry = Received | Settled
_Key = tuple[str, int]
"""The origin of a change, as it is told apart, and its counter."""

_NO_VALUES: Mapping[str, str] = MappingProxyType({})


def pending_at(base_version: int | None, sent_before: Iterable[Received]) -> dict[str, str]:
    """Return what a device showed over its base: the last value that it sent of each field, where the base lacks it.

    sent_before: what came in from the same origin under lower counters, oldest first.
    """
    pending: dict[str, str] = {}
    for earlier in sent_before:
        if base_version is None or earlier.version > base_version:
            pending |= earlier.values
        else:
            pending = {name: value for name, value in pending.items() if name not in earlier.values}
    return pending


def rebuild(history: Iterable[Entry], rules: Mapping[str, FieldRule], shared: Shared = NOT_SHARED) -> Merged:
    """Merge a record anew from all that came in, in whatever order that was.

    For a write that arrives after a later one of the same origin, and for a device id under which two hands write.
    The outcome is that of an arrival in the order of each origin's counters: the same values, conflicts, and heads, but
    for the heads' versions, which stay those of the real arrival (the bases of other devices name them). Where the
    server's data were put back, what somebody saw and replaced may come in after their write: its place is before that.

    shared: as in ``hands``.
    """
    whole = list(history)
    by_change = {entry.change: entry for entry in whole if isinstance(entry, Received) and entry.change}
    names = hands.origins(by_change.values(), shared) if shared else {}
    applied = [entry for entry in whole if isinstance(entry, Settled) or entry.applies]
    came = [entry for entry in applied if isinstance(entry, Received)]
    seen = {
        each.change: [
            *(hands.seen_before(each, came, rules, shared) if each.change in names else ()),
            *(_seen_and_late(each, came, rules) if each.base_version is None else ()),
        ]
        for each in came
    }
    registers: Mapping[str, Register] = {}
    sent: dict[str, list[Received]] = {}
    for entry in _in_order(applied, names, seen):
        if isinstance(entry, Settled):
            head = Head("", entry.observed_at, entry.dot.origin, entry.dot.seq, entry.version)
            registers = settled_registers(registers, entry.values, rules, head)
            continue
        head = Head("", entry.observed_at, _origin(entry, names), entry.dot.seq, entry.version)
        before = sent.setdefault(head.origin, [])
        writes = _writes(entry, before)
        own = hands.own_heads(entry, by_change, names, seen.get(entry.change, ()))
        registers = written(registers, writes, rules, head, entry.base_version, own)
        registers = _backdated(registers, {name: writes[name] for name in entry.values}, rules, head)
        before.append(entry)
    return read(registers, rules)


def _seen_and_late(entry: Received, came: Iterable[Received], rules: Mapping[str, FieldRule]) -> list[Received]:
    """Return what came in after ``entry``, though its author replaced it: history is gone, so the values tell.

    Those are writes of other origins, observed no later, of a value that the author says they saw; at one and the
    same time not one whose own author saw what ``entry`` wrote. came: all that
    applies, in any order.
    """
    saw = {
        name: canonical(value, rules.get(name, DEFAULT_RULE))
        for name, value in (entry.stated or {}).items()
        if value is not None and entry.values.get(name, value) != value
    }
    return [
        other
        for other in (came if saw else ())
        if other.version > entry.version
        and other.observed_at <= entry.observed_at
        and other.dot.origin != entry.dot.origin
        and (other.base_version is None or other.base_version < entry.version)
        and any(
            canonical(other.values[name], rules.get(name, DEFAULT_RULE)) == value
            and (other.observed_at < entry.observed_at or (other.stated or {}).get(name) != entry.values[name])
            for name, value in saw.items()
            if name in other.values
        )
    ]


def _writes(entry: Received, before: Iterable[Received]) -> dict[str, FieldWrite]:
    """Return the writes of a change, with what its author saw: as stated, else as it must have been."""
    writes = writes_of(entry.values, entry.seen or _NO_VALUES, [pending_at(entry.base_version, before)])
    stated = entry.stated or {}
    return writes | {name: FieldWrite(stated[name], new) for name, new in entry.values.items() if name in stated}


def _origin(entry: Entry, names: Mapping[str, str]) -> str:
    return entry.dot.origin if isinstance(entry, Settled) else names.get(entry.change, entry.dot.origin)


def _in_order(
    history: Iterable[Entry], names: Mapping[str, str], seen: Mapping[str, Iterable[Received]]
) -> list[Entry]:
    """Put what came late directly before the first write that was made after it; leave the rest as it came."""
    once = {(_origin(entry, names), entry.dot.seq): entry for entry in history}
    later = _made_later({key: entry for key, entry in once.items() if isinstance(entry, Received)}, names, seen)
    place = {key: entry.version for key, entry in once.items()}
    moved = True
    while moved:
        moved = False
        for key, keys in later.items():
            first = min(place[each] for each in keys)
            if first < place[key]:
                place[key], moved = first, True

    def rank(key: _Key) -> tuple[int, bool, int]:
        return place[key], place[key] == once[key].version, once[key].dot.seq

    return [once[key] for key in sorted(once, key=rank)]


def _made_later(
    received: Mapping[_Key, Received], names: Mapping[str, str], seen: Mapping[str, Iterable[Received]]
) -> dict[_Key, list[_Key]]:
    """Return for each change those that were made later, as far as there are any.

    By the counter of their hand, unless the change held already what they made: between hands that were told apart it
    orders nothing. Or as they say themselves by ``after``, or by what they saw. seen: as in ``rebuild``.
    """
    of_hand: dict[str, list[_Key]] = {}
    later: dict[_Key, list[_Key]] = {}
    key_of = {entry.change: key for key, entry in received.items() if entry.change}
    for key, entry in received.items():
        of_hand.setdefault(key[0], []).append(key)
        for change in (entry.after, *(each.change for each in seen.get(entry.change, ()))):
            if change is not None and change in key_of:
                later.setdefault(key_of[change], []).append(key)
    for key, entry in received.items():
        base = entry.base_version or 0
        counted = [
            other
            for other in of_hand[key[0]]
            if received[other].dot.seq > entry.dot.seq and received[other].version > base
        ]
        if counted:
            later.setdefault(key, []).extend(counted)
    return later


def _backdated(
    registers: Mapping[str, Register], carried: Mapping[str, FieldWrite], rules: Mapping[str, FieldRule], head: Head
) -> dict[str, Register]:
    """Date an origin's value back to the later write that brought it along and came in first.

    Without this, somebody who saw and replaced that value would find it beside their own as soon as the write
    that made it arrives.
    """
    after = dict(registers)
    for name, field_write in carried.items():
        for key, each in register_writes(name, field_write, rules.get(name, DEFAULT_RULE)).items():
            heads, newest = after.get(key, EMPTY)
            own = {h for h in heads if h.origin == head.origin and h.value == each.new and h.version > head.version}
            if own:
                after[key] = Register(heads - own | {h._replace(version=head.version) for h in own}, newest)
    return after
