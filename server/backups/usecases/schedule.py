"""Makes backups at the times of the day that the settings name, beside a running server.

One process serves a folder, so one makes its backups. It looks each minute what the database remembers of the last one;
a server that was down at the time makes it when it is up again.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import time
from pathlib import Path

from server import background
from server.admin.store import backup_facts
from server.audit.domain.entries import SERVER
from server.backups.domain import keeping
from server.backups.store import copying
from server.backups.store.copying import Pace
from server.backups.usecases import making, orders
from server.backups.usecases.making import Made
from server.backups.usecases.orders import Order
from server.db.database import Database
from server.errors import Refusal
from server.instants import Instant
from server.log import log
from server.replication.store import epochs


class Keeper:
    """Makes the backups of one folder when they are due.

    order: what is made each time. times: of the local day.
    """

    def __init__(self, database: Database, order: Order, times: Sequence[time]) -> None:
        self._database = database
        self._order = order
        self._times = times
        self._failed_at: Instant = ""
        """Of this server's last try, empty where it was finished: who has mended something and starts it anew does not
        wait for the next."""

    def round(self) -> None:
        """Make a backup and delete the sets that are not kept, if one is due; what refuses it is in the log."""
        self._begin()
        with self._database.reading() as reading:
            last, now = backup_facts.last_backup(reading), reading.now
        # Where the settings have come to name another folder, what lies in the old one is no backup of today.
        finished_at = last.finished_at if last.folder == str(self._order.to.resolve()) else ""
        if not keeping.is_due(finished_at, self._failed_at, now, self._times):
            return
        try:
            made, gone = background.giving_way(self._make, self._order.pace.stop)
        except Refusal as refusal:
            log.error("backup failed", problem=refusal.message, cause=repr(refusal.__cause__))
            self._failed_at = now
            return
        self._failed_at = ""
        log.info("backup made", set=made.set.path.name, photos=made.photos, missing=len(made.missing), gone=len(gone))

    def _make(self) -> tuple[Made, Sequence[str]]:
        return making.make(self._database, self._order), making.prune(self._database, self._order.to)

    def _begin(self) -> None:
        """Let nothing count as durable that no backup covers, from the first round on."""
        with self._database.reading() as reading:
            if epochs.is_backed_up(reading):
                return
        self._database.write(lambda tx: epochs.cover(tx, 0))


def order_of(
    database: Database, to: Path, keys: Sequence[str], stopping: threading.Event, disk_free_bytes_min: int
) -> Order:
    """Return what a server makes each time. keys: public keys of ``age``.

    Raises Invalid for a key that is none, and for a folder within the data folder.
    """
    orders.require_apart(database.folder, to)
    pace = Pace(copying.BESIDE_A_SERVER, stopping)
    return Order(to, SERVER, copying.recipients_of(keys), pace, disk_free_bytes_min)
