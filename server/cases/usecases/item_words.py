"""Fills in what a hazard's code says of it, where a case comes from a door without the form that calculates it.

A phone's form takes category and label from the row of ``hazard_items`` (``kobo_forms/hazard_report.md``); a report
over the API names the code alone, and has to be found under its category and by its words just the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from server.cases.domain import registering
from server.db.transactions import Reading
from server.forms.domain.record_types import LABEL, Kind, RecordType
from server.forms.store import codes, forms
from server.records.domain.records import Record

ITEMS = "hazard_items"
ITEM, CATEGORY, PLACE = "item", "category", "place"
REPAIR = "rect"
"""Column of the list that says how long a repair takes: on the spot, short, mid or long."""


def filled_in(reading: Reading, type: RecordType, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a new record with category and label of its hazard, where they are not stated.

    A type that is no case, one without the field, and an item that is no code of the list stay as they are.
    """
    values = dict(fields)
    code = codes.current(reading, ITEMS, values.get(ITEM, "")) if type.kind is Kind.CASE else None
    if code is None:
        return values
    category = code.extra.get(CATEGORY, "")
    if category and CATEGORY in type.fields and not values.get(CATEGORY):
        values[CATEGORY] = category
    if not values.get(LABEL, "").strip():
        values[LABEL] = "｜".join(part for part in (values.get(PLACE, "").strip(), code.label) if part)
    return values


def repair_of(reading: Reading, record: Record) -> str:
    """Return the kind of repair of a case's hazard, by which its time limit goes; empty where none is known."""
    item = codes.current(reading, ITEMS, record.fields.get(ITEM, ""))
    return "" if item is None else item.extra.get(REPAIR, "")


def lacking(reading: Reading, record: Record) -> tuple[str, ...]:
    """Return what a report lacks to be registered, of ``item`` and ``place`` (``registering.lacking``)."""
    type = forms.catalogue(reading).types.get(record.type)
    return registering.lacking(record.fields, record.path, () if type is None else type.fields)
