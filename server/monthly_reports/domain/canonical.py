"""Write a sheet in its canonical form, which everybody can hash again, and read it back.

The form is that of RFC 8785 (JSON Canonicalization Scheme): UTF-8, names in order, no white space; of values there are
only texts, whole numbers, lists and objects, for which it is one line of any JSON library. Its hash is SHA-256 of these
bytes, so that ``sha256sum`` of the file gives it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from server.monthly_reports.domain.definition import Column, Definition, Note, terms_of, written
from server.monthly_reports.domain.sheets import Carried, Line, RuleVersion, Sheet
from server.summaries.domain.periods import Period

FORMAT = "firegrid-monthly-report-1"
"""Names this form of a sheet in its content."""


def encoded(value: Mapping[str, Any]) -> bytes:
    """Return JSON in canonical form. value: of texts, whole numbers, lists and objects alone."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of a content, in hexadecimal."""
    return sha256(content).hexdigest()


def content_of(sheet: Sheet) -> bytes:
    """Return a sheet in canonical form."""
    definition = sheet.definition
    return encoded(
        {
            "format": FORMAT,
            "month": sheet.month,
            "area": sheet.area,
            "title": sheet.title,
            "title_en": definition.title_en,
            "unit": sheet.unit,
            "from": sheet.period.first.isoformat(),
            "to": sheet.period.last.isoformat(),
            "as_of": sheet.as_of,
            "sentence": sheet.sentence,
            "late_reports": sheet.late_reports,
            "columns": [_column(column) for column in definition.columns],
            "notes": [{"text": note.text, "text_en": note.text_en} for note in definition.notes],
            "lines": [_line(line) for line in sheet.lines],
            "total": _line(sheet.total),
            "rules": [{"table": rule.table, "since": rule.since, "sha256": rule.sha256} for rule in sheet.rules],
            "program": sheet.program,
            **({} if sheet.carried is None else {"carried": list(sheet.carried)}),
        }
    )


def sheet_of(content: bytes) -> Sheet:
    """Return the sheet that was written by ``content_of``, with the columns and notes that it had then."""
    told = json.loads(content)
    notes = tuple(Note(note["text"], note["text_en"]) for note in told["notes"])
    columns = tuple(_read_column(column) for column in told["columns"])
    return Sheet(
        month=told["month"],
        area=told["area"],
        title=told["title"],
        unit=told["unit"],
        period=Period(date.fromisoformat(told["from"]), date.fromisoformat(told["to"])),
        as_of=told["as_of"],
        sentence=told["sentence"],
        late_reports=told["late_reports"],
        definition=Definition(told["title"], told["title_en"], columns, notes),
        lines=tuple(_read_line(line) for line in told["lines"]),
        total=_read_line(told["total"]),
        rules=tuple(RuleVersion(rule["table"], rule["since"], rule["sha256"]) for rule in told["rules"]),
        program=told["program"],
        carried=Carried(*told["carried"]) if "carried" in told else None,
    )


def _column(column: Column) -> dict[str, str]:
    names = ("code", "group", "group_en", "label", "label_en")
    terms = {"numerator": written(column.numerator), "denominator": written(column.denominator)}
    return {name: getattr(column, name) for name in names} | terms


def _read_column(told: Mapping[str, str]) -> Column:
    names = ("code", "group", "group_en", "label", "label_en")
    return Column(
        **{name: told[name] for name in names},
        numerator=terms_of(told["numerator"]),
        denominator=terms_of(told["denominator"]),
    )


def _line(line: Line) -> dict[str, Any]:
    return {"key": line.key, "name": line.name, "counts": dict(line.counts)}


def _read_line(told: Mapping[str, Any]) -> Line:
    return Line(told["key"], told["name"], told["counts"])
