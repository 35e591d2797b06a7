"""Reads the head of the audit's chain, and what was written down of it on earlier days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from server.audit.domain.entries import details_of, id_of
from server.audit.store import removal
from server.db.sql import ENGINE_ERRORS, EngineError
from server.db.transactions import Reading


class Head(NamedTuple):
    """The newest entry as of a local day: its number and hash, and the epoch of the database then."""

    day: str
    number: int
    hash: str
    epoch: str


def current(reading: Reading, day: str) -> Head:
    """Return the head as it is now. day: the local day."""
    row = reading.sql.find("SELECT number, hash FROM audit_head") or {"number": 0, "hash": ""}
    epoch = reading.sql.value("SELECT value FROM setting WHERE name = 'epoch'")
    return Head(day, row["number"], row["hash"], str(epoch))


def contradicted(reading: Reading, heads: Iterable[Head]) -> Iterator[Head]:
    """Yield the heads that the chain does not have any more, though nothing says that it should not.

    An entry that was pruned is vouched for by another. What came after an older copy of the database is lost when that
    copy is put back; the new epoch that it takes is an entry of its own, and tells of it.
    """
    try:
        gone, _ = removal.vouched(reading)
        put_back = _put_back(reading)
    except ENGINE_ERRORS as error:  # bytes that are no text: nothing vouches for anything
        if isinstance(error, EngineError) and error.is_failure:
            raise
        yield from heads
        return
    for head in heads:
        hash = reading.sql.value("SELECT hash FROM audit WHERE id = :id", {"id": id_of(head.number)})
        is_lost = head.number >= put_back.get(head.epoch, head.number + 1)
        is_gone = hash is None and any(first <= head.number <= last for first, (last, _) in gone.items())
        if head.number > 0 and hash != head.hash and not is_lost and not is_gone:
            yield head


def _put_back(reading: Reading) -> dict[str, int]:
    """Return the number of the entry by which each former epoch ended."""
    rows = reading.sql.each("SELECT id, detail FROM audit WHERE action = 'epoch.new' ORDER BY id")
    return {str(details_of(row).get("before")): int(row["id"]) for row in rows if row["id"].isdecimal()}
