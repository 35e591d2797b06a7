"""Merging two versions of a record into one (``sync.md`` section 3).

Pure and total. Only the server merges; a client shows its base with its own pending edits on top.
A record is a mapping of names to registers: a field has one, a set-valued field one for each element
(named ``field element``). The members of a merge group have registers whose heads come and go together.

How section 3 is read where it leaves room:

* A counter that is in already counts as superseded too, so a repeat changes nothing. ``newest`` is kept for each
  field, not each record: a late write of one field must not fall because a later one of another field came first.
  It holds one number for each origin that ever wrote the field; in JSON one whose head is current costs nothing.
* All heads of the value that was seen are replaced, whoever wrote them. Absent and blank are the same value.
* What an author saw is the base overlaid with what their device sent before and the base does not hold yet; on our own
  protocol the device states it, and that counts: taking one's own unsent value back to the base's value is a write.
* Two writes are concurrent when neither base holds the other. Only writes that name a base commute; without one
  the value alone decides, and then the order may matter (``replay`` puts before a write what it says that it saw).
* Under ``latest`` all heads that the base held are replaced: their outcome is what the author saw.
* A settlement has seen every head up to its own version; in a replay what came later stays beside it.
* Two officers need two origins, or the second click drops the first one's value unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    "DEFAULT_RULE", "FieldRule", "Head", "MergePolicy", "Merged", "Register", "from_json", "in_conflict",
    "merge", "read", "settle", "settled", "settled_registers", "shown", "to_json", "values", "write", "write_latest",
    "writes_of", "written",
]  # fmt: skip


class Merged(NamedTuple):
    """A record after a merge: its registers, the value shown of each field, the fields in conflict."""

    registers: Mapping[str, Register]
    values: Mapping[str, str]
    conflicts: frozenset[str]


Own = Callable[[Head, str], bool]


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
    return read(written(registers, writes, rules, head, base_version), rules)


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
    return read(settled_registers(registers, choices, rules, head), rules)


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
        if len(register.heads) > 1 and behaviour.conflicts and in_conflict(register):
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


def written(
    registers: Mapping[str, Register],
    writes: Mapping[str, FieldWrite],
    rules: Mapping[str, FieldRule],
    head: Head,
    base_version: int | None,
    own: Own | None = None,
) -> dict[str, Register]:
    """Return the registers after one change; the arguments as in ``merge``.

    head: what every value of the change has in common. own: says of a head, and of the value that the author saw,
    whether it is the author's own, though another origin's: it is replaced like those of the same origin.
    """
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
            value = Head(new, *head[1:])
            before = _without_own(after.get(key, EMPTY), head, seen, own)
            after[key] = rule.behaviour.write(before, value, seen=seen, base_version=base_version)
    for members in groups(rules, touched).values() if touched else ():
        sent = {name: register_writes(name, writes[name], rules[name])[name] for name in members if name in writes}
        of_all = [sent.get(name) or _unsent_member(after.get(name, EMPTY), base_version) for name in members]
        value = Head(group_value([each.new for each in of_all]), *head[1:])
        seen = group_value([each.seen or "" for each in of_all])
        group = _without_own(joined(after, members), head, seen, own)
        behaviour = behaviour_of(members, rules)
        after |= split(behaviour.write(group, value, seen=seen, base_version=base_version), members)
    return after


def _without_own(register: Register, head: Head, seen: str | None, own: Own | None) -> Register:
    """Return a register without the author's own heads of other origins, unless a later write of ``head`` is in."""
    if own is None or head.seq <= register.newest.get(head.origin, 0):
        return register
    return Register(frozenset(each for each in register.heads if not own(each, seen or "")), register.newest)


def settled_registers(
    registers: Mapping[str, Register], choices: Mapping[str, str], rules: Mapping[str, FieldRule], head: Head
) -> dict[str, Register]:
    """Return the registers after an officer's choice; the arguments as in ``settled``. head: as in ``written``."""
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
