"""Lists entries of the audit by who, when, what and about what, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.audit.domain.entries import Recorded, id_of
from server.audit.store.chain import recorded
from server.db.transactions import Reading
from server.instants import Instant


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """Which entries; None leaves a filter out.

    since, until: instants, the second not included. actor: user name. events: words of ``data/audit_events.csv``.
    object: what they are about.
    """

    since: Instant | None = None
    until: Instant | None = None
    actor: str | None = None
    events: tuple[str, ...] | None = None
    object: str | None = None


EVERYWHERE: tuple[str, ...] = ("",)
"""The scope of who sees the whole audit: the beginning of every code, and of none."""


def page(
    reading: Reading, prefixes: Sequence[str], filters: AuditFilters, *, before: int | None, limit: int
) -> list[Recorded]:
    """Return at most ``limit`` entries, newest first.

    prefixes: in which areas their authors had their first duty then, as beginnings of codes (``130630106``), or
    EVERYWHERE, where entries of the server and of strangers are seen too. before: number of the last entry of the page
    before, None for the first page.
    """
    conditions, values = _conditions(filters)
    if tuple(prefixes) != EVERYWHERE:
        values |= {f"low{n}": prefix for n, prefix in enumerate(prefixes)}
        values |= {f"high{n}": f"{prefix}:" for n, prefix in enumerate(prefixes)}  # a colon comes after every digit
        places = (f"(place >= :low{n} AND place < :high{n})" for n in range(len(prefixes)))
        conditions.append(f"({' OR '.join(places) or '1 = 0'})")
    if before is not None:
        conditions.append("id < :before")
        values["before"] = id_of(before)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = reading.sql.each(f"SELECT * FROM audit {where} ORDER BY id DESC LIMIT :limit", {**values, "limit": limit})
    return [recorded(row) for row in rows]


def _conditions(filters: AuditFilters) -> tuple[list[str], dict[str, str]]:
    """Return the conditions that the filters make, and their values."""
    conditions, values = [], {}
    for name, condition in (
        ("since", "at >= :since"),
        ("until", "at < :until"),
        ("actor", "actor = :actor"),
        ("object", "(subject = :object OR id IN (SELECT entry FROM audit_object WHERE object = :object))"),
    ):
        if (value := getattr(filters, name)) is not None:
            conditions.append(condition)
            values[name] = value
    if filters.events is not None:
        events = {f"event{n}": event for n, event in enumerate(filters.events)}
        conditions.append(f"action IN ({', '.join(f':{name}' for name in events)})")
        values |= events
    return conditions, values
