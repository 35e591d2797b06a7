"""Looks up what is searched for once for all that a page asks: lists and counts are then led by what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.records.store import label_search, record_conditions, record_leads
from server.records.store.record_conditions import Condition, Filters, conditions_of, holding, is_uuid
from server.records.store.record_leads import where

_COMPARED_MOST = 3_200
"""How many labels are compared to find those that hold a text; where more may hold it, lists compare as they go."""


def searched_conditions(reading: Reading, scope: Scope, filters: Filters) -> list[Condition]:
    """Return the conditions of a list; what is searched for is looked up first where few labels hold it."""
    conditions = conditions_of(reading, scope, filters)
    text = filters.q
    if text is None or is_uuid(text):
        return conditions
    hits = reading.once(("labels with", text), partial(_hits, text=text))
    return conditions if hits is None else [among_these(hits), *conditions]


def _hits(reading: Reading, text: str) -> list[int] | None:
    """Return the ``born_seq`` of every record whose label holds ``text``, None where there are more than few.

    It says nothing of whose they are: whoever asks has the condition of their scope beside it.
    """
    numbers = label_candidates(reading, text)
    if numbers is None or len(numbers) > _COMPARED_MOST:
        return None
    found: list[int] = []
    if numbers:
        these = among_these(numbers)
        terms, values = where([these, holding(text)], these)
        found = [born for (born,) in reading.sql.tuples(f"SELECT born_seq FROM record WHERE {terms}", values)]
    return found if len(found) <= record_leads.FEW else None


def label_candidates(reading: Reading, text: str) -> list[int] | None:
    """Return ``label_search.candidates``, looked up once for all that a page asks."""
    return reading.once(("label candidates", text), partial(label_search.candidates, text=text))


def among_these(numbers: Iterable[int]) -> Condition:
    """Return the condition that a record is one of these by its ``born_seq``."""
    values = {f"born{n}": number for n, number in enumerate(numbers)}
    listed = f"born_seq IN ({', '.join(f':{name}' for name in values)})" if values else "1 = 0"
    return Condition(record_conditions.IDS_RANK, listed, values)


def as_shown(filters: Filters, read: Callable[[Row | None], list[Row]], limit: int) -> list[Row]:
    """Return up to ``limit`` rows that hold what is searched for where their reader sees it.

    read: returns up to ``limit`` rows after the given one, or the first ones.
    """
    rows, text, label = read(None), filters.q, filters.shown_label
    if text is None or label is None or is_uuid(text):
        return rows
    found: list[Row] = []
    while True:
        found += [row for row in rows if is_shown(filters, row)]
        if len(rows) < limit or len(found) >= limit:
            return found[:limit]
        rows = read(rows[-1])


def is_shown(filters: Filters, row: Row) -> bool:
    """Say whether a row holds what is searched for where its reader sees it."""
    text, label = filters.q or "", filters.shown_label
    return label is None or row["case_no"] == text or text.lower() in label(row).lower()
