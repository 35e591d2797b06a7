"""Raises the version of every record at once: a new epoch begins with numbers that none before has given out."""

from __future__ import annotations

from server.db.transactions import Transaction
from server.records.store import epoch_raises

RECORDS_AT_ONCE = 10_000
"""How many records are held in memory at a time."""

_RECORDS = """
    SELECT id, type, version, born_seq FROM record WHERE born_seq > :after ORDER BY born_seq LIMIT :limit
"""


def raise_all(tx: Transaction, by: int, epoch: str) -> int:
    """Raise every record by ``by`` versions, each with a revision that changes nothing else; return how many.

    epoch: the new one, which the verdicts of these revisions name as their content. Every list has changed then; when a
    record was last updated has not, so that figures of the past need not look at all of them.
    """
    raised, after = 0, -1
    while records := list(tx.sql.tuples(_RECORDS, {"after": after, "limit": RECORDS_AT_ONCE})):
        epoch_raises.add(tx, [epoch_raises.row(tx, *record[:3], by=by, epoch=epoch) for record in records])
        raised, after = raised + len(records), records[-1][-1]
    tx.raise_every_bucket(tx.next_seq())
    return raised
