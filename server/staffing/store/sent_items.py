"""Finds everything that somebody ever sent, each with where it stands: what they posted, pushed, and what was refused.

Three rows of things, each in an order of its own that an index gives: submissions, changes that came in none, and what
could not be taken at all. A page is merged from them (``usecases/items.py``), and goes on in each where it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.instants import Instant, local_day
from server.people.store import scopes
from server.problems.domain.settlements import Settlement
from server.problems.store.problems import settlement_of

SUBMISSION, CHANGE = "submission", "change"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that was received.

    id: of the submission or change, or of the problem about what could not be taken. kind: ``submission`` or
    ``change``. receipt: the number by which worker and office speak of it. record, action, verdict, version: of the
    change that it asks for, None where it asks for none. problem: id. mark: its place in its own row.
    """

    id: str
    kind: str
    receipt: str | None
    form: str | None
    received_at: Instant
    record: str | None
    type: str | None
    action: str | None
    verdict: str | None
    version: int | None
    problem: str | None
    mark: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """What a problem says to whom it is about. settlement: what was decided, None so far."""

    message: str
    settled_at: Instant | None
    settlement: Settlement | None


_ASKED = """
    change.record, change.type, change.verdict, change.version, revision.action,
    CASE WHEN revision.action IS NULL THEN change.body END AS body
"""


_FIRST_SEQ = """
    (SELECT MIN(seq)
       FROM (SELECT seq FROM revision WHERE revision.record = change.record AND revision.change = change.id
              UNION ALL
             SELECT seq FROM problem WHERE problem.record = change.record AND problem.change = change.id))
"""
"""Where a change was first written down, by itself or by what was filed of it: its receipt number for good."""


def submitted(reading: Reading, author: str, before: tuple[Any, ...] | None, limit: int) -> Iterator[Item]:
    """Yield up to ``limit`` submissions of ``author``, newest first. before: mark of the last one seen."""
    bound, values = ("", {}) if before is None else (" AND submission.seq < :seq", {"seq": before[0]})
    rows = reading.sql.each(
        f"""
        SELECT submission.id, submission.seq, submission.receipt, submission.form, submission.received_at, {_ASKED},
               COALESCE(change.problem, (SELECT problem.id FROM problem
                                          WHERE problem.submission = submission.id
                                            AND (problem.kind <> 'waiting' OR problem.settled_by IS NOT 'server')
                                          ORDER BY problem.seq LIMIT 1)) AS problem
          FROM submission
          LEFT JOIN change ON change.id = (SELECT first.id FROM change AS first
                                            WHERE first.submission = submission.id
                                            ORDER BY first.received_at, first.id LIMIT 1)
          LEFT JOIN revision ON revision.record = change.record AND revision.version = change.version
         WHERE submission.author = :author{bound}
         ORDER BY submission.seq DESC
         LIMIT :limit
        """,
        {"author": author, "limit": limit, **values},
    )
    return (_item(SUBMISSION, row, (row.pop("seq"),)) for row in rows)


def pushed(reading: Reading, author: str, before: tuple[Any, ...] | None, limit: int) -> Iterator[Item]:
    """Yield up to ``limit`` changes of ``author`` that came in no submission, newest first. before: as above."""
    bound, values = "", {}
    if before is not None:
        bound = " AND (change.received_at, change.id) < (:at, :id)"
        values = dict(zip(("at", "id"), before, strict=True))
    rows = reading.sql.each(
        f"""
        SELECT change.id, {_FIRST_SEQ} AS seq, revision.form, change.received_at, {_ASKED}, change.problem
          FROM change
          LEFT JOIN revision ON revision.record = change.record AND revision.version = change.version
         WHERE change.author = :author AND change.submission IS NULL{bound}
         ORDER BY change.received_at DESC, change.id DESC
         LIMIT :limit
        """,
        {"author": author, "limit": limit, **values},
    )
    return (_pushed(row) for row in rows)


def _pushed(row: Row) -> Item:
    receipt = _number(row)
    del row["seq"]
    return _item(CHANGE, row | {"receipt": receipt}, (row["received_at"], row["id"]))


def _number(row: Row) -> str | None:
    """Return the receipt number of what came in no submission: day and seq, as phones get it."""
    return f"{local_day(row['received_at']).replace('-', '')}-{row['seq']}"


def not_taken(reading: Reading, author: str, before: tuple[Any, ...] | None, limit: int) -> Iterator[Item]:
    """Yield up to ``limit`` things of ``author`` that could not be taken, newest first. before: as above.

    A body that was taken after all is among the submissions, and not here.
    """
    bound, values = ("", {}) if before is None else (" AND problem.seq < :seq", {"seq": before[0]})
    rows = reading.sql.each(
        f"""
        SELECT problem.id, problem.seq, problem.kind, kept_body.form, problem.created_at AS received_at
          FROM problem
          LEFT JOIN kept_body ON kept_body.sha256 = problem.kept_body
         WHERE problem.author = :author AND problem.kind IN ('copy_differs', 'not_taken', 'unreadable')
           AND COALESCE(problem.settled_by, '') <> 'server'{bound}
         ORDER BY problem.seq DESC
         LIMIT :limit
        """,
        {"author": author, "limit": limit, **values},
    )
    for row in rows:
        unreadable = row["kind"] == "unreadable"
        kind, verdict = (CHANGE, "quarantined") if unreadable else (SUBMISSION, None)
        receipt = _number(row) if unreadable else None  # the phone was told that its body is not taken
        yield Item(
            row["id"], kind, receipt, row["form"], row["received_at"], None, None, None, verdict, None, row["id"],
            (row["seq"],),
        )  # fmt: skip


def words(reading: Reading, ids: Iterable[str], reader: str, scope: Scope) -> dict[str, Word]:
    """Return what these problems say, by id: those inside ``scope``, and those about the reader's own doing."""
    values = {f"id{number}": id for number, id in enumerate(sorted(set(ids)))}
    if not values:
        return {}
    listed = ", ".join(f":{name}" for name in values)
    inside, places = scopes.by_place(scope)
    rows = reading.sql.each(
        f"""
        SELECT id, message, settled_at, settlement
          FROM problem
         WHERE id IN ({listed}) AND ({inside} OR author = :reader)
        """,
        {**values, **places, "reader": reader},
    )
    return {row["id"]: Word(row["message"], row["settled_at"], settlement_of(row["settlement"])) for row in rows}


def _item(kind: str, row: Row, mark: tuple[int | str, ...]) -> Item:
    body = row.pop("body")
    action = row["action"] if body is None else orjson.loads(body)["action"]
    return Item(**(row | {"kind": kind, "mark": mark, "action": action}))
