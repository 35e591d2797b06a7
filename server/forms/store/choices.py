"""Finds the codes that each field of a record type may hold: those of its forms, and those of the dated code lists."""

from __future__ import annotations

from collections.abc import Mapping

from server.db.transactions import Reading
from server.forms.domain.choices import Choices, CodeList, Options, Span
from server.forms.domain.record_types import Field, RecordType
from server.forms.store import codes

_OPEN = (Span("", ""),)


def of(reading: Reading, type: RecordType) -> Mapping[str, Choices]:
    """Return what each field of ``type`` may hold, by name; fields that take anything are left out.

    A field that chooses from a list which is no code list (places, people, records) takes anything: such a list is
    another one for everybody, and from one day to the next.
    """
    found = {name: _of_field(reading, field) for name, field in type.fields.items()}
    return {name: choices for name, choices in found.items() if choices is not None}


def _of_field(reading: Reading, field: Field) -> Choices | None:
    return None if field.options is None else _resolved(reading, field.options, field.set_valued)


def _resolved(reading: Reading, options: Options, set_valued: bool) -> Choices | None:
    spans: dict[str, tuple[Span, ...]] = dict.fromkeys(options.retired, ())
    for each in options.lists:
        held = _spans(reading, each)
        if not held:
            return None
        for code, days in held.items():
            spans[code] = (*spans.get(code, ()), *days)
    spans |= dict.fromkeys(options.codes, _OPEN)
    return Choices(spans, set_valued)


def _spans(reading: Reading, source: CodeList) -> Mapping[str, tuple[Span, ...]]:
    """Return the codes in one column of a code list with the days on which each holds; nothing when there is none."""
    found: dict[str, tuple[Span, ...]] = {}
    for rows in codes.of_list(reading, source.name).values():
        for row in rows:
            cell = row.code if source.column == "name" else row.extra.get(source.column, "")
            found[cell] = (*found.get(cell, ()), Span(row.active_from, row.active_to))
    return found
