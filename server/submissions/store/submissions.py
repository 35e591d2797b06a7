"""Stores submissions and their attachments, byte for byte and for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from server.db.sql import InsertInto, Lookup, inserting
from server.db.transactions import Reading, Transaction
from server.errors import NotFound
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.store import display_names, scopes
from server.pictures import media_types
from server.submissions.domain.submissions import Attachment
from server.submissions.store import thumbnails
from sync.values import frozen

_PLAIN = (
    "id", "form", "form_version", "instance_id", "root", "deprecates", "current", "seq", "receipt", "author", "path",
    "received_at", "device", "user_agent", "instance_name", "review_state", "files_expected", "files_present",
)  # fmt: skip
_VERSIONS = "(deprecates IS NULL AND instance_id = :filter_root OR deprecates IS NOT NULL AND root = :filter_root)"
"""All versions of one submission, by its root: the first is found by its own id."""

_INSERT = InsertInto("submission", *_PLAIN, "xml")
_plain = attrgetter(*_PLAIN)
_INSERT_FILE = inserting(
    "submission_file",
    ("submission", "name", "sha256", "size", "media_type", "declared_type", "expected", "carried", "received_at"),
) + " ON CONFLICT (submission, name, sha256) DO UPDATE SET carried = 0"  # fmt: skip


@frozen
class StoredSubmission:
    """One version of a submission. root: instance id of the first version, which names all of them.

    current: 1 for the newest version, else 0. receipt: the number on the worker's receipt.
    files_expected, files_present: how many file names the XML holds, and how many of those files have come.
    """

    id: str
    form: str
    form_version: str
    instance_id: str
    root: str
    deprecates: str | None
    current: int
    seq: int
    receipt: str
    author: str
    path: str
    received_at: Instant
    device: str | None
    user_agent: str | None
    instance_name: str | None
    review_state: str | None
    files_expected: int
    files_present: int


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """An attachment of a submission; several contents of one name may be stored, the first one is served.

    media_type: as its bytes say; of what came before 2026-12 as the phone called it. declared_type: as the phone called
    it.
    """

    name: str
    sha256: str
    size: int
    media_type: str
    declared_type: str
    expected: int
    carried: int
    received_at: Instant

    @property
    def is_picture(self) -> bool:
        """Say whether it counts as a picture, be it a broken one."""
        return media_types.is_picture(self.media_type, self.declared_type)


def add(tx: Transaction, stored: StoredSubmission, xml: bytes) -> None:
    """Store one version of a submission with its bytes."""
    tx.sql.insert(_INSERT, (*_plain(stored), xml))


class Presence(NamedTuple):
    """What is stored already of a POST: this submission, and a rejected one with the same bytes."""

    submission: bool
    rejected: bool


def presence(tx: Transaction, form: str, instance_id: str, sha256: str) -> Presence:
    """Return by one statement what is stored already of a POST: most submissions are new and need no further reading.

    sha256: of the XML as sent.
    """
    lookup = presence_lookup(form, instance_id, sha256)
    return Presence(*map(bool, next(tx.sql.tuples(lookup.sql, lookup.parameters))))


def presence_lookup(form: str, instance_id: str, sha256: str) -> Lookup:
    """Return what ``presence`` asks."""
    asked = {"form": form, "instance_id": instance_id, "sha256": sha256}
    return Lookup(_PRESENCE, asked, (instance_id, sha256))


_PRESENCE = """
    SELECT EXISTS (SELECT 1 FROM submission WHERE form = :form AND instance_id = :instance_id),
           EXISTS (SELECT 1 FROM kept_body WHERE sha256 = :sha256)
