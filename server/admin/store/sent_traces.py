"""Reads and rewrites what was sent: submissions, what was rejected of them, and their files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.instants import Instant
from server.submissions.store import thumbnails


class Placeholder(NamedTuple):
    """The content that stands in the place of a file that was deleted; it is on disk already."""

    sha256: str
    size: int
    media_type: str


_WITHOUT_LEDGER = """
    id NOT IN (SELECT submission FROM change WHERE submission IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM revision WHERE revision.submission = submission.id)
"""
"""Changes are read once for all: they have no index by submission, which every submission would have to pay for."""

_DUE = {
    "answers": f"received_at < :before AND cleared_at IS NULL AND {_WITHOUT_LEDGER}",
    "submission": f"received_at < :before AND cleared_at IS NULL AND NOT ({_WITHOUT_LEDGER})",
}
"""By kind of ``data/retention.csv``: what was sent without writing to any ledger, and what is the origin of records."""

_DUE_BODIES = """
    received_at < :before AND cleared_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM problem WHERE problem.kept_body = kept_body.sha256 AND problem.settled_at IS NULL)
"""
_NO_NAMES = (
    "NOT EXISTS (SELECT 1 FROM submission_file WHERE submission_file.sha256 = blob_to_delete.sha256)"
    " AND NOT EXISTS (SELECT 1 FROM kept_file WHERE kept_file.sha256 = blob_to_delete.sha256)"
    " AND NOT EXISTS (SELECT 1 FROM sent_file WHERE sent_file.sha256 = blob_to_delete.sha256)"
)


def submissions(reading: Reading, since: int) -> Iterator[Row]:
    """Yield ``id``, ``form``, ``root``, ``instance_name`` and ``xml`` of every submission after a seq, oldest first."""
    sql = "SELECT id, form, root, instance_name, xml FROM submission WHERE seq > :since ORDER BY seq"
    return reading.sql.stream(sql, {"since": since})


def of_roots(reading: Reading, ids: list[str]) -> list[Row]:
    """Return all versions of the submissions of which one is among ``ids``, as ``submissions`` does."""
    found: dict[str, Row] = {}
    for id in ids:
        rows = reading.sql.rows(
            """
            SELECT version.id, version.form, version.root, version.instance_name, version.xml
              FROM submission JOIN submission AS version
                ON version.form = submission.form AND version.instance_id = submission.root
             WHERE submission.id = :id AND version.deprecates IS NULL
             UNION ALL
            SELECT version.id, version.form, version.root, version.instance_name, version.xml
              FROM submission JOIN submission AS version
                ON version.form = submission.form AND version.root = submission.root
             WHERE submission.id = :id AND version.deprecates IS NOT NULL
            """,
            {"id": id},
        )
        found |= {row["id"]: row for row in rows}
    return [*found.values()]


def of_record(reading: Reading, record: str) -> list[str]:
    """Return the ids of the submissions that wrote a record."""
    sql = "SELECT DISTINCT submission FROM change WHERE record = :record AND submission IS NOT NULL"
    return [id for (id,) in reading.sql.tuples(sql, {"record": record})]


def bodies(reading: Reading) -> list[str]:
    """Return the hashes of everything that was rejected, as it came in, oldest first."""
    return [sha256 for (sha256,) in reading.sql.tuples("SELECT sha256 FROM kept_body ORDER BY received_at, sha256")]


def form_of_body(reading: Reading, sha256: str) -> str:
    """Return which form something that was rejected names."""
    return str(reading.sql.value("SELECT form FROM kept_body WHERE sha256 = :sha256", {"sha256": sha256}))


def body(reading: Reading, sha256: str) -> bytes:
    """Return the XML of something that was rejected."""
    return bytes(reading.sql.value("SELECT xml FROM kept_body WHERE sha256 = :sha256", {"sha256": sha256}))


def rewrite_submission(tx: Transaction, id: str, xml: bytes, name: str | None, sent_sha256: str) -> None:
    """Keep another XML and name of a submission. sent_sha256: of the XML that is replaced, kept the first time."""
    tx.sql.put(
        """
        UPDATE submission SET xml = :xml, instance_name = :name, sent_sha256 = COALESCE(sent_sha256, :sent)
         WHERE id = :id
        """,
        {"xml": xml, "name": name, "sent": sent_sha256, "id": id},
    )


def rewrite_body(tx: Transaction, sha256: str, xml: bytes) -> None:
    """Keep another XML of something that was rejected; it is still known by the hash of what came in."""
    tx.sql.put("UPDATE kept_body SET xml = :xml WHERE sha256 = :sha256", {"xml": xml, "sha256": sha256})


def files_of(reading: Reading, id: str) -> list[str]:
    """Return the names of the files of a submission."""
    sql = "SELECT DISTINCT name FROM submission_file WHERE submission = :id ORDER BY name"
    return [name for (name,) in reading.sql.tuples(sql, {"id": id})]


def files_of_body(reading: Reading, sha256: str) -> list[str]:
    """Return the names of the files that came with something that was rejected."""
    sql = "SELECT DISTINCT name FROM kept_file WHERE body = :body ORDER BY name"
    return [name for (name,) in reading.sql.tuples(sql, {"body": sha256})]


def rename_file(tx: Transaction, submission: str, name: str, new: str) -> None:
    """Give a file of a submission another name."""
    sql = "UPDATE submission_file SET name = :new WHERE submission = :submission AND name = :name"
    tx.sql.put(sql, {"submission": submission, "name": name, "new": new})


def rename_body_file(tx: Transaction, body: str, name: str, new: str) -> None:
    """Give a file of something that was rejected another name."""
    sql = "UPDATE kept_file SET name = :new WHERE body = :body AND name = :name"
    tx.sql.put(sql, {"body": body, "name": name, "new": new})


def replace_file(tx: Transaction, submission: str, name: str, by: Placeholder) -> int:
    """Let a placeholder stand in the place of a file, of all its contents; return 0 where it does already."""
    where = {"submission": submission, "name": name}
    rows = tx.sql.rows("SELECT * FROM submission_file WHERE submission = :submission AND name = :name", where)
    old = [row["sha256"] for row in rows if row["sha256"] != by.sha256]
    if not old:
        return 0
    first = rows[0]
    tx.sql.put("DELETE FROM submission_file WHERE submission = :submission AND name = :name", where)
    tx.sql.put(
        """
        INSERT INTO submission_file (submission, name, sha256, size, media_type, declared_type, expected, carried,
                                     received_at)
        VALUES (:submission, :name, :sha256, :size, :media_type, :media_type, :expected, :carried, :received_at)
        """,
        {**first, **by._asdict(), "expected": max(row["expected"] for row in rows)},
    )
    no_longer_named(tx, old)
    return 1


def delete_body_files(tx: Transaction, body: str) -> int:
    """Delete the files of something that was rejected, and return how many there were."""
    found = [sha for (sha,) in tx.sql.tuples("SELECT sha256 FROM kept_file WHERE body = :body", {"body": body})]
    tx.sql.put("DELETE FROM kept_file WHERE body = :body", {"body": body})
    no_longer_named(tx, found)
    return len(found)


def no_longer_named(tx: Transaction, found: list[str]) -> None:
    """Note that these are to be deleted, unless a row still names them."""
    sql = "INSERT INTO blob_to_delete (sha256, asked_at) VALUES (:sha256, :now) ON CONFLICT (sha256) DO NOTHING"
    tx.sql.run_each(sql, [{"sha256": sha256, "now": tx.now} for sha256 in found])


def to_delete(reading: Reading) -> list[str]:
    """Return the hashes of the files that are to be deleted and that no row names."""
    return [sha for (sha,) in reading.sql.tuples(f"SELECT sha256 FROM blob_to_delete WHERE {_NO_NAMES}")]


def forget_deleted(tx: Transaction, sha256s: list[str]) -> None:
    """Note that nothing is to be deleted any more. sha256s: of what has been."""
    thumbnails.forget(tx, sha256s)
    tx.sql.put("DELETE FROM blob_to_delete")


def forget(tx: Transaction, sha256s: list[str]) -> None:
    """Note that these are deleted."""
    thumbnails.forget(tx, sha256s)
    sql = "DELETE FROM blob_to_delete WHERE sha256 = :sha256"
    tx.sql.run_each(sql, [{"sha256": sha256} for sha256 in sha256s])


def count_due(reading: Reading, kind: str, before: Instant) -> int:
    """Return how many submissions of a kind (``answers``, ``submission``) are past their time."""
    return int(reading.sql.value(f"SELECT COUNT(*) FROM submission WHERE {_DUE[kind]}", {"before": before}))


def due(reading: Reading, kind: str, before: Instant, limit: int) -> list[Row]:
    """Return the oldest of them, at most ``limit``, as ``submissions`` does."""
    sql = f"SELECT id, form, root, instance_name, xml FROM submission WHERE {_DUE[kind]} ORDER BY seq LIMIT :limit"
    return reading.sql.rows(sql, {"before": before, "limit": limit})


def mark_cleared(tx: Transaction, id: str) -> None:
    """Note that the personal answers of a submission are masked."""
    tx.sql.put("UPDATE submission SET cleared_at = :now WHERE id = :id", {"now": tx.now, "id": id})


def mark_body_cleared(tx: Transaction, sha256: str) -> None:
    """Note that nothing of what was rejected can be read any more."""
    tx.sql.put("UPDATE kept_body SET cleared_at = :now WHERE sha256 = :sha256", {"now": tx.now, "sha256": sha256})


def due_bodies(reading: Reading, before: Instant) -> list[str]:
    """Return what was rejected, is settled and past its time, by hash."""
    sql = f"SELECT sha256 FROM kept_body WHERE {_DUE_BODIES} ORDER BY received_at, sha256"
    return [sha for (sha,) in reading.sql.tuples(sql, {"before": before})]
