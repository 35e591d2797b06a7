"""Stores what the county knows of its backups: the last that was finished, and why the newest try failed.

They are settings in the database itself, so that every process of a folder reads the same, and a folder that is put
back still says when it was last backed up.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from server import instants
from server.db.transactions import Reading, Transaction
from server.instants import Instant

OLD = timedelta(days=2)
"""A backup that is older is worth a warning: one that is made each day was missed twice."""

_SET = """
    INSERT INTO setting (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_FACTS = {
    "backup_finished_at": "finished_at",
    "backup_folder": "folder",
    "backup_set": "name",
    "backup_failed_at": "failed_at",
    "backup_failure": "failure",
}
"""Names of settings, and what each is called here."""


class LastBackup(NamedTuple):
    """The last finished backup, and the failure after it if there was one.

    finished_at: when; empty when there never was one. folder: where its set lies; name: of its set. failed_at, failure:
    when and why the newest try failed, in words; empty where the newest try was finished.
    """

    finished_at: Instant = ""
    folder: str = ""
    name: str = ""
    failed_at: Instant = ""
    failure: str = ""

    def age(self, now: Instant) -> timedelta | None:
        """Return how old the last backup is, None when there never was one; zero where a clock was set back."""
        if not self.finished_at:
            return None
        return max(instants.parse(now) - instants.parse(self.finished_at), timedelta())

    def is_old(self, now: Instant) -> bool:
        """Say whether the last backup is older than ``OLD``, or there never was one."""
        age = self.age(now)
        return age is None or age > OLD


def last_backup(reading: Reading) -> LastBackup:
    """Return the last backup; all of it empty when none was ever tried."""
    rows = reading.sql.rows("SELECT name, value FROM setting WHERE name LIKE 'backup!_%' ESCAPE '!'")
    return LastBackup(**{_FACTS[row["name"]]: row["value"] for row in rows if row["name"] in _FACTS})


def record_finished(tx: Transaction, folder: str, name: str, finished_at: Instant) -> None:
    """Remember a finished backup in the place of the one before, and of any failure."""
    found = {"backup_finished_at": finished_at, "backup_folder": folder, "backup_set": name}
    tx.sql.run_each(_SET, ({"name": each, "value": value} for each, value in found.items()))
    tx.sql.put("DELETE FROM setting WHERE name IN ('backup_failed_at', 'backup_failure')")


def record_failed(tx: Transaction, failure: str) -> None:
    """Remember why a try failed. failure: in words for the office."""
    found = {"backup_failed_at": tx.now, "backup_failure": failure}
    tx.sql.run_each(_SET, ({"name": each, "value": value} for each, value in found.items()))


def series(reading: Reading) -> str | None:
    """Return the id of the series to which the county's backups belong; None before its first."""
    found: str | None = reading.sql.value("SELECT value FROM setting WHERE name = 'backup_series'")
    return found


def begin_series(tx: Transaction) -> str:
    """Return the id of the county's series of backups, made now if it has none."""
    found = series(tx)
    if found is None:
        found = tx.new_id()
        tx.sql.put(_SET, {"name": "backup_series", "value": found})
    return found


def forget_all(tx: Transaction) -> None:
    """Forget the backups of another: a copy that goes its own way has none of its own yet."""
    tx.sql.put("DELETE FROM setting WHERE name = 'durable' OR name LIKE 'backup!_%' ESCAPE '!'")
