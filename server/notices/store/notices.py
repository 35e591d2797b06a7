"""Keeps the notices of each person, and finds who is to be told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from server.db.transactions import Reading, Transaction
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.store import scopes


class Notice(NamedTuple):
    """What somebody is told of a case: of each case and kind the latest. Its fields are those of the table."""

    record: str
    kind: str
    action: str
    version: int
    seq: int
    at: Instant
    read_at: Instant | None


_COLUMNS = ", ".join(Notice._fields)


def put(tx: Transaction, person: str, kind: str, *, record: str, action: str, version: int) -> None:
    """Tell a person something of a case; what they were told of the same kind before gives way, read or not."""
    tx.sql.put(
        """
        INSERT INTO notice (person, record, kind, action, version, seq, at, read_at)
        VALUES (:person, :record, :kind, :action, :version, :seq, :at, NULL)
        ON CONFLICT (person, record, kind) DO UPDATE
           SET action = excluded.action, version = excluded.version, seq = excluded.seq, at = excluded.at,
               read_at = NULL
        """,
        {
            "person": person,
            "record": record,
            "kind": kind,
            "action": action,
            "version": version,
            "seq": tx.next_seq(),
            "at": tx.now,
        },
    )


def list_of(
    reading: Reading, person: str, scope: Scope, *, before: int | None, limit: int, unread: bool = False
) -> list[Notice]:
    """Return up to ``limit`` notices of a person about cases inside ``scope``, the newest first.

    before: seq of the last one of the page before, None for the first page. unread: only those not read yet.
    """
    inside, values = scopes.by_place_or_person(scope, reading.now)
    terms = ["notice.person = :me", _in_reach(inside)]
    if unread:
        terms.append("read_at IS NULL")
    numbers: dict[str, int] = {"limit": limit}
    if before is not None:
        terms.append("seq < :before")
        numbers["before"] = before
    rows = reading.sql.tuples(
        f"SELECT {_COLUMNS} FROM notice WHERE {' AND '.join(terms)} ORDER BY seq DESC LIMIT :limit",
        {"me": person, **values, **numbers},
    )
    return [Notice(*row) for row in rows]


def count_unread(reading: Reading, person: str, scope: Scope, most: int) -> int:
    """Return how many notices about cases inside ``scope`` a person has not read, counted up to ``most``."""
    inside, values = scopes.by_place_or_person(scope, reading.now)
    sql = f"""
        SELECT COUNT(*) FROM (SELECT 1 FROM notice WHERE person = :me AND read_at IS NULL AND {_in_reach(inside)}
                               LIMIT :most) AS unread
    """
    return int(reading.sql.value(sql, {"me": person, **values, "most": most}))


def find(reading: Reading, person: str, scope: Scope, seq: int) -> Notice | None:
    """Return the notice of a person with this seq, about a case inside ``scope``; None where there is none."""
    inside, values = scopes.by_place_or_person(scope, reading.now)
    found = reading.sql.tuples(
        f"SELECT {_COLUMNS} FROM notice WHERE person = :me AND seq = :seq AND {_in_reach(inside)}",
        {"me": person, "seq": seq, **values},
    )
    return next((Notice(*row) for row in found), None)


def mark_read(tx: Transaction, person: str, seq: int) -> None:
    """Mark one notice of a person as read."""
    sql = "UPDATE notice SET read_at = :now WHERE person = :person AND seq = :seq AND read_at IS NULL"
    tx.sql.put(sql, {"now": tx.now, "person": person, "seq": seq})


def mark_all_read(tx: Transaction, person: str, until: int) -> int:
    """Mark all notices of a person up to seq ``until`` as read, and return how many that were."""
    sql = "UPDATE notice SET read_at = :now WHERE person = :person AND seq <= :until AND read_at IS NULL"
    return tx.sql.run(sql, {"now": tx.now, "person": person, "until": until})


def mark_case_read(tx: Transaction, person: str, record: str) -> None:
    """Mark what a person was told of one case as read: they have acted on it."""
    sql = "UPDATE notice SET read_at = :now WHERE person = :person AND record = :record AND read_at IS NULL"
    tx.sql.put(sql, {"now": tx.now, "person": person, "record": record})


def mark_read_for(tx: Transaction, record: str, people: Iterable[str], kinds: Iterable[str]) -> None:
    """Mark what some people were told of one case as read, of some kinds. people: user names."""
    values = [{"now": tx.now, "record": record, "person": name, "kind": kind} for name in people for kind in kinds]
    tx.sql.run_each(
        """
        UPDATE notice SET read_at = :now
         WHERE person = :person AND record = :record AND kind = :kind AND read_at IS NULL
        """,
        values,
    )


def mark_work_read(tx: Transaction, record: str) -> None:
    """Mark what people were told to do about a case as read: it has ended, and only its result is left to be read."""
    sql = "UPDATE notice SET read_at = :now WHERE record = :record AND read_at IS NULL AND kind <> 'decided'"
    tx.sql.run(sql, {"now": tx.now, "record": record})


def versions_told(reading: Reading, person: str) -> dict[str, int]:
    """Return by case the version by which a person was last told something of it: phones mark those rows."""
    sql = "SELECT record, MAX(version) FROM notice WHERE person = :person GROUP BY record"
    return dict(reading.sql.tuples(sql, {"person": person}))


def _in_reach(inside: str) -> str:
    return f"record IN (SELECT id FROM record WHERE record.id = notice.record AND {inside})"


def in_use(reading: Reading, names: Iterable[str]) -> list[str]:
    """Return those of some user names whose accounts are in use and have a duty in force."""
    values = {f"name{number}": name for number, name in enumerate(dict.fromkeys(names))}
    if not values:
        return []
    sql = f"""
        SELECT DISTINCT person.name FROM person JOIN duty ON duty.person = person.name
         WHERE person.name IN ({", ".join(f":{key}" for key in values)}) AND person.revoked_at IS NULL
           AND duty.starts_at <= :now AND duty.ends_at > :now
         ORDER BY person.name
    """
    return [name for (name,) in reading.sql.tuples(sql, {**values, "now": reading.now})]


def acting_for(reading: Reading, body: str) -> list[str]:
    """Return the user names of those who act for a body now."""
    sql = """
        SELECT DISTINCT person.name FROM person JOIN duty ON duty.person = person.name
         WHERE duty.body = :body AND person.revoked_at IS NULL AND duty.starts_at <= :now AND duty.ends_at > :now
         ORDER BY person.name
    """
    return [name for (name,) in reading.sql.tuples(sql, {"body": body, "now": reading.now})]


def on_duty_above(reading: Reading, path: str, roles: Iterable[str]) -> list[str]:
    """Return the user names of those with a duty in one of ``roles`` for the area at ``path`` or one above it."""
    parts = path.split("/")
    above = {f"above{n}": "/".join(parts[: n + 1]) for n in range(len(parts))}
    wanted = {f"role{n}": role for n, role in enumerate(roles)}
    if not wanted:
        return []
    sql = f"""
        SELECT DISTINCT person.name
          FROM area JOIN duty ON duty.area = area.code JOIN person ON person.name = duty.person
         WHERE area.path IN ({", ".join(f":{key}" for key in above)})
           AND duty.role IN ({", ".join(f":{key}" for key in wanted)})
           AND person.revoked_at IS NULL AND duty.starts_at <= :now AND duty.ends_at > :now
         ORDER BY person.name
    """
    return [name for (name,) in reading.sql.tuples(sql, {**above, **wanted, "now": reading.now})]
