"""The inbox of one person: what they were told of cases that they may see, and what of it they have read."""

from __future__ import annotations

from typing import NamedTuple

from server.cases.store import requests
from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.errors import NotFound
from server.notices.store import notices
from server.notices.store.notices import Notice
from server.people.domain.actors import Actor

UNREAD_MOST = 99
"""As far as unread notices are counted; there may be one more, which says that there are more."""


class Told(NamedTuple):
    """A notice with its case. row: as lists of records have it."""

    notice: Notice
    row: Row


def page(reading: Reading, by: Actor, *, before: int | None, limit: int, unread: bool = False) -> list[Told]:
    """Return up to ``limit`` notices of ``by``, the newest first, each with its case.

    What lies out of their reach now, since they have moved or their duty has ended, is left out. before: seq of the
    last notice of the page before, None for the first page. unread: only those not read yet.
    """
    found = notices.list_of(reading, by.name, by.scope, before=before, limit=limit, unread=unread)
    rows = requests.cases(reading, (each.record for each in found))
    return [Told(each, rows[each.record]) for each in found if each.record in rows]


def count_unread(reading: Reading, by: Actor) -> int:
    """Return how many notices ``by`` has not read, counted up to one more than ``UNREAD_MOST``."""
    return notices.count_unread(reading, by.name, by.scope, UNREAD_MOST + 1)


def read(tx: Transaction, seq: int, *, by: Actor) -> Notice:
    """Mark one notice of ``by`` as read, and return it. seq: its place in the inbox.

    Raises NotFound when there is none: it may have given way to a newer one, which nobody has read yet.
    """
    found = notices.find(tx, by.name, by.scope, seq)
    if found is None:
        raise NotFound("没有这条提醒，或同一案件有了更新的提醒；请刷新后再看。", notice=seq)
    notices.mark_read(tx, by.name, seq)
    return found


def read_all(tx: Transaction, until: int, *, by: Actor) -> int:
    """Mark every notice of ``by`` up to seq ``until`` as read, and return how many that were.

    What has come in behind it stays unread: nobody has seen it.
    """
    return notices.mark_all_read(tx, by.name, until)
