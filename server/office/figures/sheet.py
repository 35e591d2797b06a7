"""The sheet to print and sign (报表): one table on A4 landscape whose address prints the same numbers each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask import Response, request

from server.grid.domain.areas import short_name
from server.grid.store import areas
from server.instants import Instant
from server.monthly_reports.domain import definition, sheets
from server.monthly_reports.domain.definition import Definition
from server.office import layout, pages
from server.office.figures import asked as addresses
from server.office.figures import page, row_names, sentence_words
from server.office.layout import signed_in
from server.summaries.domain.summary_rows import Figures
from server.summaries.usecases import requests, summary_tables
from server.summaries.usecases.closure_summary import Result
from server.summaries.usecases.groupings import ROW_TITLES
from server.web import context

blueprint = layout.create_blueprint("office-figures-print", __name__)

ROWS_MOST, ROWS_OF_LAST = 24, 18
"""Rows of a page of A4 lying, and of the last one, which has the total, the notes and the signatures too."""

NAME_CHARACTERS = 14
"""Of a name on one line of its row; a longer one takes as many lines as it needs."""


class Line(NamedTuple):
    """A row of the sheet; number: its place in the table, empty for the total."""

    number: str
    name: str
    cells: tuple[str, ...]


@blueprint.get(addresses.PRINT)
@signed_in
def sheet() -> Response:
    """Show the sheet as of the instant in its address; without one, lead to that of now.

    Raises Invalid for what is not understood: a sheet of other days than one asked for must not be signed.
    """
    by = context.caller()
    with context.database().reading() as reading:
        asked, result = page.get(reading, by, requests.reading_scope(by), request.args)
        if "as_of" not in asked.said or "from" not in asked.said:
            days = {"from": result.period.first.isoformat(), "to": result.period.last.isoformat()}
            return pages.see_other(asked.address(addresses.PRINT, period="", against="", **days, as_of=result.as_of))
        whole = by.current[0].area if by.current and asked.request.area is None else None
        place = asked.request.area or (None if whole is None else areas.get(reading, whole))
        values = {
            **layout.bare(),
            **_told(result, row_names.of(reading, result.by)),
            "title": context.settings().report_title or title("" if place is None else place.name, result.as_of),
            "author": by.display,
            "unit": context.settings().report_unit,
        }
    return pages.respond("figures/sheet.html", layout.language(), values)


def _told(result: Result, names: Mapping[str, str]) -> dict[str, Any]:
    begun = summary_tables.has_begun(result)
    rows = result.summary.rows if begun else ()
    language = layout.language()
    known = definition.definition_at(result.as_of)
    called = [names.get(summary_tables.written_key(result.by, row.key), row.name) for row in rows]
    lines = [
        _line(known, str(n), name, row.figures) for n, (name, row) in enumerate(zip(called, rows, strict=True), start=1)
    ]
    return {
        **headings(known, language),
        "parts": parts_of(lines),
        "total": _line(known, "", "", result.summary.total) if begun else None,
        "row_title": ROW_TITLES[result.by],
        "period": sentence_words.period(result.period.first, result.period.last, language),
        "at": sentence_words.instant(result.as_of, language),
        "sentence": sentence_words.sentence(result, language),
        "boxed": "" if result.over else "时段未结束 · 非最终数",
        "back": addresses.PAGE,
        "filed": (),
    }


class Heading(NamedTuple):
    """A column's heading. group: what stands above it and its neighbours, empty for nothing; wide: so many columns."""

    group: str
    wide: int
    label: str


def headings(known: Definition, language: str) -> dict[str, Any]:
    """Return the headings of the columns and the notes of a sheet, in a language.

    A group is told at the first of its columns, with how many there are; at the others ``wide`` is nought.
    """
    is_english = language == pages.ENGLISH
    found, before = list[Heading](), ""
    for column in known.columns:
        group, label = (column.group_en, column.label_en) if is_english else (column.group, column.label)
        wide = sum(each.group == column.group for each in known.columns) if column.group != before else 0
        found.append(Heading(group, wide, label))
        before = column.group
    return {
        "headings": found,
        "notes": [note.text_en if is_english else note.text for note in known.notes],
    }


def title(place: str, at: Instant) -> str:
    """Return what a sheet of a place is called, in the reader's language."""
    known = definition.definition_at(at)
    return f"{short_name(place)}{known.title_en if layout.language() == pages.ENGLISH else known.title}"


def parts_of(lines: Sequence[Line]) -> list[list[Line]]:
    """Return the rows page by page; the last page has room for the total, the notes and the signatures."""
    found: list[list[Line]] = [[]]
    room = ROWS_MOST
    for line in lines:
        height = -(-len(line.name) // NAME_CHARACTERS) or 1
        if height > room and found[-1]:
            found.append([])
            room = ROWS_MOST
        found[-1].append(line)
        room -= height
    if room < ROWS_MOST - ROWS_OF_LAST and len(found[-1]) > 1:
        # The last row goes with the foot: a page of signatures alone could be put under any table.
        found.append([found[-1].pop()])
    return found


def _line(known: Definition, number: str, name: str, figures: Figures) -> Line:
    return Line(number, short_name(name), sheets.cells(known, sheets.line_of(known, "", name, figures)))
