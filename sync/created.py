"""The registers of a new record: the same as ``merge`` makes of a write into nothing, at a fraction of the cost.

Most of what reaches a server are creates, and in them nothing can be superseded, replaced or in conflict.
"""

from __future__ import annotations

from collections.abc import Mapping

from sync.changes import Dot
from sync.merge import Merged
from sync.registers import Head, Register
from sync.rules import DEFAULT_RULE, PRESENT, FieldRule, canonical, groups


def created(values: Mapping[str, str], rules: Mapping[str, FieldRule], *, dot: Dot, observed_at: str) -> Merged:
    """Return the record that a create makes, as its version 1.

    values: every value received, blank ones too. rules, dot, observed_at: as in ``merge``.
    """
    newest = {dot.origin: dot.seq}
    registers: dict[str, Register] = {}
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
            for element in value.split():
                registers[f"{name} {element}"] = _register(PRESENT, observed_at, dot, newest)
        else:
            registers[name] = _register(value, observed_at, dot, newest)
    for members in groups(rules, touched).values() if touched else ():
        for name in members:
            shown[name] = canonical(values.get(name, ""), rules[name])
            registers[name] = _register(shown[name], observed_at, dot, newest)
    return Merged(registers, shown, frozenset())


def _register(value: str, observed_at: str, dot: Dot, newest: Mapping[str, int]) -> Register:
    return Register(frozenset((Head(value, observed_at, dot.origin, dot.seq, 1),)), newest)
