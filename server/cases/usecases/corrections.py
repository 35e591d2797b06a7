"""Looks up what a correction of the hazard does to the limits of a case, and marks the case where it gives it time."""

from __future__ import annotations

from dataclasses import replace

from server.cases.domain import corrections
from server.cases.store import calendars
from server.cases.usecases.authorization import ITEM_FIELD, ITEMS, REPAIR_COLUMN
from server.db.transactions import Transaction
from server.forms.store import codes
from server.records.domain.records import Record


def marked(tx: Transaction, before: Record, after: Record) -> Record:
    """Return ``after``, the next version of ``before``, with the mark of a correction that relaxes its limit.

    Nothing is looked up where the hazard is the same.
    """
    items = before.fields.get(ITEM_FIELD, ""), after.fields.get(ITEM_FIELD, "")
    if before.case is None or after.case is None or items[0] == items[1]:
        return after
    rects = _rect(tx, items[0]), _rect(tx, items[1])
    if not corrections.relaxes(before.case.facts, rects, tx.now, calendars.calendar(tx)):
        return after
    return replace(after, case=replace(after.case, facts=replace(after.case.facts, relaxed=True)))


def _rect(tx: Transaction, item: str) -> str:
    found = codes.current(tx, ITEMS, item)
    return "" if found is None else found.extra.get(REPAIR_COLUMN, "")
