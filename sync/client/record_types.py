"""Knows which ledgers, fields and acts there are, as the server last told, so that a slip is mended before it is sent.

The server stays the judge: a device that has yet to pull takes everything, and what is newer at the server than here
needs a pull first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

from sync.client.wire import Json

LABEL = "label"
_PULL = "或先 fieldsync pull"


class Act(NamedTuple):
    """Something to do with a record. kind: of the records it is for, empty for all. inputs: names of what it takes."""

    label: str
    kind: str
    begins: bool
    inputs: Collection[str]


@dataclass(frozen=True)
class Ledgers:
    """What the server told; all empty before the first pull.

    titles, kinds: by ledger. fields: by ledger, what people call each field. acts: by action.
    """

    titles: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    acts: Mapping[str, Act] = field(default_factory=dict)

    def wrong_type(self, type: str) -> str | None:
        """Return what is wrong with the name of a ledger, with the cure; None when nothing is known to be."""
        if not self.titles or type in self.titles:
            return None
        known = "、".join(f"{name} {title}" for name, title in sorted(self.titles.items()))
        return f"本机没有台账 {type}；现有：{known}，{_PULL}"

    def wrong_field(self, type: str, name: str, action: str = "edit") -> str | None:
        """Return what is wrong with the name of a field, or of an input of ``action``, with the cure."""
        if not self.titles or type not in self.titles:
            return None
        act = self.acts.get(action)
        if act is None or act.begins:
            whose, known = f"台账 {type} 里没有字段", {LABEL, *self.fields.get(type, ())}
        else:
            whose, known = f"“{act.label} {action}”没有输入项", {*act.inputs}
        return None if name in known else f"{whose} {name}{_near(name, known)}；请核对，{_PULL}"

    def wrong_act(self, type: str, action: str, *, begins: bool) -> str | None:
        """Return what is wrong with asking ``action`` of a record of ``type``, with the cure."""
        if not self.acts or type not in self.titles:
            return None
        fitting = self.fitting(type, begins=begins)
        if action in fitting:
            return None
        can = "、".join(f"{name} {self.acts[name].label}" for name in fitting)
        return f"台账 {type} 没有操作 {action}；{f'可以：{can}' if can else '这里只能修改'}，{_PULL}"

    def named(self, type: str, heading: str) -> str:
        """Return the field that ``heading`` means: its own name, or what people call it where that is but one."""
        fields = self.fields.get(type, {})
        if heading in fields or heading == LABEL:
            return heading
        meant = [name for name, label in {LABEL: "名称", **fields}.items() if label == heading]
        return meant[0] if len(meant) == 1 else heading

    def like(self, type: str, heading: str) -> str:
        """Return in brackets what people call the fields that ``heading`` may mean; empty when nothing is like it."""
        return _near(heading, {"名称", *self.fields.get(type, {}).values()})

    def fitting(self, type: str, *, begins: bool) -> list[str]:
        """Return the actions by which a record of ``type`` begins, or that can be asked for one that is there."""
        kinds = ("", self.kinds.get(type))
        return [name for name, act in self.acts.items() if act.begins is begins and act.kind in kinds]


def told(rows: Iterable[Json]) -> Ledgers:
    """Return what the rows of the bucket ``county`` tell of ledgers, fields and acts; other rows are passed over."""
    titles, kinds, acts = {}, {}, {}
    fields: dict[str, dict[str, str]] = {}
    for row in rows:
        label, values = row["label"], row["fields"]
        if row["type"] == "_type":
            name = row["id"].removeprefix("type:")
            titles[name], kinds[name] = label, values["kind"]
        elif row["type"] == "_field":
            fields.setdefault(values["type"], {})[values["name"]] = label
        elif row["type"] == "_act":
            acts[values["action"]] = Act(label, values["kind"], values["begins"] == "1", values["inputs"].split())
    return Ledgers(titles, kinds, fields, acts)


def _near(name: str, known: Collection[str]) -> str:
    alike = "、".join(get_close_matches(name, sorted(known)))
    return f"（相近的有：{alike}）" if alike else ""
