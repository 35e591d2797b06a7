"""Shows problems to one reader: what people wrote is masked for whoever may not write it where the problem lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from server.forms.domain import personal
from server.forms.domain.personal import Personal
from server.forms.domain.record_types import Kind
from server.grid.domain.areas import code_of
from server.problems.store.problems import StoredProblem
from server.records.domain import disclosure
from server.records.domain.records import Record
from server.records.usecases.disclosing import RecordMask

Json = dict[str, Any]

_OURS = frozenset({"reasons", "applied", "action"})
"""Entries of a detail that the server words itself."""

_TOLD = ("detail", "settlement", "asked", "fields")
"""Entries of a problem that repeat what people wrote."""


def is_hidden(mask: RecordMask, found: StoredProblem) -> bool:
    """Say whether the reader of ``mask`` may not write what a problem is about; its place decides, not its author."""
    if not found.path:
        return False  # of no place: only those see it who settle problems of the whole county
    type = mask.type_of(found.type)
    kind = Kind.PROFILE if type is None else type.kind
    return not mask.disclosure.is_whole(kind, code_of(found.path), "", None)


def tells_persons(mask: RecordMask, found: StoredProblem) -> bool:
    """Say whether a problem is shown whole and repeats what stands, or was to stand, in a personal field."""
    type = mask.type_of(found.type)
    if type is None or is_hidden(mask, found):
        return False
    return not type.personal.keys().isdisjoint(_names_in(found.detail))


def _names_in(node: Any) -> Iterator[str]:
    """Yield every name of a field in the detail of a problem: as a key, or said by ``name`` or ``field``."""
    if isinstance(node, Mapping):
        yield from node
        yield from (each for each in (node.get("name"), node.get("field")) if isinstance(each, str))
        for each in node.values():
            yield from _names_in(each)
    elif isinstance(node, (list, tuple)):
        for each in node:
            yield from _names_in(each) if not isinstance(each, str) else (each,)


def shown(mask: RecordMask, problem: Json, found: StoredProblem, record: Record | None = None) -> Json:
    """Return JSON of a problem, alone or with all that one needs to settle it, as the reader of ``mask`` sees it.

    record: what it is about, where the JSON tells its label.
    """
    if not is_hidden(mask, found):
        return problem
    type = mask.type_of(found.type)
    told = _Told({} if type is None else type.personal)
    masked = {name: told.masked(problem[name]) for name in _TOLD if problem.get(name)}
    if type is not None and record is not None:
        told.names |= disclosure.names_in(type, record.fields)
    texts = {
        name: disclosure.masked_text(problem[name], told.names) for name in ("message", "label") if problem.get(name)
    }
    return {**problem, **masked, **texts}


class _Told:
    """Masks what a problem repeats. names: what was masked, with its mask, since its sentence may name it as well."""

    def __init__(self, declared: Mapping[str, Personal]) -> None:
        self._declared = declared
        self.names: dict[str, str] = {}

    def masked(self, node: Any, kind: Personal | None = None) -> Any:
        if isinstance(node, str):
            return self._text(node, kind)
        if isinstance(node, (list, tuple)):
            return [self.masked(each, kind) for each in node]
        if not isinstance(node, Mapping):
            return node
        if "value" in node:  # one of the values that stand beside each other, with what the server knows of it
            return {**node, "value": self.masked(node["value"], kind)}
        if isinstance(node.get("name"), str) and "values" in node:
            return {**node, "values": self.masked(node["values"], self._declared.get(node["name"]))}
        if isinstance(node.get("item"), str):  # an item that could not be read: nobody knows what stands where in it
            return {**node, "item": personal.MASK}
        return {
            key: each if key in _OURS else self.masked(each, self._declared.get(key, kind))
            for key, each in node.items()
        }

    def _text(self, text: str, kind: Personal | None) -> str:
        if kind is None:
            return personal.without_numbers(text)
        mask = personal.masked(text, kind)
        if len(text.strip()) > 1:
            self.names[text.strip()] = mask
        return mask
