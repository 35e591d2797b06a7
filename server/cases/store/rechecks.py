"""Stores which closed cases were drawn to be checked again, and which of them still wait for it."""

from __future__ import annotations

from typing import NamedTuple

from server.cases.domain.rechecks import Stratum
from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.store import scopes

_COLUMNS = ("record", "week", "town", "path", "stratum", "drawn_at", "due_at")
_ADD = inserting("recheck", _COLUMNS)
LISTED_MOST = 1_000


class Recheck(NamedTuple):
    """A case that was drawn. town: path of the town whose pool it was. waits: nobody has checked it again yet."""

    record: str
    week: str
    town: str
    path: str
    stratum: Stratum
    drawn_at: Instant
    due_at: Instant
    waits: bool = True


class Wanted(NamedTuple):
    """What a list is narrowed to. week: one. bounds: paths. waits: only those that still wait."""

    week: str | None = None
    bounds: tuple[str, str] | None = None
    waits: bool = False


def add(tx: Transaction, drawn: Recheck) -> None:
    """Keep that a case was drawn."""
    tx.sql.put(_ADD, {name: getattr(drawn, name) for name in _COLUMNS})


def settle(tx: Transaction, record: str) -> None:
    """Note that a case waits no longer: it was checked again, or is not closed any more."""
    tx.sql.put("UPDATE recheck SET waits = 0 WHERE record = :record AND waits = 1", {"record": record})


def last_revision_before(reading: Reading, at: Instant) -> tuple[int, Instant]:
    """Return seq and instant of the county's last revision before an instant; nought and no instant for none."""
    sql = "SELECT seq, received_at FROM revision WHERE received_at < :at ORDER BY seq DESC LIMIT 1"
    row = reading.sql.find(sql, {"at": at})
    return (0, "") if row is None else (row["seq"], row["received_at"])


def list_drawn(reading: Reading, scope: Scope, wanted: Wanted, *, limit: int = LISTED_MOST) -> list[Recheck]:
    """Return up to ``limit`` cases inside ``scope`` that were drawn, those due first in front.

    Where there are more: of those that wait the ones that are due first, of all the ones that are due last.
    """
    inside, values = scopes.by_place_or_person(scope, reading.now)
    terms = [f"record IN (SELECT id FROM record WHERE record.id = recheck.record AND {inside})"]
    if wanted.waits:
        terms.append("waits = 1")
    if wanted.week is not None:
        terms.append("week = :week")
        values["week"] = wanted.week
    if wanted.bounds is not None:
        terms.append("path >= :from_path AND path < :to_path")
        values |= {"from_path": wanted.bounds[0], "to_path": wanted.bounds[1]}
    columns, found = ", ".join(_COLUMNS), " AND ".join(terms)
    order = "due_at, record" if wanted.waits else "due_at DESC, record DESC"
    sql = f"SELECT {columns}, waits FROM recheck WHERE {found} ORDER BY {order} LIMIT :most"
    rows = reading.sql.rows(sql, {**values, "most": limit})
    if not wanted.waits:
        rows.reverse()
    return [Recheck(**{**row, "stratum": Stratum(row["stratum"]), "waits": bool(row["waits"])}) for row in rows]
