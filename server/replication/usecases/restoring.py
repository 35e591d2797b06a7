"""Takes a new epoch when an older copy of the data was put back (``sync.md`` section 5).

All in one transaction, so that a process that dies on the way leaves the old epoch whole, and the next sign of the copy
begins again:

1. The sign is looked at once more: of two clients that noticed, the second finds the new epoch and takes none.
2. Every record moves on by a thousand versions with a revision of its own: no number means two things, and a phone
   takes the server's row, whatever it held. What is made later is raised alike, since it may have been here before.
3. The new epoch stands; cursors of the old one are worth nothing, and clients offer again what they had sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Transaction
from server.records.store.epoch_raises import VERSIONS
from server.replication.store import epochs, raised_versions
from server.replication.store.epochs import Mark


def notice(tx: Transaction, told: Iterable[Mark]) -> str | None:
    """Take a new epoch if one of the marks ``told`` is ahead of this database; return it, None when none is.

    told: marks that this database has signed.
    """
    ahead = [each for each in told if epochs.is_behind(tx, each)]
    if not ahead:
        return None
    return take_new_epoch(tx, "server", after=max(each.restores or 0 for each in ahead))


def take_new_epoch(tx: Transaction, by: str, *, after: int = 0) -> str:
    """Take a new epoch, whose number is above this database's own and above ``after``; return it.

    by: who says so, for the audit.
    """
    before, restores = epochs.current(tx), epochs.restores(tx)
    number = max(restores, after) + 1
    epoch = UUID(tx.new_id()).hex
    records = raised_versions.raise_all(tx, VERSIONS * (number - restores), epoch)
    epochs.replace(tx, epoch, number)
    detail = {"before": before, "number": number, "records": records}
    record(tx, Entry("epoch.new", by, epoch, detail))
    return epoch
