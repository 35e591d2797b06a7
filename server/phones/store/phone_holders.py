"""Stores who has used which phone and when, so that one that passes to another person is noticed."""

from __future__ import annotations

from typing import NamedTuple

from server.db.transactions import Reading, Transaction
from server.instants import Instant


class Holder(NamedTuple):
    """A person on a phone. device: as the phone names itself. compared_at: empty for never."""

    device: str
    person: str
    seen_at: Instant
    compared_at: str


def note(tx: Transaction, device: str, key_id: str) -> None:
    """Record that a phone has come with a key, now. key_id: of the key, whose person the phone's user is."""
    tx.sql.put(
        """
        INSERT INTO phone_holder (device, person, seen_at, compared_at)
        SELECT :device, person, :now,
               CASE WHEN EXISTS (SELECT 1 FROM phone_holder WHERE device = :device) THEN '' ELSE :now END
          FROM phone_key WHERE id = :key
            ON CONFLICT (device, person) DO UPDATE SET seen_at = excluded.seen_at
        """,
        {"device": device, "key": key_id, "now": tx.now},
    )


def taken_over(reading: Reading, silent_since: Instant, most: int) -> list[Holder]:
    """Return who has a phone on which there may still be rows as somebody else was shown them.

    Those are people who have come with a phone of somebody else, and people who have it again: another has come with it
    since the last comparison, and not since ``silent_since``. Two people with a project each on one phone come in
    turn, and hold lists of their own. most: so many at most.
    """
    sql = """
        SELECT device, person, seen_at, compared_at FROM phone_holder AS mine
         WHERE compared_at = ''
            OR (seen_at > :since
                AND EXISTS (SELECT 1 FROM phone_holder AS other
                             WHERE other.device = mine.device AND other.person <> mine.person
                               AND other.seen_at > mine.compared_at AND other.seen_at <= :since))
         ORDER BY device, person LIMIT :most
    """
    rows = reading.sql.tuples(sql, {"since": silent_since, "most": most})
    return [Holder(*row) for row in rows]


def others(reading: Reading, holder: Holder) -> list[Holder]:
    """Return who else has come with the phone since its rows were last compared."""
    sql = """
        SELECT device, person, seen_at, compared_at FROM phone_holder
         WHERE device = :device AND person <> :person AND seen_at > :since ORDER BY person
    """
    asked = {"device": holder.device, "person": holder.person, "since": holder.compared_at}
    return [Holder(*row) for row in reading.sql.tuples(sql, asked)]


def record_comparison(tx: Transaction, holder: Holder) -> None:
    """Record that the rows on a phone were compared now."""
    tx.sql.put(
        "UPDATE phone_holder SET compared_at = :now WHERE device = :device AND person = :person",
        {"device": holder.device, "person": holder.person, "now": tx.now},
    )
