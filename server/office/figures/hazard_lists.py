"""The lists of hazards to print or to take along: open with 五落实, suspended, supervised, overdue; nobody is named."""

from __future__ import annotations

from itertools import chain, islice

from flask import Response

from server.grid.domain.areas import short_name
from server.grid.store import areas
from server.monthly_reports.domain import hazard_lists
from server.monthly_reports.domain.hazard_lists import HEADINGS
from server.monthly_reports.usecases import hazard_rows
from server.office import layout, pages
from server.office.figures import sentence_words
from server.office.figures.asked import LISTS, PAGE
from server.office.layout import signed_in
from server.web import context, hazard_list_files, record_exports

blueprint = layout.create_blueprint("office-figures-lists", __name__)

OF_OURS = frozenset(HEADINGS.index(heading) for heading in ("等级", "措施", "状态", "督办", "超期环节"))
"""Columns whose cells may be words of ours alone."""

ROWS_MOST = 500
"""Rows that are printed; a longer list is taken along as a file."""


@blueprint.get(f"{LISTS}/<key>")
@signed_in
def printed(key: str) -> Response:
    """Show a list to print: of what the caller may export. Raises NotFound, NotAllowed."""
    by = context.caller()
    scope = record_exports.scope_of(by)
    with context.database().reading() as reading:
        wanted = hazard_lists.find(key, reading.now)
        mask = record_exports.mask_for(reading, by)
        found = hazard_rows.pages(reading, scope, wanted, mask)
        rows = list(islice(chain.from_iterable(found), ROWS_MOST + 1))
        language = layout.language()
        place = areas.get(reading, by.current[0].area)
        values = {
            **layout.bare_in(reading),
            "title": wanted.title_en if language == pages.ENGLISH else wanted.title,
            "place": short_name(place.name),
            "unit": context.settings().report_unit,
            "at": sentence_words.instant(reading.now, language),
            "columns": HEADINGS,
            "rows": [_said(row, language) for row in rows[:ROWS_MOST]],
            "is_cut": len(rows) > ROWS_MOST,
            "file": f"{LISTS}/{key}.xlsx",
            "back": PAGE,
        }
    export = hazard_list_files.begin(key, "print")
    export.rows = min(len(rows), ROWS_MOST)
    export.end()
    return pages.respond("figures/hazard_list.html", layout.language(), values)


def _said(row: tuple[str, ...], language: str) -> list[str]:
    """Return the cells of a row, those that hold words of ours in the language of the reader."""
    return [pages.say(language, cell) if at in OF_OURS else cell for at, cell in enumerate(row)]


@blueprint.get(f"{LISTS}/<key>.<any(csv, xlsx):ending>")
@signed_in
def as_file(key: str, ending: str) -> Response:
    """Send a list as a file, whole. Raises NotFound, NotAllowed."""
    return hazard_list_files.as_file(key, ending)
