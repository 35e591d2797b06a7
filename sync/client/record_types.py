"""The record types, fields and actions that the server last named, to find wrong names before they are sent.

The server decides: before its first pull a device accepts every name, and names that are newer at the server need a
pull first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

from sync.client.values import wrong_value
from sync.client.wire import Json
from sync.datatypes import TEXT

LABEL = "label"
_PULL = "或先 fieldsync pull"


class Action(NamedTuple):
    """An action on a record.

    kind: of the records it is for, empty for all. creates: it creates one. inputs: names. dates: those that are days.
    """

    label: str
    kind: str
    creates: bool
    inputs: Collection[str]
    dates: Collection[str] = ()


@dataclass(frozen=True)
class RecordTypes:
    """The record types; all empty before the first pull.

    titles, kinds: by type. fields: by type, the label of each field by its name. datatypes: by type, the XForms type of
    each field by its name, as far as the server told it. actions: by name.
    """

    titles: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    datatypes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def wrong_type(self, type: str) -> str | None:
        """Return what is wrong with the name of a record type, with the cure; None when nothing is known to be."""
        if not self.titles or type in self.titles:
            return None
        known = "、".join(f"{name} {title}" for name, title in sorted(self.titles.items()))
        return f"本机没有台账 {type}；现有：{known}，{_PULL}"

    def wrong_field(self, type: str, name: str, action: str = "edit") -> str | None:
        """Return what is wrong with the name of a field, or of an input of ``action``, with the cure."""
        if not self.titles or type not in self.titles:
            return None
        found = self.actions.get(action)
        if found is None or found.creates:
            whose, known = f"台账 {type} 里没有字段", {LABEL, *self.fields.get(type, ())}
        else:
            whose, known = f"“{found.label} {action}”没有输入项", {*found.inputs}
        return None if name in known else f"{whose} {name}{_near(name, known)}；请核对，{_PULL}"

    def wrong_value(self, type: str, name: str, value: str, action: str = "edit") -> str | None:
        """Return why the server would set ``value`` aside in a field, or an input of ``action``, with the cure."""
        datatype = self.datatype(type, name, action)
        return None if datatype is None else wrong_value(datatype, value)

    def datatype(self, type: str, name: str, action: str = "edit") -> str | None:
        """Return the XForms type of a field, or of an input of ``action``; None where the server has told none."""
        found = self.actions.get(action)
        if found is not None and not found.creates:
            return "date" if name in found.dates else TEXT
        if name == LABEL and type in self.titles:
            return TEXT
        return self.datatypes.get(type, {}).get(name)

    def wrong_action(self, type: str, action: str, *, creates: bool) -> str | None:
        """Return what is wrong with asking ``action`` of a record of ``type``, with the cure."""
        if not self.actions or type not in self.titles:
            return None
        possible = self.actions_for(type, creates=creates)
        if action in possible:
            return None
        can = "、".join(f"{name} {self.actions[name].label}" for name in possible)
        return f"台账 {type} 没有操作 {action}；{f'可以：{can}' if can else '这里只能修改'}，{_PULL}"

    def field_named(self, type: str, heading: str) -> str:
        """Return the field that ``heading`` means: its name, or the label of just one field."""
        fields = self.fields.get(type, {})
        if heading in fields or heading == LABEL:
            return heading
        meant = [name for name, label in {LABEL: "名称", **fields}.items() if label == heading]
        return meant[0] if len(meant) == 1 else heading

    def similar_fields(self, type: str, heading: str) -> str:
        """Return in brackets the labels that are similar to ``heading``; empty when none is."""
        return _near(heading, {"名称", *self.fields.get(type, {}).values()})

    def actions_for(self, type: str, *, creates: bool) -> list[str]:
        """Return the actions that create a record of ``type``, or those on one that exists."""
        kinds = ("", self.kinds.get(type))
        return [name for name, each in self.actions.items() if each.creates is creates and each.kind in kinds]


def from_rows(rows: Iterable[Json]) -> RecordTypes:
    """Return the record types, fields and actions in the rows of the bucket ``county``; other rows are ignored."""
    titles, kinds, actions = {}, {}, {}
    fields: dict[str, dict[str, str]] = {}
    datatypes: dict[str, dict[str, str]] = {}
    for row in rows:
        label, values = row["label"], row["fields"]
        if row["type"] == "_type":
            name = row["id"].removeprefix("type:")
            titles[name], kinds[name] = label, values["kind"]
        elif row["type"] == "_field":
            fields.setdefault(values["type"], {})[values["name"]] = label
            if values.get("datatype"):
                datatypes.setdefault(values["type"], {})[values["name"]] = values["datatype"]
        elif row["type"] == "_act":
            inputs, dates = values["inputs"].split(), values.get("dates", "").split()
            actions[values["action"]] = Action(label, values["kind"], values["begins"] == "1", inputs, dates)
    return RecordTypes(titles, kinds, fields, actions, datatypes)


def _near(name: str, known: Collection[str]) -> str:
    alike = "、".join(get_close_matches(name, sorted(known)))
    return f"（相近的有：{alike}）" if alike else ""
