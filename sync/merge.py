"""Merging two versions of a record into one (``sync.md`` section 3).

Pure and total. Only the server merges; a client shows its base with its own pending edits on top.
A record is a mapping of names to registers: a field has one, a set-valued field one for each element
(named ``field element``). The members of a merge group have registers whose heads come and go together.

How section 3 is read where it leaves room:

* A counter that is in already counts as superseded too, so a repeat changes nothing. ``newest`` is kept for each
  field, not each record: a late write of one field must not fall because a later one of another field came first.
  It holds one number for each origin that ever wrote the field; in JSON one whose head is current costs nothing.
* All heads of the value that was seen are replaced, whoever wrote them. Absent and blank are the same value.
* What an author saw is the base overlaid with what their device sent before and the base does not hold yet, also on
  our own protocol: taking one's own unsent value back to the base's value is a write.
* Two writes are concurrent when neither base holds the other. Only writes that name a base commute; without one
  the value alone decides, and then the order may matter.
* Under ``latest`` all heads that the base held are replaced: their outcome is what the author saw.
* A settlement has seen every head up to its own version; in a replay what came later stays beside it.
* Two officers need two origins, or the second click drops the first one's value unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from sync.changes import Dot, FieldWrite
from sync.registers import (
    EMPTY,
    Head,
    Register,
    from_json,
    group_value,
    in_conflict,
    joined,
    member_values,
    settle,
    shown,
    split,
    to_json,
    values,
    write,
)
from sync.rules import (
    DEFAULT_RULE,
    PRESENT,
    FieldRule,
    MergePolicy,
    behaviour_of,
    canonical,
    groups,
    register_writes,
    write_latest,
)

__all__ = [
    "DEFAULT_RULE", "FieldRule", "Head", "MergePolicy", "Merged", "Received", "Register", "Settled", "from_json",
    "in_conflict", "merge", "pending_at", "read", "rebuild", "settle", "settled", "shown", "to_json", "values", "write",
    "write_latest", "writes_of",
]  # fmt: skip


class Merged(NamedTuple):
    """A record after a merge: its registers, the value shown of each field, the fields in conflict."""

    registers: Mapping[str, Register]
    values: Mapping[str, str]
    conflicts: frozenset[str]


class Received(NamedTuple):
    """A create or edit as it came in.

    base_version, seen: the record version that the device held, and the record's fields in it. None: not known.
    values: every value received, changed or not.
    observed_at: as in Head. version: the record version that its arrival made.
    """

    dot: Dot
    base_version: int | None
    values: Mapping[str, str]
    observed_at: str
    version: int
    seen: Mapping[str, str] | None = None


class Settled(NamedTuple):
    """An officer's choice for one or more fields, as it came in; the names as in Received."""

    dot: Dot
    values: Mapping[str, str]
    observed_at: str
    version: int


_NO_VALUES: Mapping[str, str] = MappingProxyType({})


def merge(
    registers: Mapping[str, Register],
    writes: Mapping[str, FieldWrite],
    rules: Mapping[str, FieldRule],
    *,
    dot: Dot,
    base_version: int | None,
    observed_at: str,
    version: int,
) -> Merged:
    """Apply one change to a record that may have changed since its author's version.

    writes: by field. One whose new value is the seen one is no write, but tells what the author saw of a member of
        a group; ``writes_of`` gives all of them. A member that is missing was blank to the author, unless a head
        from their version still stands.
    rules: of the record type, all fields; a field without one keeps both values.
    base_version: the record version that the author held; None where it is not known (the value alone decides).
    observed_at: UTC, as in Head. version: the record version that this change makes.
    """
    head = Head("", observed_at, dot.origin, dot.seq, version)
    return read(_written(registers, writes, rules, head, base_version), rules)


def settled(
    registers: Mapping[str, Register],
    choices: Mapping[str, str],
    rules: Mapping[str, FieldRule],
    *,
    dot: Dot,
    observed_at: str,
    version: int,
) -> Merged:
    """Replace every head of the named fields by an officer's choice.

    choices: by field; a member of a group that is missing keeps the value shown. The rest as in ``merge``.
    """
    head = Head("", observed_at, dot.origin, dot.seq, version)
    return read(_settled(registers, choices, rules, head), rules)


def read(registers: Mapping[str, Register], rules: Mapping[str, FieldRule]) -> Merged:
    """Return what a record shows, and which of its fields are in conflict; a group is so as a whole."""
    fields: dict[str, str] = {}
    elements: dict[str, list[str]] = {}
    conflicts: set[str] = set()
    for key, register in registers.items():
        name, _, element = key.partition(" ")
        if element:
            elements.setdefault(name, []).extend([element] if PRESENT in values(register) else [])
            continue
        behaviour = rules.get(name, DEFAULT_RULE).behaviour
        fields[name] = behaviour.shown(register).value
        if behaviour.conflicts and in_conflict(register):
            conflicts.add(name)
    fields |= {name: " ".join(sorted(present)) for name, present in elements.items()}
    for members in groups(rules).values():
        group, behaviour = joined(registers, members), behaviour_of(members, rules)
        fields |= zip(members, member_values(behaviour.shown(group).value), strict=True) if group.heads else ()
        if behaviour.conflicts and in_conflict(group):
            conflicts |= set(members)
    return Merged(registers, fields, frozenset(conflicts))


