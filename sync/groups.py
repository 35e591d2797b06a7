"""Merge groups: fields that apply or conflict as one are written through one register (``sync.md`` section 3)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sync.registers import NOTHING, Head, Register, shown


def gathered(registers: Mapping[str, Register], members: Sequence[str]) -> Register:
    """See the members' registers as one, whose values are those of all members together.

    Members that were written one by one, before the form made them a group, are brought together by hand:
    where a hand has no head of its own, the value shown stands in.
    """
    of = {name: registers.get(name, NOTHING) for name in members}
    newest: dict[str, int] = {}
    hands: dict[str, dict[str, Head]] = {}
    for name, register in of.items():
        newest |= {origin: max(seq, newest.get(origin, 0)) for origin, seq in register.newest.items()}
        for head in register.heads:
            hands.setdefault(head.origin, {})[name] = head
    stand_in = {name: shown(register).value if register.heads else "" for name, register in of.items()}
    heads = set()
    for mine in hands.values():
        last = max(mine.values(), key=lambda head: head.seq)
        value = whole_of([mine[name].value if name in mine else stand_in[name] for name in members])
        heads.add(last._replace(value=value, version=max(head.version for head in mine.values())))
    return Register(frozenset(heads), newest)


def spread(whole: Register, members: Sequence[str]) -> dict[str, Register]:
    """Return the register of each member: ``gathered`` the other way round."""
    parts = [(head, parts_of(head.value)) for head in whole.heads]
    return {
        name: Register(frozenset(head._replace(value=part[at]) for head, part in parts), whole.newest)
        for at, name in enumerate(members)
    }


def whole_of(parts: Sequence[str]) -> str:
    """Return the one value of a group: the members' values in the order of their names, as a JSON list."""
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def parts_of(whole: str) -> list[str]:
    """Return the members' values in the order of their names."""
    parts: list[str] = json.loads(whole)
    return parts
