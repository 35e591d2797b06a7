"""Replaces the photos that changes announce, whose bytes came apart from any submission, and what uploads are called.

A photo stands in the history by its hash; who has sent its bytes is kept beside it, and both have to be another's.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from server.admin.store.personal_traces import OfText
from server.admin.store.sent_traces import Placeholder, no_longer_named
from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.photos.domain import tus
from server.submissions.store import sent_files
from server.submissions.store.sent_files import SentFile

_NO_LONGER_SENT = """
    DELETE FROM sent_file
     WHERE sha256 = :sha256 AND author = :author
       AND NOT EXISTS (SELECT 1 FROM change_file JOIN change ON change.id = change_file.change
                        WHERE change_file.sha256 = :sha256 AND change.author = :author)
"""
"""Others' changes may name this hash too; they have not sent it, and keep nothing by naming it."""


class Announced(NamedTuple):
    """A photo of a change. name: what the change calls it. field: whose answer it is, empty for none."""

    name: str
    field: str


def photos_of(row: Row) -> list[Announced]:
    """Return the photos of a row of ``announcing``."""
    fields = {new: name for name, new in _written(row["fields"])}
    return [Announced(name, fields.get(name, "")) for name, *_ in row["files"]]


def announcing(reading: Reading, id: str) -> list[Row]:
    """Return ``record``, ``change``, ``type``, ``author``, ``fields`` and ``files`` of changes that announce photos.

    id: of a record, whose changes are meant, or of a change that has made none.
    """
    found: dict[str, Row] = {}
    for row in reading.sql.rows(
        """
        SELECT revision.record, revision.change, change.type, change.author, revision.received, revision.attachments
          FROM revision JOIN change ON change.id = revision.change
         WHERE revision.record = :id AND revision.attachments IS NOT NULL
        """,
        {"id": id},
    ):
        fields, files = orjson.loads(row.pop("received")), orjson.loads(row.pop("attachments"))
        found[row["change"]] = {**row, "fields": fields, "files": files}
    for row in reading.sql.rows(
        """
        SELECT record, id AS change, type, author, body FROM change
         WHERE body IS NOT NULL AND (record = :id OR id = :id)
        """,
        {"id": id},
    ):
        body = orjson.loads(row.pop("body"))
        found.setdefault(row["change"], {**row, "fields": body["fields"], "files": body.get("attachments", ())})
    return [*found.values()]


def announcing_change(reading: Reading, change: str) -> list[Row]:
    """Return the same of one change, for each record that it has a revision of."""
    records = reading.sql.tuples("SELECT DISTINCT record FROM revision WHERE change = :change", {"change": change})
    found = [row for (id,) in [*records] for row in announcing(reading, id) if row["change"] == change]
    return found or [row for row in announcing(reading, change) if row["change"] == change]


def _written(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return ((name, write[-1] if isinstance(write, list) else write) for name, write in fields.items())


def replace(tx: Transaction, row: Row, gone: Collection[str], by: Placeholder) -> int:
    """Let a placeholder stand in the place of the photos of a row of ``announcing`` whose names are ``gone``.

    Returns how many were others before.
    """
    where = {"record": row["record"], "change": row["change"], "author": row["author"]}
    old = {sha256 for name, sha256, *_ in row["files"] if name in gone and sha256 != by.sha256}
    if not old:
        return 0
    new = [[name, *by] if name in gone else [name, *more] for name, *more in row["files"]]
    files = orjson.dumps(new).decode()
    tx.sql.put(
        """
        UPDATE revision SET attachments = :files
         WHERE record = :record AND change = :change AND attachments IS NOT NULL
        """,
        {"files": files, **where},
    )
    for kept in tx.sql.rows("SELECT body FROM change WHERE id = :change AND body IS NOT NULL", where):
        body = orjson.dumps({**orjson.loads(kept["body"]), "attachments": new}).decode()
        tx.sql.put("UPDATE change SET body = :body WHERE id = :change", {"body": body, **where})
    sent_files.add(tx, SentFile(*by), row["author"])
    still = {sha256 for _, sha256, *_ in new}
    for sha256 in sorted(old - still):
        named = {"sha256": sha256, **where}
        tx.sql.put("DELETE FROM change_file WHERE sha256 = :sha256 AND change = :change", named)
        tx.sql.put(_NO_LONGER_SENT, named)
    add = "INSERT INTO change_file (sha256, change) VALUES (:sha256, :change) ON CONFLICT DO NOTHING"
    tx.sql.put(add, {"sha256": by.sha256, **where})
    no_longer_named(tx, sorted(old))
    return len(old)


def rewrite_uploads(tx: Transaction, without: OfText) -> int:
    """Replace what is forgotten in what clients call their uploads (``Upload-Metadata``); return how many changed."""
    changed = 0
    for row in tx.sql.rows("SELECT id, metadata FROM upload WHERE metadata <> ''"):
        told = tus.metadata_of(row["metadata"])
        new = {key: without(value) for key, value in told.items()}
        if new != told:
            metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in new.items())
            tx.sql.put("UPDATE upload SET metadata = :metadata WHERE id = :id", {"metadata": metadata, "id": row["id"]})
            changed += 1
    return changed