"""


def find(tx: Transaction, form: str, instance_id: str) -> StoredSubmission | None:
    """Return the version of ``form`` that carries ``instance_id``, None when it never arrived."""
    row = tx.sql.find(
        f"SELECT {', '.join(_PLAIN)} FROM submission WHERE form = :form AND instance_id = :instance_id",
        {"form": form, "instance_id": instance_id},
    )
    return None if row is None else StoredSubmission(**row)


def id_of(tx: Transaction, form: str, instance_id: str) -> str:
    """Return the id of a version that is known to be stored."""
    return str(
        tx.sql.value(
            "SELECT id FROM submission WHERE form = :form AND instance_id = :instance_id",
            {"form": form, "instance_id": instance_id},
        )
    )


def xml_of(reading: Reading, id: str) -> bytes:
    """Return the bytes of a version as they were sent; the caller has found it inside a scope."""
    return bytes(reading.sql.value("SELECT xml FROM submission WHERE id = :id", {"id": id}))


def was_sent_as(reading: Reading, id: str, sha256: str) -> bool:
    """Return whether a submission came in as bytes of this hash: names may have been taken out of what is kept."""
    # Of changes only those that no revision holds have an index by submission; the others are found by their revision.
    sql = """
        SELECT EXISTS (
            SELECT 1 FROM revision JOIN change ON change.id = revision.change
             WHERE revision.submission = :id AND change.content = :sha256
             UNION ALL
            SELECT 1 FROM change WHERE submission = :id AND body IS NOT NULL AND content = :sha256
             UNION ALL
            SELECT 1 FROM submission WHERE id = :id AND sent_sha256 = :sha256
        )
    """
    return bool(reading.sql.value(sql, {"id": id, "sha256": sha256}))


def move(tx: Transaction, id: str, path: str) -> None:
    """Set the ``path`` that a submission belongs to, once the record that it made is known."""
    tx.sql.put("UPDATE submission SET path = :path WHERE id = :id", {"id": id, "path": path})


def files_present(reading: Reading, id: str) -> int:
    """Return how many of the files that a submission names have come."""
    return int(reading.sql.value("SELECT files_present FROM submission WHERE id = :id", {"id": id}))


def supersede(tx: Transaction, id: str) -> None:
    """Mark a version as replaced by an edit."""
    tx.sql.put("UPDATE submission SET current = 0 WHERE id = :id", {"id": id})


def add_attachments(tx: Transaction, id: str, files: Iterable[tuple[Attachment, bool]], *, carried: int) -> None:
    """Store attachments of a submission, each with whether its XML names it. carried: 1 for those of an older one."""
    pictures = set[str]()
    for file, expected in files:
        if media_types.is_picture(file.media_type, file.declared_type):
            pictures.add(file.sha256)
        tx.sql.put(
            _INSERT_FILE,
            {
                "submission": id,
                "name": file.name,
                "sha256": file.sha256,
                "size": file.size,
                "media_type": file.media_type,
                "declared_type": file.declared_type,
                "expected": int(expected),
                "carried": carried,
                "received_at": tx.now,
            },
        )
    thumbnails.ask(tx, sorted(pictures))
    tx.sql.put(
        """
        UPDATE submission
           SET files_present = (
             SELECT COUNT(DISTINCT name) FROM submission_file WHERE submission = :id AND expected = 1)
         WHERE id = :id
        """,
        {"id": id},
    )


def attachments_of(reading: Reading, id: str) -> list[StoredAttachment]:
    """Return the attachments of a version, the one that is served first for each name."""
    rows = reading.sql.each(
        """
        SELECT name, sha256, size, media_type, declared_type, expected, carried, received_at
          FROM submission_file
         WHERE submission = :id
         ORDER BY name, carried, received_at, sha256
        """,
        {"id": id},
    )
    return [StoredAttachment(**row) for row in rows]


def get(reading: Reading, id: str, scope: Scope) -> StoredSubmission:
    """Return the version ``id`` inside ``scope``. Raises NotFound when there is none there."""
    inside, values = scopes.by_place_or_author(scope)
    row = reading.sql.find(
        f"SELECT {', '.join(_PLAIN)} FROM submission WHERE id = :id AND {inside}", {"id": id, **values}
    )
    if row is None:
        raise NotFound("没有这份提交，或它不在您的管辖范围内。", submission=id)
    return StoredSubmission(**row)


def in_scope(reading: Reading, ids: Iterable[str], scope: Scope) -> frozenset[str]:
    """Return those of ``ids`` that are inside ``scope``, as ``get`` would find them."""
    inside, values = scopes.by_place_or_author(scope)
    found: set[str] = set()
    for listed, batch in display_names.batches(ids):
        sql = f"SELECT id FROM submission WHERE id IN ({listed}) AND {inside}"
        found |= {str(id) for (id,) in reading.sql.tuples(sql, {**batch, **values})}
    return frozenset(found)


def list_stored(
    reading: Reading, scope: Scope, *, filters: Mapping[str, str], bounds: tuple[str, str] | None, before: int | None,
    limit: int,
) -> Iterator[StoredSubmission]:  # fmt: skip
    """Yield up to ``limit`` versions inside ``scope``, newest first.

    filters: ``form``, ``author``, ``root`` or ``instance_id`` to value. bounds: range of paths. before: seq of
    the last one of the page before.
    """
    inside, values = scopes.by_place_or_author(scope)
    terms, numbers = [inside], {"limit": limit}
    for column in ("form", "author", "root", "instance_id", "receipt"):
        if column in filters:
            terms.append(_VERSIONS if column == "root" else f"{column} = :filter_{column}")
            values[f"filter_{column}"] = filters[column]
    if bounds is not None:
        terms.append("path >= :from_path AND path < :to_path")
        values |= {"from_path": bounds[0], "to_path": bounds[1]}
    if before is not None:
        terms.append("seq < :before")
        numbers["before"] = before
    rows = reading.sql.each(
        f"SELECT {', '.join(_PLAIN)} FROM submission WHERE {' AND '.join(terms)} ORDER BY seq DESC LIMIT :limit",
        {**values, **numbers},
    )
    return (StoredSubmission(**row) for row in rows)
