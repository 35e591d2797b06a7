"""Stores for each person what decided their ``todo`` when it was last computed, so that a change of it is noticed."""

from __future__ import annotations

from collections.abc import Mapping

from server.db.transactions import Reading, Transaction
from server.instants import Instant

_COMPARED = "todo looked at"


def last_comparison(reading: Reading) -> tuple[str, Instant] | None:
    """Return the configuration and the instant at which all states were last compared, None when never."""
    stored = reading.sql.value("SELECT value FROM setting WHERE name = :name", {"name": _COMPARED})
    if stored is None:
        return None
    configuration, _, at = str(stored).partition(" ")
    return configuration, at


def record_comparison(tx: Transaction, configuration: str) -> None:
    """Record that all states were compared now."""
    tx.sql.put(
        "INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value",
        {"name": _COMPARED, "value": f"{configuration} {tx.now}"},
    )


def has_duty_changed(reading: Reading, since: Instant) -> bool:
    """Say whether a duty has begun or ended after ``since`` and by now."""
    sql = """
        SELECT EXISTS (SELECT 1 FROM duty
                        WHERE (starts_at > :since AND starts_at <= :now) OR (ends_at > :since AND ends_at <= :now))
    """
    return bool(reading.sql.value(sql, {"since": since, "now": reading.now}))


def stored_states(reading: Reading) -> Mapping[str, str]:
    """Return every state as it was stored, by user name."""
    return dict(reading.sql.tuples("SELECT person, standing FROM todo_told"))


def store(tx: Transaction, person: str, state: str) -> None:
    """Store a state in the place of the one before it."""
    tx.sql.put(
        "INSERT INTO todo_told (person, standing) VALUES (:person, :standing)"
        " ON CONFLICT (person) DO UPDATE SET standing = excluded.standing",
        {"person": person, "standing": state},
    )


def has_phone(reading: Reading, person: str) -> bool:
    """Say whether a phone of this person, or a client of ours, has been here and may come again."""
    sql = """
        SELECT EXISTS (SELECT 1 FROM phone_key
                        WHERE person = :person AND revoked_at IS NULL AND last_seen_at IS NOT NULL)
            OR EXISTS (SELECT 1 FROM field_client WHERE person = :person)
    """
    return bool(reading.sql.value(sql, {"person": person}))


def names(reading: Reading) -> list[str]:
    """Return the user name of everybody."""
    return [name for (name,) in reading.sql.tuples("SELECT name FROM person ORDER BY name")]
