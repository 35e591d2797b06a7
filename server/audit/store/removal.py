"""Takes entries out of the chain, or names out of entries, so that it still holds: a later entry vouches for them.

What was removed between two entries is vouched for by ``audit.prune``: its ranges say first and last number, and the
hash at which the chain goes on. An entry whose text was replaced keeps its hash; ``audit.forget`` vouches for the new
text by a digest. Both are entries of the chain like any other, so that nobody can vouch for a removal of their own
without changing the head, and both are kept for good.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from server.audit.domain.entries import CONTENT, chained, details_of, more_objects
from server.db.sql import Row, inserting
from server.db.transactions import Reading, Transaction
from server.instants import Instant

_DUE = """
    SELECT id, hash FROM audit
     WHERE at < :before AND action IN ({events})
       AND id <= (SELECT id FROM audit WHERE at < :before ORDER BY at DESC LIMIT 1)
     ORDER BY id
     LIMIT :limit
"""
"""It is asked every minute: without the bound on ids it would read every entry of these events each time."""

_NAMES = r"""
    SELECT * FROM audit
     WHERE id > :since
       AND (actor LIKE :pattern ESCAPE '\' OR subject LIKE :pattern ESCAPE '\' OR detail LIKE :pattern ESCAPE '\')
     ORDER BY id
"""
_VOUCHERS = "SELECT detail FROM audit WHERE action IN ('audit.prune', 'audit.forget') ORDER BY id"
_ADD_OBJECT = inserting("audit_object", ("object", "entry"))
_REPLACE = "UPDATE audit SET actor = :actor, subject = :subject, detail = :detail WHERE id = :id"

OfText = Callable[[str], str]
"""Returns a text without what is to be forgotten."""

Range = tuple[int, int, str]
"""Numbers of the first and the last of consecutive entries, and the hash of the last."""


def due(reading: Reading, events: Sequence[str], before: Instant, limit: int) -> list[tuple[int, str]]:
    """Return number and hash of the oldest entries of these events, at most ``limit``, older than ``before``."""
    named = {f"event{n}": event for n, event in enumerate(events)}
    sql = _DUE.format(events=", ".join(f":{name}" for name in named))
    rows = reading.sql.tuples(sql, {**named, "before": before, "limit": limit})
    return [(int(id), hash) for id, hash in rows]


def delete(tx: Transaction, first: str, last: str) -> None:
    """Delete the entries from one id to another, both included."""
    between = {"first": first, "last": last}
    tx.sql.put("DELETE FROM audit_object WHERE entry >= :first AND entry <= :last", between)
    tx.sql.put("DELETE FROM audit WHERE id >= :first AND id <= :last", between)


def newest(reading: Reading) -> str:
    """Return the id of the newest entry, empty where there is none."""
    return reading.sql.value("SELECT MAX(id) FROM audit") or ""


def get_all(reading: Reading, ids: Iterable[str]) -> list[Row]:
    """Return the entries of these ids that are there."""
    found = (reading.sql.find("SELECT * FROM audit WHERE id = :id", {"id": id}) for id in ids)
    return [row for row in found if row is not None]


def naming(reading: Reading, parts: Iterable[Sequence[str]], since: str = "") -> list[Row]:
    """Return the entries in which a text that holds one of ``parts``, each in its order, may stand, oldest first.

    since: the id of the entry behind which they are looked for.
    """
    found: dict[str, Row] = {}
    for each in parts:
        rows = reading.sql.each(_NAMES, {"since": since, "pattern": f"%{'%'.join(map(_escaped, each))}%"})
        found |= {row["id"]: row for row in rows}
    return [found[id] for id in sorted(found)]


def _escaped(part: str) -> str:
    text = json.dumps(part, ensure_ascii=False)[1:-1]
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def replace(tx: Transaction, row: Row, without: OfText) -> str | None:
    """Replace names in an entry, and return the digest of what it says then; None when it says the same as before."""
    new = {**row, "actor": without(row["actor"]), "subject": without(row["subject"])}
    new["detail"] = json.dumps(_replaced(json.loads(row["detail"]), without), ensure_ascii=False)
    if new == row:
        return None
    tx.sql.put(_REPLACE, {name: new[name] for name in ("id", "actor", "subject", "detail")})
    tx.sql.put("DELETE FROM audit_object WHERE entry = :entry", {"entry": row["id"]})
    tx.sql.run_each(_ADD_OBJECT, ({"object": each, "entry": row["id"]} for each in more_objects(new)))
    return digest(new)


def digest(row: Mapping[str, Any]) -> str:
    """Return what vouches for the text of an entry that was replaced, together with the hash that it has kept."""
    return chained(row["hash"], {name: row[name] for name in CONTENT})


def vouched(reading: Reading) -> tuple[dict[int, tuple[int, str]], dict[str, str]]:
    """Return what later entries vouch for: ranges that are gone by their first number, and digests by id."""
    gone: dict[int, tuple[int, str]] = {}
    replaced: dict[str, str] = {}
    for row in reading.sql.each(_VOUCHERS):
        details = details_of(row)
        gone |= {first: (last, hash) for first, last, hash in _ranges_in(details.get("ranges"))}
        digests = details.get("replaced")
        replaced |= digests if isinstance(digests, dict) else {}
    return gone, replaced


def _ranges_in(told: Any) -> Iterator[Range]:
    """Yield the ranges that an entry tells of; what is none was forged, and vouches for nothing."""
    for each in told if isinstance(told, list) else ():
        if isinstance(each, list) and [*map(type, each)] == [int, int, str] and 0 < each[0] <= each[1]:
            yield each[0], each[1], each[2]


def _replaced(value: Any, without: OfText) -> Any:
    """Return a JSON value with each text in it, as a value and as a name, as ``without`` has it."""
    if isinstance(value, dict):
        return {without(name): _replaced(each, without) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, without) for each in value]
    return without(value) if isinstance(value, str) else value
