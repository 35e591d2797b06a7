"""Reads the audit for auditors: which entries a query means, page after page, and how each is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from server import instants
from server.audit.domain.entries import Recorded, event_row, events_of
from server.audit.store import entry_lists
from server.audit.store.entry_lists import AuditFilters
from server.db.database import Database
from server.errors import Invalid
from server.instants import BEIJING

PAGE_ROWS = 1_000

HEADINGS = ("编号", "时间", "事件", "说明", "用户", "岗位", "网格", "地址", "对象", "结果", "详情", "校验值")
"""The headings of ``cells``."""


def filters(
    first: date | None = None,
    last: date | None = None,
    user: str | None = None,
    event: str | None = None,
    object: str | None = None,
) -> AuditFilters:
    """Return the filters that a query means; None leaves one out.

    first, last: local days, both included. event: a word of ``data/audit_events.csv``, or a kind of event (``export``).
    Raises Invalid for days that end before they begin, and for an event that there is none of.
    """
    if first is not None and last is not None and last < first:
        raise Invalid(f"时段倒了：截止日 {last} 早于起始日 {first}，请对调。", field="to", value=str(last))
    since = None if first is None else instants.beginning_of(first)
    until = None if last is None else instants.end_of(last)
    return AuditFilters(since, until, user, None if event is None else events_of(event), object)


def entries(database: Database, prefixes: Sequence[str], filters: AuditFilters) -> Iterator[Recorded]:
    """Yield every entry that the filters mean, newest first; between two pages nothing is held open.

    prefixes: see ``entry_lists.page``.
    """
    before: int | None = None
    while True:
        with database.reading() as reading:
            found = entry_lists.page(reading, prefixes, filters, before=before, limit=PAGE_ROWS)
        yield from found
        if len(found) < PAGE_ROWS:
            return
        before = found[-1].number


def cells(entry: Recorded) -> list[str]:
    """Return an entry as the cells of a table under HEADINGS, in Beijing time."""
    at = instants.parse(entry.at).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    return [
        *(str(entry.number), at, entry.event, _named(entry.event)[0], entry.actor, entry.role, entry.place),
        *(entry.address, entry.object, entry.result, json.dumps(entry.details, ensure_ascii=False), entry.hash),
    ]


def as_json(entry: Recorded) -> dict[str, Any]:
    """Return an entry as a JSON object, its event with its name and its kind."""
    label, kind = _named(entry.event)
    return {
        "number": entry.number,
        "at": entry.at,
        "event": entry.event,
        "label": label,
        "kind": kind,
        "user": entry.actor,
        "role": entry.role,
        "place": entry.place,
        "address": entry.address,
        "object": entry.object,
        "result": entry.result,
        "details": entry.details,
        "hash": entry.hash,
    }


def _named(event: str) -> tuple[str, str]:
    """Return what an event is called in Chinese, and its kind; an event of an older version keeps its word."""
    try:
        row = event_row(event)
    except LookupError:
        return event, ""
    return row["label"], row["kind"]
