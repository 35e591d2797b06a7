"""Stores what was uploaded and looked at, for as long as its author may go on with it.

Rosters of people, grid files, lists of premises and of last year's hazards, and forms that were refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import orjson

from server import instants
from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.errors import NotFound
from server.instants import Instant

KEPT = timedelta(hours=24)
"""How long an import is kept: long enough to mend it and come back, since nothing is to be uploaded twice."""

_ADD = inserting("roster_import", ("token", "kind", "person", "file_name", "content", "created_at", "expires_at"))


class Kind(StrEnum):
    """What was uploaded."""

    PEOPLE = "people"
    AREAS = "areas"
    FORMS = "forms"
    PREMISES = "premises"
    CARRIED = "carried"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it was uploaded. content: its rows and how they were read; result: of importing it, None before."""

    token: str
    file_name: str
    content: dict[str, Any]
    result: dict[str, Any] | None
    expires_at: Instant


def keep(tx: Transaction, kind: Kind, person: str, token: str, file_name: str, content: dict[str, Any]) -> Kept:
    """Keep what was uploaded under ``token`` for a day, and delete what is past its time."""
    delete_expired(tx)
    kept = Kept(token, file_name, content, None, instants.later(tx.now, KEPT))
    row = {"token": token, "kind": kind, "person": person, "file_name": file_name}
    said = {"content": orjson.dumps(content).decode(), "created_at": tx.now, "expires_at": kept.expires_at}
    tx.sql.put(_ADD, row | said)
    return kept


def get(reading: Reading, kind: Kind, token: str, person: str) -> Kept:
    """Return what ``person`` uploaded of a kind. Raises NotFound, also for another's and for one past its time."""
    row = reading.sql.find(
        """
        SELECT token, file_name, content, result, expires_at
          FROM roster_import
         WHERE token = :token AND kind = :kind AND person = :person AND expires_at > :now
        """,
        {"token": token, "kind": kind, "person": person, "now": reading.now},
    )
    if row is None:
        raise NotFound("这次核对的结果已过24小时，或不是您上传的；请重新选文件。", token=token)
    result = None if row["result"] is None else orjson.loads(row["result"])
    return Kept(row["token"], row["file_name"], orjson.loads(row["content"]), result, row["expires_at"])


def finish(tx: Transaction, token: str, result: dict[str, Any]) -> None:
    """Note what an import did."""
    tx.sql.put(
        "UPDATE roster_import SET result = :result WHERE token = :token",
        {"token": token, "result": orjson.dumps(result).decode()},
    )


def delete_expired(tx: Transaction) -> None:
    """Delete what is past its time."""
    tx.sql.put("DELETE FROM roster_import WHERE expires_at <= :now", {"now": tx.now})
