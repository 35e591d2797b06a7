"""Sorts what was sent for a record: values that apply, values that do not fit, claims to what only rules decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from server.domain import workflow
from server.domain.fields import misfit
from server.domain.record_types import ACTION, CASE_COLUMNS, LABEL, Kind, RecordType

T = TypeVar("T")


class Sorted(NamedTuple):
    """values: what applies, by field, the label among them. misfits: why a value does not fit, by field.

    Claims are in neither: what a phone saves to a system column is kept in the history and never applied.
    """

    values: Mapping[str, str]
    misfits: Mapping[str, str]


def sort(type: RecordType, sent: Mapping[str, str]) -> Sorted:
    """Sort the values that were sent for a record of ``type``."""
    claims = {ACTION, *CASE_COLUMNS} if type.kind is Kind.CASE else {"area"}
    values: dict[str, str] = {}
    misfits: dict[str, str] = {}
    for name, value in sent.items():
        if name in claims:
            continue
        field = type.fields.get(name)
        if field is None and name != LABEL:
            misfits[name] = "台账里没有这个字段；请核对字段名"
            continue
        reason = None if field is None else misfit(field, value)
        if reason is None:
            values[name] = value
        else:
            misfits[name] = reason
    return Sorted(values, misfits)


def written(action: str, sent: Mapping[str, T]) -> dict[str, T]:
    """Return what of ``sent`` is meant for the record's fields: inputs of an act stay in its revision alone."""
    inputs = workflow.INPUTS if action in workflow.ACTIONS else frozenset()
    return {name: value for name, value in sent.items() if name not in inputs}
