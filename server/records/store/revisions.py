"""Stores the history of records: appended, never rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter

import orjson

from server.db.sql import InsertInto, Row
from server.db.transactions import Reading, Transaction
from server.people.store.display_names import batches
from server.records.domain.records import Revision
from sync.changes import AttachmentName, Dot, FieldWrite, Verdict

_PLAIN = (
    "record", "version", "seq", "change", "action", "author", "verdict", "base_version", "origin", "origin_seq",
    "made_at", "observed_at", "received_at", "form", "form_version", "submission", "after",
)  # fmt: skip
"""Columns that hold an attribute of the revision as it is."""

COLUMNS = (*_PLAIN, "diff", "received", "attachments")
_INSERT = InsertInto("revision", *COLUMNS)
_plain = attrgetter(*_PLAIN)
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM revision"


def add(tx: Transaction, revision: Revision) -> None:
    """Append a revision; its version follows the record's newest."""
    diff = orjson.dumps(dict(revision.diff)).decode()
    received = orjson.dumps({name: (write.seen, write.new) for name, write in revision.received.items()}).decode()
    tx.sql.insert(_INSERT, (*_plain(revision), diff, received, _files(revision.attachments)))


def list_of(reading: Reading, record: str) -> Iterator[Revision]:
    """Yield every revision of ``record``, oldest first; the caller has found the record inside a scope."""
    return (
        _revision(row)
        for row in reading.sql.each(f"{_SELECT} WHERE record = :record ORDER BY version", {"record": record})
    )


def with_files(reading: Reading, wanted: Iterable[str]) -> Iterator[tuple[str, Mapping[str, str], int]]:
    """Yield what came with files or may have: the record, what was sent by field, and how many files it announced.

    wanted: ids of records that the caller has found inside a scope.
    """
    for listed, values in batches(wanted):
        sql = f"""
            SELECT record, received, attachments FROM revision
             WHERE record IN ({listed}) AND (submission IS NOT NULL OR attachments IS NOT NULL)
        """
        for row in reading.sql.each(sql, values):
            sent = {name: new for name, (_, new) in orjson.loads(row["received"]).items()}
            yield row["record"], sent, len(orjson.loads(row["attachments"] or "[]"))


