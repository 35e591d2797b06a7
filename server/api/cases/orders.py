"""Sorts lists of cases by a day, of their limits or of the answer to the hotline, and pages on from one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from server.api import responses
from server.db.sql import Row
from server.instants import FOREVER
from server.records.store import record_lists, reply_lists
from server.records.store.record_lists import DuePosition


def written(position: DuePosition) -> str:
    """Return how a cursor names a position in the order of limits."""
    return f"{position.due_at}~{position.born_seq}"


class Order(NamedTuple):
    """How a list of cases is sorted. page: reads a page. position: of a row. chars: of what comes first in a cursor."""

    page: Callable[..., list[Row]]
    position: Callable[[Row], DuePosition]
    chars: int


BY_DUE = Order(record_lists.page_by_due, record_lists.due_position, len(FOREVER))
ORDERS = {"due": BY_DUE, "reply": Order(reply_lists.page, reply_lists.position, len("2026-12-31"))}
"""The orders of cases, by what ``sort`` says; all others are newest first."""


def position_of(cursor: str, order: Order = BY_DUE) -> DuePosition:
    """Return where a page of an order goes on. Raises Invalid for a cursor of another list."""
    due_at, _, born_seq = cursor.partition("~")
    if len(due_at) != order.chars:
        raise responses.bad_cursor()
    return DuePosition(due_at, responses.number_of(born_seq))
