"""How the fields of a record type merge, as their form declares it (``sync.md`` section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from sync.changes import FieldWrite


class Policy(StrEnum):
    """What becomes of values that their authors did not see (``bind::fg:merge`` in the form)."""

    KEEP = "keep"  # all stay and the record is flagged
    LATEST = "latest"  # the one observed last shows, no flag


class FieldRule(NamedTuple):
    """How one field merges.

    group: name of its merge group (``bind::fg:group``); a group whose members differ in policy keeps all.
    set_valued: a ``select_multiple``. It merges by element under KEEP outside a group; elsewhere it is one value.
    """

    policy: Policy = Policy.KEEP
    group: str | None = None
    set_valued: bool = False


PLAIN = FieldRule()
PRESENT = "1"


def cells(name: str, asked: FieldWrite, rule: FieldRule) -> dict[str, FieldWrite]:
    """Take a field's write apart into one for each register that it concerns, by that register's name."""
    seen, new = canonical(asked.seen or "", rule), canonical(asked.new, rule)
    if rule.group is not None or not rule.set_valued or rule.policy is Policy.LATEST:
        return {name: FieldWrite(seen, new)}
    had, has = seen.split(), new.split()
    mark = {True: PRESENT, False: ""}
    return {f"{name} {element}": FieldWrite(mark[element in had], mark[element in has]) for element in {*had, *has}}


def canonical(value: str, rule: FieldRule) -> str:
    """Return a set's elements in one order for ever; any other value as it is."""
    return " ".join(sorted(set(value.split()))) if rule.set_valued else value


def groups(rules: Mapping[str, FieldRule], wanted: Iterable[str | None] | None = None) -> dict[str, list[str]]:
    """Return the members of each group, in one order for ever; of the wanted groups, if any are named."""
    of: dict[str, list[str]] = {}
    for name in sorted(rules):
        group = rules[name].group
        if group is not None and (wanted is None or group in wanted):
            of.setdefault(group, []).append(name)
    return of


def policy_of(members: Sequence[str], rules: Mapping[str, FieldRule]) -> Policy:
    """Return the policy of a group: where its members differ, the careful one."""
    return Policy.LATEST if all(rules[name].policy is Policy.LATEST for name in members) else Policy.KEEP
