"""The registers of a new record: the same as ``merge`` makes of a write into nothing, at a fraction of the cost.

Most of what reaches a server are creates, and in them nothing can be superseded, replaced or in conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sync import registers
from sync.changes import Dot
from sync.rules import DEFAULT_RULE, PRESENT, FieldRule, canonical, groups


class Created(NamedTuple):
    """A record that a create makes: its values as shown, and its registers as JSON."""

    values: dict[str, str]
    registers: str


def created(values: Mapping[str, str], rules: Mapping[str, FieldRule], *, dot: Dot, observed_at: str) -> Created:
    """Return the record that a create makes, as its version 1.

    values: every value received, blank ones too. rules, dot, observed_at: as in ``merge``.
    """
    heads: dict[str, str] = {}
    shown: dict[str, str] = {}
    touched: set[str] = set()
    for name, value in values.items():
        rule = rules.get(name, DEFAULT_RULE)
        if rule.set_valued:
            value = canonical(value, rule)
        if not value:
            continue
        if rule.group is not None:
            touched.add(rule.group)
            continue
        shown[name] = value
        if rule.by_element:
            heads |= {f"{name} {element}": PRESENT for element in value.split()}
        else:
            heads[name] = value
    for members in groups(rules, touched).values() if touched else ():
        for name in members:
            heads[name] = shown[name] = canonical(values.get(name, ""), rules[name])
    return Created(shown, registers.json_of_one_write(heads, dot, observed_at))
