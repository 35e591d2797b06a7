"""Stores problems: conflicts, invalid values, unknown areas, copies that differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from server.db.sql import Row, inserting
from server.db.transactions import Reading, Transaction
from server.errors import NotFound
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.store import scopes
from server.people.store.display_names import batches
from server.problems.domain.problems import Problem, ProblemKind
from server.problems.domain.settlements import How, Settlement

_COLUMNS = (
    "id", "seq", "kind", "path", "record", "type", "submission", "kept_body", "change", "author", "message", "detail",
    "created_at",
)  # fmt: skip
_INSERT = inserting("problem", (*_COLUMNS, "item"))
_SELECT = f"SELECT {', '.join(_COLUMNS)}, settled_at, settled_by, settlement FROM problem"


@dataclass(frozen=True, slots=True)
class StoredProblem:
    """A problem in the list of the office."""

    id: str
    seq: int
    kind: str
    path: str
    record: str | None
    type: str | None
    submission: str | None
    kept_body: str | None
    change: str | None
    author: str | None
    message: str
    detail: Mapping[str, Any]
    created_at: Instant
    settled_at: Instant | None
    settled_by: str | None
    settlement: Settlement | None = None

    @property
    def fields(self) -> frozenset[str]:
        """The fields of the record that a conflict is about."""
        return frozenset(self.detail.get("fields", ()))


def add(tx: Transaction, problem: Problem) -> str:
    """File a problem and return its id."""
    id = tx.new_id()
    tx.sql.put(
        _INSERT,
        {
            "id": id,
            "seq": tx.next_seq(),
            "kind": problem.kind,
            "path": problem.path,
            "record": problem.record,
            "type": problem.type,
            "submission": problem.submission,
            "kept_body": problem.kept_body,
            "change": problem.change,
            "author": problem.author,
            "message": problem.message,
            "detail": orjson.dumps(dict(problem.detail)).decode(),
            "created_at": tx.now,
            "item": problem.detail.get("id") if problem.kind is ProblemKind.UNREADABLE else None,
        },
    )
    return id


def of_change(tx: Transaction, change: str, author: str) -> str | None:
    """Return the id of the oldest problem about an item of ``author`` that was no change, None when there is none."""
    found: str | None = tx.sql.value(
        "SELECT id FROM problem WHERE change = :change AND record IS NULL AND author = :author ORDER BY seq LIMIT 1",
        {"change": change, "author": author},
    )
    return found


def kept_whole(tx: Transaction, author: str, items: Collection[str]) -> list[tuple[str, str, str]]:
    """Return the open problems about items of ``author`` that could not be carried out: problem, item and its change.

    items: ids as the items had them.
    """
    found: list[tuple[str, str, str]] = []
    for listed, values in batches(items):
        rows = tx.sql.tuples(
            f"""
            SELECT id, item, change
              FROM problem
             WHERE kind = 'unreadable' AND settled_at IS NULL AND author = :author AND item IN ({listed})
            """,
            {**values, "author": author},
        )
        found += [(str(id), str(item), str(change)) for id, item, change in rows]
    return found


def message_of(reading: Reading, id: str) -> str:
    """Return what a problem says; its own author may read that wherever it lies. Empty when there is none."""
    return str(reading.sql.value("SELECT message FROM problem WHERE id = :id", {"id": id}) or "")


def settle(tx: Transaction, id: str, by: str) -> None:
    """Mark a problem as settled by ``by`` (a user name, or ``server`` when it settled itself)."""
    tx.sql.put(
        "UPDATE problem SET settled_at = :at, settled_by = :by WHERE id = :id AND settled_at IS NULL",
        {"id": id, "at": tx.now, "by": by},
    )


def settle_about(tx: Transaction, submission: str, kind: ProblemKind) -> None:
    """Settle the open problems of one kind about a submission, since what they told of has come right by itself."""
    tx.sql.put(
        """
        UPDATE problem SET settled_at = :at, settled_by = 'server'
         WHERE submission = :submission AND kind = :kind AND settled_at IS NULL
        """,
        {"at": tx.now, "submission": submission, "kind": kind},
    )


def reopen(tx: Transaction, id: str) -> None:
    """Put a problem back on the list."""
    tx.sql.put("UPDATE problem SET settled_at = NULL, settled_by = NULL WHERE id = :id", {"id": id})


def keep_detail(tx: Transaction, id: str, detail: Mapping[str, Any], *, message: str | None = None) -> None:
    """Keep with a problem what has come to it since it was filed.

    detail: the whole, with what it held before. message: what it says from now on, None for what it said.
    """
    tx.sql.put(
        "UPDATE problem SET detail = :detail, message = COALESCE(:message, message) WHERE id = :id",
        {"id": id, "detail": orjson.dumps(dict(detail)).decode(), "message": message},
    )


def keep_settlement(tx: Transaction, id: str, settlement: Settlement) -> None:
    """Keep with a problem what was decided about it last."""
    plain = asdict(settlement)
    tx.sql.put(
        "UPDATE problem SET settlement = :settlement WHERE id = :id",
        {"id": id, "settlement": orjson.dumps(plain).decode()},
    )


def open_about(tx: Transaction, record: str, kind: ProblemKind) -> list[StoredProblem]:
    """Return every problem of one kind about a record that nobody has settled, oldest first."""
    where = "WHERE record = :record AND kind = :kind AND settled_at IS NULL ORDER BY seq"
    return [_filed(row) for row in tx.sql.rows(f"{_SELECT} {where}", {"record": record, "kind": kind})]


def conflicts_of(tx: Transaction, record: str) -> list[StoredProblem]:
    """Return every conflict that was filed about a record, settled or not, oldest first."""
    rows = tx.sql.rows(f"{_SELECT} WHERE record = :record AND kind = 'conflict' ORDER BY seq", {"record": record})
    return [_filed(row) for row in rows]


def get(reading: Reading, id: str, scope: Scope) -> StoredProblem:
    """Return the problem ``id`` inside ``scope``. Raises NotFound when there is none there."""
    inside, values = scopes.by_place_or_author(scope)
    row = reading.sql.find(f"{_SELECT} WHERE id = :id AND {inside}", {"id": id, **values})
    if row is None:
        raise NotFound("没有这个问题，或它不在您的管辖范围内。", problem=id)
    return _filed(row)


def count_open(reading: Reading, scope: Scope) -> dict[str, int]:
    """Return how many problems inside ``scope`` nobody has settled, by kind; a kind without any is missing."""
    inside, values = scopes.by_place_or_author(scope)
    sql = f"SELECT kind, COUNT(*) FROM problem WHERE {inside} AND settled_at IS NULL GROUP BY kind"
    return {str(kind): int(count) for kind, count in reading.sql.tuples(sql, values)}


def list_filed(
    reading: Reading, scope: Scope, *, filters: Mapping[str, str], settled: str, bounds: tuple[str, str] | None,
    before: int | None, limit: int, oldest_first: bool = False,
) -> list[StoredProblem]:  # fmt: skip
    """Return up to ``limit`` problems inside ``scope``, newest first unless ``oldest_first``.

    filters: column name (``kind``, ``record``, ``submission``, ``type``, ``author``) to value.
    settled: ``open``, ``settled`` or ``all``. bounds: range of paths. before: seq of the last problem of the page
    before.
    """
    inside, values = scopes.by_place_or_author(scope)
    terms = [inside]
    for column in ("kind", "record", "submission", "type", "author"):
        if column in filters:
            terms.append(f"{column} = :filter_{column}")
            values[f"filter_{column}"] = filters[column]
    terms += {"open": ["settled_at IS NULL"], "settled": ["settled_at IS NOT NULL"], "all": []}[settled]
    numbers: dict[str, int] = {"limit": limit}
    if bounds is not None:
        terms.append("path >= :from_path AND path < :to_path")
        values |= {"from_path": bounds[0], "to_path": bounds[1]}
    if before is not None:
        terms.append("seq < :before")
        numbers["before"] = before
    order = "ASC" if oldest_first else "DESC"
    rows = reading.sql.each(
        f"{_SELECT} WHERE {' AND '.join(terms)} ORDER BY seq {order} LIMIT :limit", {**values, **numbers}
    )
    return [_filed(row) for row in rows]


def _filed(row: Row) -> StoredProblem:
    return StoredProblem(
        **(row | {"detail": orjson.loads(row["detail"]), "settlement": settlement_of(row["settlement"])})
    )


def settlement_of(text: str | None) -> Settlement | None:
    """Return what ``keep_settlement`` kept."""
    if text is None:
        return None
    plain = orjson.loads(text)
    return Settlement(**(plain | {"how": How(plain["how"]), "versions": tuple(plain["versions"])}))
