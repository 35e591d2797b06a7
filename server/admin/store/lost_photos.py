"""Marks photos whose bytes are lost as not here: what names them shows them as under way, and takes them again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from server.db.transactions import Reading, Transaction

_NAMED = """
    SELECT 'submission' AS place, submission.form || ' ' || submission.receipt AS object, submission_file.name
      FROM submission_file JOIN submission ON submission.id = submission_file.submission
     WHERE submission_file.sha256 = :sha256
     UNION ALL
    SELECT 'rejected', body, name FROM kept_file WHERE sha256 = :sha256
     UNION ALL
    SELECT 'change', change.record, '' FROM change_file JOIN change ON change.id = change_file.change
     WHERE change_file.sha256 = :sha256
     ORDER BY 1, 2, 3
"""
_COUNT_AGAIN = """
    UPDATE submission
       SET files_present = (
         SELECT COUNT(DISTINCT name) FROM submission_file WHERE submission = submission.id AND expected = 1)
     WHERE id = :id
"""


class LostPhoto(NamedTuple):
    """Something that names a lost photo.

    place: ``submission``, ``change``, or ``rejected`` for what was sent and not taken. object: form and number of the
    receipt, id of the record, or hash of the rejected text. name: of the photo there, empty for that of a change.
    """

    sha256: str
    place: str
    object: str
    name: str


def named(reading: Reading, sha256: str) -> list[LostPhoto]:
    """Return everything that names a photo."""
    return [LostPhoto(sha256, *row.values()) for row in reading.sql.rows(_NAMED, {"sha256": sha256})]


def mark(tx: Transaction, photos: Iterable[str]) -> list[LostPhoto]:
    """Let nothing say any more that these photos are here; return what named them.

    photos: hashes. A submission expects them as before, a change shows them as under way; whoever still has one may
    send it again.
    """
    found: list[LostPhoto] = []
    for sha256 in photos:
        found += named(tx, sha256)
        value = {"sha256": sha256}
        ids = [id for (id,) in tx.sql.tuples("SELECT submission FROM submission_file WHERE sha256 = :sha256", value)]
        for table in ("submission_file", "kept_file", "sent_file"):
            tx.sql.put(f"DELETE FROM {table} WHERE sha256 = :sha256", value)
        tx.sql.run_each(_COUNT_AGAIN, [{"id": id} for id in dict.fromkeys(ids)])
    return found
