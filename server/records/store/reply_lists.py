"""Lists open orders of the hotline by the day on which an answer is due, page by page, always inside a scope."""

from __future__ import annotations

from dataclasses import replace

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.records.store import record_leads, record_lists
from server.records.store.record_leads import fewest
from server.records.store.record_lists import DuePosition, Filters
from server.records.store.record_search import as_shown, searched_conditions


def page(reading: Reading, scope: Scope, filters: Filters, *, after: DuePosition | None, limit: int) -> list[Row]:
    """Return up to ``limit`` open orders of the hotline inside ``scope``, the one to be answered first before others.

    Rows are those of ``record_lists.page_by_due``. after: where the last row of the page before stood (``position``).
    """
    conditions = searched_conditions(reading, scope, replace(filters, reply=True))
    few = fewest(reading, conditions)
    read_after = record_lists.sorted_by(
        reading, conditions, few or record_leads.leading(conditions), limit, few is not None, "reply_by"
    )

    def read(last: Row | None) -> list[Row]:
        return read_after(after if last is None else position(last))

    return as_shown(filters, read, limit)


def position(row: Row) -> DuePosition:
    """Return where a row stands in ``page``."""
    return DuePosition(row["reply_by"], row["born_seq"])
