"""Says what the fields of records are called on pages, and how their values are shown to the reader."""

from __future__ import annotations

from collections.abc import Mapping

from server.db.transactions import Reading
from server.forms.domain.record_types import LABEL, RecordType
from server.forms.usecases import choice_labels
from server.office import layout
from server.records.domain.records import Record
from server.records.usecases.disclosing import RecordMask
from server.records.usecases.shown_values import ListRows, Show, local_time, shows
from server.web import context


def shows_of(reading: Reading, type: RecordType, mask: RecordMask) -> dict[str, Show]:
    """Return how the values of each field of a type are shown to the reader."""
    labels = choice_labels.of_type(reading, type.name, layout.form_language())
    rows = ListRows(context.caller().scope, mask)
    rows.begin(reading)
    found = {name: shows(field.type, labels.get(name), rows) for name, field in type.fields.items()}
    instants_in = [name for name, field in type.fields.items() if field.type == "dateTime"]
    return found | dict.fromkeys(instants_in, lambda value: local_time(value)[: len("2026-05-01 07:12")])


def titles_of(reading: Reading, type: RecordType) -> dict[str, str]:
    """Return what each field of a type is called in the reader's language."""
    texts = choice_labels.field_texts(reading, type.name, layout.form_language())
    return {LABEL: type.label_of(LABEL), **{name: texts.get(name) or type.label_of(name) for name in type.fields}}


def is_masked(record: Record, seen: Mapping[str, str], mask: RecordMask, name: str) -> bool:
    """Say whether a field is shown as something else than what stands in it. seen: fields as ``mask`` shows them."""
    value = seen.get(name, "")
    return bool(value) and mask.hides(record) and value != record.fields.get(name)