def announced_files(reading: Reading, wanted: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield how many files each revision announced that announced any, with its record; an index holds these alone.

    wanted: ids of records that the caller has found inside a scope.
    """
    for listed, values in batches(wanted):
        for record, attachments in reading.sql.tuples(ANNOUNCED.format(listed=listed), values):
            yield record, len(orjson.loads(attachments))


ANNOUNCED = "SELECT record, attachments FROM revision WHERE record IN ({listed}) AND attachments IS NOT NULL"


def newest_of_origin(tx: Transaction, record: str, origin: str) -> int:
    """Return the highest counter of ``origin`` that is in the history of ``record``; 0 when there is none."""
    return int(
        tx.sql.value(
            "SELECT COALESCE(MAX(origin_seq), 0) FROM revision WHERE record = :record AND origin = :origin",
            {"record": record, "origin": origin},
        )
    )


def standing_of(tx: Transaction, record: str, origin: str, change: str, since: int | None) -> tuple[int, bool]:
    """Return the highest counter of ``origin`` in the history of ``record``, and whether a change was built on already.

    since: a change that builds on it came in after this version; None for any.
    """
    asked = {"record": record, "origin": origin, "change": change, "since": since or 0}
    newest, is_built_on = next(tx.sql.tuples(_STANDING, asked))
    return newest, bool(is_built_on)


_STANDING = """
    SELECT COALESCE(MAX(origin_seq), 0),
           EXISTS (SELECT 1 FROM revision AS later
                    WHERE later.record = :record AND later.version > :since AND later.after = :change)
      FROM revision
     WHERE record = :record AND origin = :origin
"""


def is_base_missing(tx: Transaction, record: str) -> bool:
    """Say whether a change came in to ``record`` whose base version is not in its history."""
    sql = "SELECT EXISTS (SELECT 1 FROM revision WHERE record = :record AND base_version IS NULL)"
    return bool(tx.sql.value(sql, {"record": record}))


def received_in(tx: Transaction, submission: str) -> list[tuple[str, Mapping[str, str]]]:
    """Return what a submission sent to records: each record with what was sent to it, by field, in the order of seq."""
    sql = "SELECT record, received FROM revision WHERE submission = :submission ORDER BY seq"
    rows = tx.sql.rows(sql, {"submission": submission})
    return [(row["record"], {name: new for name, (_, new) in orjson.loads(row["received"]).items()}) for row in rows]


def seq_of(tx: Transaction, record: str, version: int) -> int | None:
    """Return the seq of version ``version`` of ``record``, None when there is no such revision."""
    found: int | None = tx.sql.value(
        "SELECT seq FROM revision WHERE record = :record AND version = :version",
        {"record": record, "version": version},
    )
    return found


def seq_of_change(tx: Transaction, record: str, version: int) -> int | None:
    """Return the seq of the revision that last changed ``record`` up to ``version``: raises of epochs are passed over.

    None when there is no such revision.
    """
    found: int | None = tx.sql.value(
        """
        SELECT seq FROM revision
         WHERE record = :record AND version <= :version AND (action <> 'restore' OR origin <> 'server')
         ORDER BY version DESC LIMIT 1
        """,
        {"record": record, "version": version},
    )
    return found


def is_dot_used(tx: Transaction, record: str, dot: Dot, *, but_by: str) -> bool:
    """Say whether this counter of this origin is in the history of ``record`` already.

    but_by: change that may stand there: one that was quarantined, and is judged again.
    """
    return (
        tx.sql.value(
            """
            SELECT 1 FROM revision
             WHERE record = :record AND origin = :origin AND origin_seq = :seq AND change <> :change
             LIMIT 1
            """,
            {"record": record, "origin": dot.origin, "seq": dot.seq, "change": but_by},
        )
        is not None
    )


def at_versions(reading: Reading, record: str, versions: Iterable[int]) -> dict[int, Revision]:
    """Return the revisions of ``record`` that made these versions, by version; the caller has found the record."""
    numbers = {f"version{number}": version for number, version in enumerate(sorted(set(versions)))}
    if not numbers:
        return {}
    listed = ", ".join(f":{name}" for name in numbers)
    rows = reading.sql.each(
        f"{_SELECT} WHERE record = :record AND version IN ({listed})", {"record": record, **numbers}
    )
    return {row["version"]: _revision(row) for row in rows}


def list_of_origin(tx: Transaction, record: str, origin: str) -> list[Revision]:
    """Return what one origin wrote to ``record``, in the order in which it wrote."""
    rows = tx.sql.each(
        f"{_SELECT} WHERE record = :record AND origin = :origin ORDER BY origin_seq",
        {"record": record, "origin": origin},
    )
    return [_revision(row) for row in rows]


def list_since(tx: Transaction, record: str, version: int) -> list[Revision]:
    """Return the revisions of ``record`` after ``version``, newest first."""
    rows = tx.sql.each(
        f"{_SELECT} WHERE record = :record AND version > :version ORDER BY version DESC",
        {"record": record, "version": version},
    )
    return [_revision(row) for row in rows]


def changes_since(tx: Transaction, record: str, version: int) -> list[Mapping[str, tuple[str | None, str | None]]]:
    """Return the diffs of the revisions of ``record`` after ``version``, newest first."""
    rows = tx.sql.each(
        "SELECT diff FROM revision WHERE record = :record AND version > :version ORDER BY version DESC",
        {"record": record, "version": version},
    )
    return [orjson.loads(row["diff"]) for row in rows]


def _files(announced: tuple[AttachmentName, ...]) -> str | None:
    return orjson.dumps([tuple(each) for each in announced]).decode() if announced else None


def _revision(row: Row) -> Revision:
    return Revision(
        record=row["record"],
        version=row["version"],
        seq=row["seq"],
        change=row["change"],
        action=row["action"],
        author=row["author"],
        verdict=Verdict(row["verdict"]),
        diff={name: (before, after) for name, (before, after) in orjson.loads(row["diff"]).items()},
        received={name: FieldWrite(*values) for name, values in orjson.loads(row["received"]).items()},
        base_version=row["base_version"],
        origin=row["origin"],
        origin_seq=row["origin_seq"],
        made_at=row["made_at"],
        observed_at=row["observed_at"],
        received_at=row["received_at"],
        form=row["form"],
        form_version=row["form_version"],
        submission=row["submission"],
        attachments=tuple(AttachmentName(*each) for each in orjson.loads(row["attachments"] or "[]")),
        after=row["after"],
    )
