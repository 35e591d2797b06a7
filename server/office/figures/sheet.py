"""The sheet to print and sign (报表): one table on A4 landscape whose address prints the same numbers each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import Response, request

from server.grid.domain.areas import short_name
from server.grid.store import areas
from server.office import layout, pages
from server.office.figures import asked as addresses
from server.office.figures import page, sentence_words
from server.office.layout import signed_in
from server.summaries.domain import sentences
from server.summaries.domain.summary_rows import Figures
from server.summaries.usecases import requests, summary_tables
from server.summaries.usecases.closure_summary import Result
from server.web import context

blueprint = layout.create_blueprint("office-figures-print", __name__)

COUNTS = (
    "reports", "void", "cases", "spot_closed", "limited", "closed", "open", "suspended", "transferred", "extended",
    "handling_overdue", "due", "closed_on_time",
)  # fmt: skip
RATES = ("closure_rate", "closure_rate_ex_susp", "due_closure_rate", "on_time_closure_rate")
"""Columns of the sheet: with the counts every rate can be computed again."""

ROWS_MOST, ROWS_OF_LAST = 24, 18
"""Rows of a page of A4 lying, and of the last one, which has the total, the notes and the signatures too."""

NAME_CHARACTERS = 14
"""Of a name on one line of its row; a longer one takes as many lines as it needs."""


class Line(NamedTuple):
    """A row of the sheet; number: its place in the table, empty for the total."""

    number: str
    name: str
    counts: tuple[str, ...]
    rates: tuple[str, ...]


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
            **_told(result),
            "place": "" if place is None else short_name(place.name),
            "author": by.display,
            "settings": context.settings(),
        }
    return pages.respond("figures/sheet.html", layout.language(), values)


def _told(result: Result) -> dict[str, Any]:
    begun = summary_tables.has_begun(result)
    rows = result.summary.rows if begun else ()
    language = layout.language()
    lines = [_line(str(n), short_name(row.name), row.figures) for n, row in enumerate(rows, start=1)]
    return {
        "parts": parts_of(lines),
        "total": _line("", "", result.summary.total) if begun else None,
        "row_title": summary_tables.ROW_TITLES[result.by],
        "period": sentence_words.period(result.period.first, result.period.last, language),
        "at": sentence_words.instant(result.as_of, language),
        "sentence": sentence_words.sentence(result, language),
        "is_final": result.over,
    }


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


def _line(number: str, name: str, figures: Figures) -> Line:
    return Line(
        number,
        name,
        tuple(str(figures.counts[code]) for code in COUNTS),
        tuple(sentences.share(figures.rates[code]) for code in RATES),
    )