def writes_of(
    received: Mapping[str, str], base: Mapping[str, str], sent_before: Iterable[Mapping[str, str]]
) -> dict[str, FieldWrite]:
    """Return what an author saw of each field, and the new value.

    received: every value that came in. base: the record's fields at the version that the device held.
    sent_before: what the same origin sent under lower counters and that version does not hold yet, oldest first
        (on a branch everything before; ``pending_at`` in general).

    Fields that were only seen are included, with the same value twice: that is no write.
    """
    saw = dict(base)
    for earlier in sent_before:
        saw |= earlier
    return {name: FieldWrite(saw.get(name), new) for name, new in {**saw, **received}.items()}


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


def rebuild(history: Iterable[Received | Settled], rules: Mapping[str, FieldRule]) -> Merged:
    """Merge a record anew from all that came in, in whatever order that was.

    For a write that arrives after a later one of the same origin. The outcome is that of an arrival in the order of
    each origin's counters: the same values, conflicts, and heads, but for the heads' versions, which stay those of the
    real arrival (the bases of other devices name them).
    """
    registers: Mapping[str, Register] = {}
    sent: dict[str, list[Received]] = {}
    for entry in _in_order(history):
        head = Head("", entry.observed_at, entry.dot.origin, entry.dot.seq, entry.version)
        if isinstance(entry, Settled):
            registers = _settled(registers, entry.values, rules, head)
            continue
        base = entry.base_version
        before = sent.setdefault(entry.dot.origin, [])
        writes = writes_of(entry.values, entry.seen or _NO_VALUES, [pending_at(base, before)])
        registers = _written(registers, writes, rules, head, base)
        carried = {name: writes[name] for name in entry.values}
        registers = _backdated(registers, carried, rules, head)
        before.append(entry)
    return read(registers, rules)


def _written(
    registers: Mapping[str, Register],
    writes: Mapping[str, FieldWrite],
    rules: Mapping[str, FieldRule],
    head: Head,
    base_version: int | None,
) -> dict[str, Register]:
    after = dict(registers)
    touched: set[str] = set()
    for name, field_write in writes.items():
        rule = rules.get(name, DEFAULT_RULE)
        for key, (seen, new) in register_writes(name, field_write, rule).items():
            if new == seen:
                continue  # a prefilled answer that nobody touched never overwrites a newer value
            if rule.group is not None:
                touched.add(rule.group)
                continue
            own = Head(new, *head[1:])
            after[key] = rule.behaviour.write(after.get(key, EMPTY), own, seen=seen, base_version=base_version)
    for members in groups(rules, touched).values():
        sent = {name: register_writes(name, writes[name], rules[name])[name] for name in members if name in writes}
        of_all = [sent.get(name) or _unsent_member(after.get(name, EMPTY), base_version) for name in members]
        own = Head(group_value([each.new for each in of_all]), *head[1:])
        seen = group_value([each.seen or "" for each in of_all])
        group = joined(after, members)
        written = behaviour_of(members, rules).write(group, own, seen=seen, base_version=base_version)
        after |= split(written, members)
    return after


def _settled(
    registers: Mapping[str, Register], choices: Mapping[str, str], rules: Mapping[str, FieldRule], head: Head
) -> dict[str, Register]:
    after = dict(registers)
    now = read(registers, rules).values
    chosen = {name: rules.get(name, DEFAULT_RULE) for name in choices}
    for name, rule in chosen.items():
        if rule.group is None:
            for key, each in register_writes(name, FieldWrite(now.get(name), choices[name]), rule).items():
                after[key] = settle(after.get(key, EMPTY), Head(each.new, *head[1:]))
    for members in groups(rules, {rule.group for rule in chosen.values()}).values():
        of_all = [canonical(choices.get(name, now.get(name, "")), rules[name]) for name in members]
        after |= split(settle(joined(after, members), Head(group_value(of_all), *head[1:])), members)
    return after


def _unsent_member(register: Register, base_version: int | None) -> FieldWrite:
    """Return what the author saw of a group's member that was not sent: a blank, where no head is that old."""
    held = [head for head in register.heads if base_version is None or head.version <= base_version]
    value = shown(Register(frozenset(held), register.newest)).value if held else ""
    return FieldWrite(value, value)


def _in_order(history: Iterable[Received | Settled]) -> list[Received | Settled]:
    """Put what came late directly before the first later write of the same origin; leave the rest as it came."""
    once = {entry.dot: entry for entry in history}
    place: dict[Dot, int] = {}
    first: dict[str, int] = {}
    for dot in sorted(once, key=lambda dot: dot.seq, reverse=True):
        place[dot] = first[dot.origin] = min(once[dot].version, first.get(dot.origin, once[dot].version))
    return [once[dot] for dot in sorted(once, key=lambda dot: (place[dot], dot.seq))]


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
