"""Stores which contents people have sent apart from a submission: by upload, or with the form of a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from server.db.sql import Row, inserting
from server.db.transactions import Reading, Transaction
from server.instants import Instant
from server.people.store.display_names import batches
from server.submissions.store import thumbnails


class SentFile(NamedTuple):
    """A whole content that is kept. sha256: lower-case hex. size: in bytes. media_type: as its bytes say."""

    sha256: str
    size: int
    media_type: str


_ADD = inserting("sent_file", ("sha256", "author", "size", "media_type", "received_at")) + (
    " ON CONFLICT (sha256, author) DO UPDATE SET received_at = excluded.received_at"
)
_UNNAMED = "NOT EXISTS (SELECT 1 FROM change_file WHERE change_file.sha256 = sent_file.sha256)"


def add(tx: Transaction, file: SentFile, author: str) -> None:
    """Note that ``author`` has sent all of a content, which is on the disk already."""
    tx.sql.put(_ADD, {**file._asdict(), "author": author, "received_at": tx.now})
    thumbnails.ask(tx, [file.sha256])


def sent(reading: Reading, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], SentFile]:
    """Return those contents that are in, of (sha256, author): each as its author has sent it."""
    wanted = set(pairs)
    found: dict[tuple[str, str], SentFile] = {}
    for listed, values in batches({sha256 for sha256, _ in wanted}):
        rows = reading.sql.each(
            f"SELECT sha256, author, size, media_type FROM sent_file WHERE sha256 IN ({listed})", values
        )
        for row in rows:
            key = row["sha256"], row.pop("author")
            if key in wanted:
                found[key] = SentFile(**row)
    return found


def unnamed_bytes(reading: Reading, author: str) -> int:
    """Return how many bytes of contents somebody has sent that no change names yet."""
    sql = f"SELECT COALESCE(SUM(size), 0) FROM sent_file WHERE author = :author AND {_UNNAMED}"
    return int(reading.sql.value(sql, {"author": author}))


def unnamed(reading: Reading, before: Instant, limit: int) -> list[Row]:
    """Return ``sha256`` and ``author`` of contents that were sent before an instant and that no change has named."""
    sql = f"SELECT sha256, author FROM sent_file WHERE received_at < :before AND {_UNNAMED} LIMIT :limit"
    return reading.sql.rows(sql, {"before": before, "limit": limit})


def let_go(tx: Transaction, found: Sequence[Row], before: Instant) -> None:
    """Give up contents that ``unnamed`` found, as far as nobody has sent or named them since.

    Their files are to be deleted, unless another row names them (``server.admin.usecases.unneeded_files``).
    """
    where = f"sha256 = :sha256 AND author = :author AND received_at < :before AND {_UNNAMED}"
    tx.sql.run_each(f"DELETE FROM sent_file WHERE {where}", [{**row, "before": before} for row in found])
    note = "INSERT INTO blob_to_delete (sha256, asked_at) VALUES (:sha256, :now) ON CONFLICT (sha256) DO NOTHING"
    tx.sql.run_each(note, [{"sha256": row["sha256"], "now": tx.now} for row in found])
