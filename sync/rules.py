"""How the fields of a record type merge, as their form declares it (``sync.md`` section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from sync.changes import FieldWrite
from sync.registers import Head, Register, put, shown, write


class MergePolicy(StrEnum):
    """What happens to values that later authors did not see (``bind::fg:merge`` in the form)."""

    KEEP = "keep"  # all stay, and the field is in conflict
    LATEST = "latest"  # the one observed last shows, without a conflict


class _Write(Protocol):
    def __call__(self, register: Register, head: Head, *, seen: str | None, base_version: int | None) -> Register: ...


class _Show(Protocol):
    def __call__(self, register: Register) -> Head: ...


class Behaviour(NamedTuple):
    """How registers behave under a merge policy.

    write: applies one write, with arguments as ``registers.write``; concurrent writes must give the same heads in any
        order. shown: picks the head that people see. conflicts: whether differing heads are a conflict, which the
        office is asked to settle. by_element: whether a set merges element by element, each with its own register.
    """

    write: _Write
    shown: _Show
    conflicts: bool
    by_element: bool


def write_latest(register: Register, head: Head, *, seen: str | None, base_version: int | None) -> Register:
    """Apply one observation to a field of which only the last observation counts; the arguments as in ``write``.

    Every head that the author's version held is replaced: its outcome is what the author saw. So a device whose clock
    is slow can still replace what its author saw, and no older observation comes back from behind it.
    """
    if base_version is None:
        return write(register, head, seen=seen, base_version=None)
    return put(register, head, replacing={h for h in register.heads if h.version <= base_version})


BEHAVIOURS: Mapping[MergePolicy, Behaviour] = {
    MergePolicy.KEEP: Behaviour(write, shown, conflicts=True, by_element=True),
    MergePolicy.LATEST: Behaviour(write_latest, shown, conflicts=False, by_element=False),
}
"""Every merge policy. A new one is a word in ``MergePolicy``, a line here, and a word in ``kobo_forms/README.md``."""


class FieldRule(NamedTuple):
    """How one field merges.

    group: name of its merge group (``bind::fg:group``); a group whose members differ in policy keeps all values.
    set_valued: a ``select_multiple``.
    """

    policy: MergePolicy = MergePolicy.KEEP
    group: str | None = None
    set_valued: bool = False

    @property
    def behaviour(self) -> Behaviour:
        """The behaviour of its registers."""
        return BEHAVIOURS[self.policy]

    @property
    def by_element(self) -> bool:
        """Whether it has a register for each element; a set in a group is one value."""
        return self.set_valued and self.group is None and self.behaviour.by_element


DEFAULT_RULE = FieldRule()
PRESENT = "1"


def register_writes(name: str, field_write: FieldWrite, rule: FieldRule) -> dict[str, FieldWrite]:
    """Return the write to each register of a field, by the register's name: one, or one for each element of a set."""
    seen, new = canonical(field_write.seen or "", rule), canonical(field_write.new, rule)
    if not rule.by_element:
        return {name: FieldWrite(seen, new)}
    had, has = seen.split(), new.split()
    mark = {True: PRESENT, False: ""}
    return {f"{name} {element}": FieldWrite(mark[element in had], mark[element in has]) for element in {*had, *has}}


def canonical(value: str, rule: FieldRule) -> str:
    """Return a set's elements in sorted order; any other value as it is."""
    return " ".join(sorted(set(value.split()))) if rule.set_valued else value


def groups(rules: Mapping[str, FieldRule], wanted: Iterable[str | None] | None = None) -> dict[str, list[str]]:
    """Return the members of each group, sorted; of the wanted groups, if any are named."""
    of: dict[str, list[str]] = {}
    for name, rule in rules.items():
        if rule.group is not None and (wanted is None or rule.group in wanted):
            of.setdefault(rule.group, []).append(name)
    return {group: sorted(members) for group, members in of.items()}


def behaviour_of(members: Sequence[str], rules: Mapping[str, FieldRule]) -> Behaviour:
    """Return the behaviour of a group: that of its members' policy, and of KEEP where they differ."""
    policies = {rules[name].policy for name in members}
    return BEHAVIOURS[policies.pop() if len(policies) == 1 else MergePolicy.KEEP]
