"""Find everything that somebody ever sent, with its outcome.

Three sources, each in the order of an index of its own: submissions, changes that came in none, and what was not
accepted at all. A page is merged from them (``usecases/sent_items.py``), and goes on in each where it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from server.changes.store import verdicts
from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.instants import Instant, local_day
from server.people.store import scopes
from server.problems.domain.settlements import Settlement
from server.problems.store.problems import settlement_of

SUBMISSION, CHANGE = "submission", "change"


@dataclass(frozen=True, slots=True)
class SentItem:
    """Something that was received.

    id: of the submission or change, or of the problem about what was not accepted. kind: ``submission`` or
    ``change``. receipt: the number by which worker and office speak of it. record, action, verdict, version: of the
    change that it asks for, None where it asks for none. problem: id. position: its place in its source.
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
    position: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class ProblemNotice:
    """The message of a problem to the person it concerns. settlement: the decision, None while there is none."""

    message: str
    settled_at: Instant | None
    settlement: Settlement | None


_CHANGE_COLUMNS = f"""
    change.record, change.type, {verdicts.TOLD} AS verdict, change.version, revision.action,
    CASE WHEN revision.action IS NULL THEN change.body END AS body
"""


_FIRST_SEQ = """
    (SELECT MIN(seq)
       FROM (SELECT seq FROM revision WHERE revision.record = change.record AND revision.change = change.id
              UNION ALL
             SELECT seq FROM problem WHERE problem.record = change.record AND problem.change = change.id) AS told)
"""
"""The seq of a change's first revision or problem, which makes its receipt number for good."""


def submitted(reading: Reading, author: str, before: tuple[Any, ...] | None, limit: int) -> Iterator[SentItem]:
    """Yield up to ``limit`` submissions of ``author``, newest first. before: position of the last one shown."""
    bound, values = ("", {}) if before is None else (" AND submission.seq < :seq", {"seq": before[0]})
    rows = reading.sql.each(
        f"""
        SELECT submission.id, submission.seq, submission.receipt, submission.form, submission.received_at,
               {_CHANGE_COLUMNS},
               COALESCE(change.problem, (SELECT problem.id FROM problem
                                          WHERE problem.submission = submission.id
                                            AND (problem.kind <> 'waiting'
                                                 OR COALESCE(problem.settled_by, '') <> 'server')
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


def pushed(reading: Reading, author: str, before: tuple[Any, ...] | None, limit: int) -> Iterator[SentItem]:
    """Yield up to ``limit`` changes of ``author`` that came in no submission, newest first. before: as above."""
    bound, values = "", {}
    if before is not None:
        bound = " AND (change.received_at, change.id) < (:at, :id)"
        values = dict(zip(("at", "id"), before, strict=True))
    rows = reading.sql.each(
        f"""
        SELECT change.id, {_FIRST_SEQ} AS seq, revision.form, change.received_at, {_CHANGE_COLUMNS}, change.problem
          FROM change
          LEFT JOIN revision ON revision.record = change.record AND revision.version = change.version
         WHERE change.author = :author AND change.submission IS NULL{bound}
         ORDER BY change.received_at DESC, change.id DESC
         LIMIT :limit
        """,
        {"author": author, "limit": limit, **values},
    )
    return (_pushed(row) for row in rows)


def _pushed(row: Row) -> SentItem:
    receipt = _receipt_number(row)
    del row["seq"]
    return _item(CHANGE, row | {"receipt": receipt}, (row["received_at"], row["id"]))


def _receipt_number(row: Row) -> str | None:
    """Return the receipt number of what came in no submission: day and seq, as phones get it."""
    return f"{local_day(row['received_at']).replace('-', '')}-{row['seq']}"


def not_taken(reading: Reading, author: str, before: tuple[Any, ...] | None, limit: int) -> Iterator[SentItem]:
    """Yield up to ``limit`` things of ``author`` that were not accepted, newest first. before: as above.

    A body that was accepted later is among the submissions, and not here.
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
        receipt = _receipt_number(row) if unreadable else None  # the phone was answered that its body is not accepted
        yield SentItem(
            row["id"], kind, receipt, row["form"], row["received_at"], None, None, None, verdict, None, row["id"],
            (row["seq"],),
        )  # fmt: skip


def problem_notices(reading: Reading, ids: Iterable[str], reader: str, scope: Scope) -> dict[str, ProblemNotice]:
    """Return the notices of problems by id: those inside ``scope``, and those that concern the reader."""
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
    return {
        row["id"]: ProblemNotice(row["message"], row["settled_at"], settlement_of(row["settlement"])) for row in rows
    }


def _item(kind: str, row: Row, position: tuple[int | str, ...]) -> SentItem:
    body = row.pop("body")
    action = row["action"] if body is None else orjson.loads(body)["action"]
    return SentItem(**(row | {"kind": kind, "position": position, "action": action}))
