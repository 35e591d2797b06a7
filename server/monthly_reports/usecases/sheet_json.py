"""Write a sheet as plain values of JSON."""

from __future__ import annotations

from typing import Any

from server.monthly_reports.domain import definition, sheets
from server.monthly_reports.domain.corrections import Correction
from server.monthly_reports.domain.definition import Column
from server.monthly_reports.domain.frozen import FrozenReport
from server.monthly_reports.domain.sheets import Line, Sheet
from server.summaries.domain import sentences


def as_json(sheet: Sheet, report: FrozenReport | None) -> dict[str, Any]:
    """Return a sheet as plain values. report: as which it was filed, None where it was not."""
    return {
        "month": sheet.month,
        "title": sheet.title,
        "unit": sheet.unit,
        "from": sheet.period.first.isoformat(),
        "to": sheet.period.last.isoformat(),
        "as_of": sheet.as_of,
        "over": sheet.is_over,
        "sentence": sheet.sentence,
        "late_reports": sheet.late_reports,
        "carried": None if sheet.carried is None else sheet.carried._asdict(),
        "columns": [_column(column) for column in sheet.definition.columns],
        "rows": [_line(sheet, line) for line in sheet.lines],
        "total": _line(sheet, sheet.total),
        "notes": [{"text": note.text, "text_en": note.text_en} for note in sheet.definition.notes],
        "rules": [{"table": each.table, "since": each.since, "sha256": each.sha256} for each in sheet.rules],
        "program": sheet.program,
        "frozen": None if report is None else frozen(report),
    }


def frozen(report: FrozenReport) -> dict[str, Any]:
    """Return when a month was filed, by whom and with which hash."""
    return {
        "month": report.month,
        "as_of": report.as_of,
        "sha256": report.sha256,
        "frozen_at": report.frozen_at,
        "frozen_by": report.frozen_by,
    }


def correction(made: Correction) -> dict[str, Any]:
    """Return a correction as plain values."""
    return {
        **{name: getattr(made, name) for name in _OF_CORRECTION},
        "cells": [
            {
                "row": None if each.key == sheets.TOTAL else each.key,
                "name": each.name,
                "figure": each.code,
                "label": each.label,
                "was": each.was,
                "is": each.now,
            }
            for each in made.cells
        ],
        "content": made.content.decode(),
    }


_OF_CORRECTION = ("month", "number", "sha256", "previous", "reason", "signer", "made_at", "made_by")


def _column(column: Column) -> dict[str, Any]:
    return {
        "code": column.code,
        "kind": "rate" if column.is_rate else "count",
        "label": column.heading,
        "label_en": f"{column.group_en} ({column.label_en})" if column.group_en else column.label_en,
        "numerator": definition.written(column.numerator),
        "denominator": definition.written(column.denominator),
    }


def _line(sheet: Sheet, line: Line) -> dict[str, Any]:
    columns = sheet.definition.rates
    return {
        "key": None if line.key == sheets.TOTAL else line.key,
        "name": line.name,
        "counts": {column.code: line.counts[column.code] for column in sheet.definition.counts},
        "rates": {column.code: _rate(line, column) for column in columns},
    }


def _rate(line: Line, column: Column) -> dict[str, Any]:
    n, d = rate = line.rate(column)
    return {"n": n, "d": d, "value": n / d if d else None, "text": sentences.share(rate)}
