"""Reads which files there are and who names them, and lets other contents stand in their place."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from server.admin.store import change_photos
from server.admin.store.sent_traces import Placeholder, no_longer_named
from server.db.transactions import Reading, Transaction
from server.people.store.display_names import batches
from server.submissions.store import thumbnails

_TABLES = ("submission_file", "kept_file")


def contents(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield hash and media type of every content that some row names, each once."""
    sql = """
        SELECT sha256, MIN(media_type) AS media_type
          FROM (SELECT sha256, media_type FROM submission_file UNION ALL SELECT sha256, media_type FROM kept_file
                UNION ALL SELECT sha256, media_type FROM sent_file) AS file
         GROUP BY sha256 ORDER BY sha256
    """
    return ((sha256, media_type) for sha256, media_type in reading.sql.tuples(sql))


def named_by(reading: Reading, ids: Collection[str]) -> set[str]:
    """Return the hashes of the contents that these submissions, rejected ones and records name. ids: of them."""
    found: set[str] = set()
    for listed, values in batches(set(ids)):
        sql = f"""
            SELECT sha256 FROM submission_file WHERE submission IN ({listed})
             UNION SELECT sha256 FROM kept_file WHERE body IN ({listed})
             UNION SELECT change_file.sha256 FROM change_file JOIN change ON change.id = change_file.change
                    WHERE change.record IN ({listed})
        """
        found |= {sha256 for (sha256,) in reading.sql.tuples(sql, values)}
    return found


def names(reading: Reading, since: int) -> Iterator[tuple[str, str]]:
    """Yield id and file name of each file of every submission after a seq."""
    sql = """
        SELECT DISTINCT submission_file.submission, submission_file.name
          FROM submission_file JOIN submission ON submission.id = submission_file.submission
         WHERE submission.seq > :since
    """
    return ((id, name) for id, name in reading.sql.tuples(sql, {"since": since}))


def names_of_bodies(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield hash and file name of each file of everything that was rejected."""
    sql = "SELECT DISTINCT body, name FROM kept_file"
    return ((body, name) for body, name in reading.sql.tuples(sql))


def replace(tx: Transaction, sha256: str, by: Placeholder) -> int:
    """Let another content stand in the place of one, wherever it is named; return in how many places."""
    values = {"old": sha256, **by._asdict()}
    count = 0
    for table, owner in zip(_TABLES, ("submission", "body"), strict=True):
        tx.sql.put(
            f"""
            DELETE FROM {table} WHERE sha256 = :old AND EXISTS (
                SELECT 1 FROM {table} AS other
                 WHERE other.{owner} = {table}.{owner} AND other.name = {table}.name AND other.sha256 = :sha256)
            """,
            values,
        )
        count += tx.sql.run(f"UPDATE {table} SET sha256 = :sha256, size = :size WHERE sha256 = :old", values)
    changes = [id for (id,) in tx.sql.tuples("SELECT change FROM change_file WHERE sha256 = :old", values)]
    for change in changes:
        for row in change_photos.announcing_change(tx, change):
            gone = {name for name, old, *_ in row["files"] if old == sha256}
            count += change_photos.replace(tx, row, gone, by)
    tx.sql.put("DELETE FROM sent_file WHERE sha256 = :old", values)
    if thumbnails.states(tx, [sha256]):
        thumbnails.ask(tx, [by.sha256])
    no_longer_named(tx, [sha256, by.sha256])  # where nothing named it any more, neither stays
    return count
