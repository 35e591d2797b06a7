"""Keeps what phones posted, byte for byte and for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.errors import NotFound
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.store import scopes
from server.submissions.domain.submissions import SentFile

_PLAIN = (
    "id", "form", "form_version", "instance_id", "root", "deprecates", "current", "seq", "receipt", "author", "path",
    "received_at", "device", "user_agent", "instance_name", "review_state", "files_expected", "files_present",
)  # fmt: skip
_VERSIONS = "(deprecates IS NULL AND instance_id = :filter_root OR deprecates IS NOT NULL AND root = :filter_root)"
"""All versions of one submission, by its root: the first is found by its own id."""

_INSERT = inserting("submission", (*_PLAIN, "xml"))
_INSERT_FILE = inserting(
    "submission_file",
    ("submission", "name", "sha256", "size", "media_type", "expected", "carried", "received_at"),
) + " ON CONFLICT (submission, name, sha256) DO UPDATE SET carried = 0"  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of a submission. root: instance id of the first version, which names all of them.

    current: 1 for the newest version, else 0. receipt: the number that the worker was told.
    files_expected, files_present: how many file names the XML speaks of, and how many of those are here.
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
class KeptFile:
    """A file of a submission; several contents of one name may be kept, the first one is served."""

    name: str
    sha256: str
    size: int
    media_type: str
    expected: int
    carried: int
    received_at: Instant


def add(tx: Transaction, kept: Kept, xml: bytes) -> None:
    """Keep one version of a submission with its bytes."""
    values = {name: getattr(kept, name) for name in _PLAIN}
    tx.sql.run(_INSERT, {**values, "xml": xml})


class Here(NamedTuple):
    """What is here of a POST that arrives: this submission, and a body with the same bytes that was not taken."""

    submission: bool
    refused: bool


def look(tx: Transaction, form: str, instance_id: str, sha256: str) -> Here:
    """Say in one statement what is here of a POST, since most submissions are new and need no further reading.

    sha256: of the XML as sent.
    """
    row = tx.sql.find(
        """
        SELECT EXISTS (SELECT 1 FROM submission WHERE form = :form AND instance_id = :instance_id) AS submission,
               EXISTS (SELECT 1 FROM kept_body WHERE sha256 = :sha256) AS refused
        """,
        {"form": form, "instance_id": instance_id, "sha256": sha256},
    )
    return Here(**{name: bool(value) for name, value in (row or {}).items()})


def find(tx: Transaction, form: str, instance_id: str) -> Kept | None:
    """Return the version of ``form`` that carries ``instance_id``, None when it never arrived."""
    row = tx.sql.find(
        f"SELECT {', '.join(_PLAIN)} FROM submission WHERE form = :form AND instance_id = :instance_id",
        {"form": form, "instance_id": instance_id},
    )
    return None if row is None else Kept(**row)


def id_of(tx: Transaction, form: str, instance_id: str) -> str:
    """Return the id of a version that is known to be here."""
    return str(
        tx.sql.value(
            "SELECT id FROM submission WHERE form = :form AND instance_id = :instance_id",
            {"form": form, "instance_id": instance_id},
        )
    )


def xml_of(reading: Reading, id: str) -> bytes:
    """Return the bytes of a version as they were sent; the caller has found it inside a scope."""
    return bytes(reading.sql.value("SELECT xml FROM submission WHERE id = :id", {"id": id}))


def move(tx: Transaction, id: str, path: str) -> None:
    """Say that a submission belongs to ``path``, once the record that it made is known."""
    tx.sql.run("UPDATE submission SET path = :path WHERE id = :id", {"id": id, "path": path})


def files_present(reading: Reading, id: str) -> int:
    """Return how many of the files that a submission speaks of are here."""
    return int(reading.sql.value("SELECT files_present FROM submission WHERE id = :id", {"id": id}))


def supersede(tx: Transaction, id: str) -> None:
    """Mark a version as replaced by an edit."""
    tx.sql.run("UPDATE submission SET current = 0 WHERE id = :id", {"id": id})


def add_files(tx: Transaction, id: str, files: Iterable[tuple[SentFile, bool]], *, carried: int) -> None:
    """Keep files of a submission, each with whether its XML speaks of it. carried: 1 for files taken over."""
    for file, expected in files:
        tx.sql.run(
            _INSERT_FILE,
            {
                "submission": id,
                "name": file.name,
                "sha256": file.sha256,
                "size": file.size,
                "media_type": file.media_type,
                "expected": int(expected),
                "carried": carried,
                "received_at": tx.now,
            },
        )
    tx.sql.run(
        """
        UPDATE submission
           SET files_present = (
             SELECT COUNT(DISTINCT name) FROM submission_file WHERE submission = :id AND expected = 1)
         WHERE id = :id
        """,
        {"id": id},
    )


def files_of(reading: Reading, id: str) -> list[KeptFile]:
    """Return the files of a version, the one that is served first for each name."""
    rows = reading.sql.each(
        """
        SELECT name, sha256, size, media_type, expected, carried, received_at
          FROM submission_file
         WHERE submission = :id
         ORDER BY name, carried, received_at, sha256
        """,
        {"id": id},
    )
    return [KeptFile(**row) for row in rows]


def get(reading: Reading, id: str, scope: Scope) -> Kept:
    """Return the version ``id`` inside ``scope``. Raises NotFound when there is none there."""
    inside, values = scopes.by_place_or_author(scope)
    row = reading.sql.find(
        f"SELECT {', '.join(_PLAIN)} FROM submission WHERE id = :id AND {inside}", {"id": id, **values}
    )
    if row is None:
        raise NotFound("没有这份提交，或它不在您的管辖范围内。", submission=id)
    return Kept(**row)


def list_kept(
    reading: Reading, scope: Scope, *, filters: Mapping[str, str], bounds: tuple[str, str] | None, before: int | None,
    limit: int,
) -> Iterator[Kept]:  # fmt: skip
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
    return (Kept(**row) for row in rows)
