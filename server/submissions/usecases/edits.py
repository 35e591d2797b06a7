"""Compares what an edit of a submission saves with what its original saved; no edit ever changes a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import NamedTuple

from server.submissions.domain.submissions import entity_id
from server.submissions.usecases.entities import FilledEntity

_PLACES_MAX = 5
_NO_VALUES: Mapping[str, str] = {}


class Difference(NamedTuple):
    """What an edit says otherwise of one record.

    message: one Chinese sentence for the office. record: its id. fields: both values of each field that differs, the
    original's first.
    """

    message: str
    record: str | None
    fields: Mapping[str, list[str]]


def differences(before: Mapping[str, list[Mapping[str, str]]], now: Iterable[FilledEntity]) -> Iterator[Difference]:
    """Yield what an edit says otherwise, record by record.

    before: what the original saved, by record; as often as it spoke of it. now: the entities of the edit.
    """
    filled: dict[str, list[FilledEntity]] = {}
    for each in now:
        filled.setdefault(entity_id(each.block.id) or "", []).append(each)
    if len(before) == len(filled) == 1:  # of a form that updates, another record may have been chosen
        filled = {next(iter(before)): next(iter(filled.values()))}
    for record in dict.fromkeys((*before, *filled)):
        for values, each in zip_longest(before.get(record, ()), filled.get(record, ())):
            found = _difference(record, values, each)
            if found is not None:
                yield found


def _difference(record: str, before: Mapping[str, str] | None, now: FilledEntity | None) -> Difference | None:
    if now is None:
        fields = {name: [value, ""] for name, value in (before or _NO_VALUES).items()}
        return Difference("网格员修改已提交的表单时删去了这条记录，台账没有跟着改变，请核对后办理。", record, fields)
    id, place = entity_id(now.block.id), now.place
    if before is None:
        if id is None or not (now.block.create or now.block.update):
            return None  # what asked for nothing before, or was told to the office then
        fields = {name: ["", value] for name, value in now.values.items()}
        return Difference(f"网格员修改已提交的表单时添加了{place}，台账没有跟着添加，请核对后补上。", id, fields)
    fields = {
        name: [before.get(name, ""), value] for name, value in now.values.items() if before.get(name, "") != value
    }
    if not fields:
        return None
    names = "、".join(fields)
    message = f"网格员修改了已提交的表单{place}，台账中的“{names}”没有跟着改变，请核对后在台账中更正。"
    return Difference(message, id, fields)


def places(named: Iterable[str]) -> str:
    """Return in words where in a submission something stands, the first few places by name; '' for the form itself."""
    listed = [place for place in named if place]
    more = f"等 {len(listed)} 处" if len(listed) > _PLACES_MAX else ""
    return f"的{'、'.join(listed[:_PLACES_MAX])}{more}" if listed else ""
