"""Tells what rows of figures are called in the reader's language."""

from __future__ import annotations

from server.db.transactions import Reading
from server.forms.store import codes
from server.office import layout, pages
from server.summaries.usecases import dimensions, summary_tables
from server.summaries.usecases.groupings import Grouping

LISTS_OF = {
    Grouping.CATEGORY: dimensions.CATEGORIES,
    Grouping.ITEM: dimensions.ITEMS,
    Grouping.SOURCE: dimensions.SOURCES,
    Grouping.DEPARTMENT: dimensions.DEPARTMENTS,
}
"""Code lists that name rows."""


def of(reading: Reading, by: Grouping) -> dict[str, str]:
    """Return what rows are called in the reader's language, by key; none for areas, months and bodies."""
    language, dimension = layout.language(), dimensions.of(reading, by)
    found = {} if dimension is None else {summary_tables.REST: pages.say(language, dimension.rest)}
    if by in LISTS_OF:
        known = codes.of_list(reading, LISTS_OF[by])
        return found | {code: pages.code_label(rows[-1], language) for code, rows in known.items()}
    if dimension is None or by is Grouping.BODY:
        return found
    return found | {key: pages.say(language, name) for key, name in dimension.names.items()}
