"""Corrections of filed sheets (更正表): the form in which the wrong numbers are put right, and the paper to sign."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from server.errors import NotFound, Refusal
from server.grid.domain.areas import short_name
from server.monthly_reports.domain import months, sheets
from server.monthly_reports.domain.corrections import asked_once
from server.monthly_reports.domain.sheets import Sheet
from server.monthly_reports.store import reports
from server.monthly_reports.usecases import correcting, drawing, freezing, sheet_files
from server.office import layout, pages
from server.office.figures import sentence_words
from server.office.figures.asked import MONTHLY
from server.office.layout import signed_in
from server.web import context
from server.web.problem_details import status_of

blueprint = layout.create_blueprint("office-figures-corrections", __name__)

CELL = "n-"
"""Begins the name of an input of a number: ``n-<code of the area>-<code of the column>``."""

NO_NUMBER = -1
"""Stands for what was typed and is no number; it is refused where numbers are judged."""


@blueprint.get(f"{MONTHLY}/<month>/correction")
@signed_in
def form(month: str) -> Response:
    """Show the sheet as it stands, each number in an input."""
    drawing.require(context.caller(), "correct")
    return _form(month)


@blueprint.post(f"{MONTHLY}/<month>/correction")
@signed_in
def correct(month: str) -> Response:
    """Issue a correction of what was changed in the form, and lead on to its paper."""
    by = context.caller()
    drawing.require(by, "correct")
    said = {name: request.form.get(name, "").strip() for name in ("previous", "reason", "signer")}
    missing = [word for name, word in (("reason", "更正原因"), ("signer", "签字人")) if not said[name]]
    if missing:
        return _form(month, f"请填写{'、'.join(missing)}。", 422)
    typed = [(name, value) for name, value in request.form.items(multi=True) if name.startswith(CELL)]
    try:
        asked = asked_once((_cell(name), _number(value)) for name, value in typed)
        made = context.write(lambda tx: correcting.correct(tx, month, asked, by=by.name, **said))
    except Refusal as refusal:
        return _form(month, refusal.message, status_of(refusal))
    return pages.see_other(f"{MONTHLY}/{month}/corrections/{made.number}")


@blueprint.get(f"{MONTHLY}/<month>/corrections/<int:number>")
@signed_in
def paper(month: str, number: int) -> Response:
    """Show a correction to print and sign. Raises NotFound."""
    drawing.reading_scope(context.caller())
    with context.database().reading() as reading:
        report = freezing.get(reading, month)
        made = next((each for each in reports.corrections_of(reading, month) if each.number == number), None)
    if made is None:
        raise NotFound(f"{months.words(month)}没有第{number}号更正表。")
    values = {
        **layout.bare(),
        "title": report.sheet.title,
        "unit": report.sheet.unit,
        "month": sentence_words.month(month, layout.language()),
        "filed_at": sheet_files.clock(report.frozen_at),
        "filed_hash": report.sha256,
        "made": made,
        "made_at": sheet_files.clock(made.made_at),
        "cells": [
            {"name": short_name(each.name), "label": each.label, "was": each.was, "now": each.now}
            for each in made.cells
        ],
        "back": MONTHLY,
    }
    return pages.respond("figures/correction_paper.html", layout.language(), values)


def _form(month: str, said: str = "", status: int = 200) -> Response:
    with context.database().reading() as reading:
        sheet, previous = correcting.newest(reading, month)
        values = {
            "month": sentence_words.month(month, layout.language()),
            "address_of_form": f"{MONTHLY}/{month}/correction",
            "address_of_sheet": f"{MONTHLY}/{month}",
            "previous": request.form.get("previous", previous) if status == 422 else previous,
            "columns": sheet.definition.counts,
            "rows": _rows(sheet),
            "typed": {name: request.form.get(name, "") for name in ("reason", "signer")},
            "said": said,
        }
        return layout.show(reading, "figures/correction.html", layout.FIGURES.key, values, status)


def _rows(sheet: Sheet) -> list[dict[str, Any]]:
    """Return the rows with what is in each input: what was typed, else what stands."""
    return [
        {
            "name": short_name(line.name),
            "cells": [
                {
                    "name": f"{CELL}{line.key}-{column.code}",
                    "value": request.form.get(f"{CELL}{line.key}-{column.code}", str(line.counts[column.code])),
                    "label": f"{short_name(line.name)} {column.heading}",
                }
                for column in sheet.definition.counts
            ],
        }
        for line in sheet.lines
        if line.key != sheets.TOTAL
    ]


def _cell(name: str) -> tuple[str, str]:
    key, _, code = name.removeprefix(CELL).rpartition("-")
    return key, code


def _number(typed: str) -> int:
    text = typed.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 7 else NO_NUMBER
