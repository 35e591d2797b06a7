"""Store the organisations that can be given work, dated: a body that is renamed gets a new row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.errors import NotFound
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.domain.people import Body
from server.people.store import scopes

_COLUMNS = ("code", "name", "kind", "area", "contact", "valid_from", "valid_to")
_ADD = inserting("body", _COLUMNS)
_SELECT = f"SELECT {', '.join(f'body.{column}' for column in _COLUMNS)} FROM body"


def find(reading: Reading, code: str) -> Body | None:
    """Return the body as it stands now; None when there is none of this code now."""
    row = reading.sql.find(
        f"{_SELECT} WHERE code = :code AND valid_from <= :now AND valid_to > :now", {"code": code, "now": reading.now}
    )
    return None if row is None else Body(**row)


def get(reading: Reading, code: str) -> Body:
    """Return the body as it stands now. Raises NotFound."""
    body = find(reading, code)
    if body is None:
        raise NotFound(f"没有代码为“{code}”的责任主体；请先用 firegrid body add 登记。", body=code)
    return body


def list_bodies(reading: Reading, scope: Scope, after: str = "", limit: int = 1000) -> Iterator[Body]:
    """Yield at most ``limit`` bodies as they stand now, by code, after the code ``after``.

    Scope shows those whose area lies inside its places, and those that the reader acts for.
    """
    inside, values = scopes.by_place(scope, "area.path")
    own = {f"body{number}": code for number, code in enumerate(scope.bodies)}
    terms = [inside, *(f"body.code = :{key}" for key in own)]
    rows = reading.sql.each(
        f"""
        {_SELECT} JOIN area ON area.code = body.area
         WHERE ({" OR ".join(terms)}) AND body.code > :after AND body.valid_from <= :now AND body.valid_to > :now
         ORDER BY body.code
         LIMIT :limit
        """,
        {**values, **own, "after": after, "now": reading.now, "limit": limit},
    )
    return (Body(**row) for row in rows)


def history(reading: Reading, code: str) -> list[Body]:
    """Return every row of a body, oldest first: what it was called when."""
    rows = reading.sql.each(f"{_SELECT} WHERE code = :code ORDER BY valid_from", {"code": code})
    return [Body(**row) for row in rows]


def add(tx: Transaction, body: Body) -> None:
    """Append a body, or another spell of one."""
    tx.sql.put(_ADD, asdict(body))
    tx.configuration_changed()


def supersede(tx: Transaction, old: Body, new: Body, at: Instant) -> Body:
    """End ``old`` at ``at`` and let ``new`` stand from then on; return ``new`` as kept."""
    end(tx, old, at)
    kept = replace(new, valid_from=at, valid_to=old.valid_to)
    add(tx, kept)
    return kept


def end(tx: Transaction, body: Body, at: Instant) -> None:
    """End a body at ``at`` (half open); its row stays."""
    tx.sql.put(
        "UPDATE body SET valid_to = :at WHERE code = :code AND valid_from = :valid_from",
        {"code": body.code, "valid_from": body.valid_from, "at": at},
    )
    tx.configuration_changed()
