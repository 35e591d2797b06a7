"""Find people by the duties they hold: duties inside of an area, and lists of people by filters."""

from __future__ import annotations

from typing import Any, NamedTuple

from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.domain.actors import Duty, Role
from server.people.store import accounts, scopes


class Held(NamedTuple):
    """A duty with who holds it. name: user name; display: display name."""

    name: str
    display: str
    duty: Duty


class Filters(NamedTuple):
    """Which people. q: part of a name or a display name. place: of a duty in force or to come.

    role: of such a duty. has_phone: whether a phone key of theirs is good. is_open: whether the account is.
    """

    q: str = ""
    place: Place | None = None
    role: str = ""
    has_phone: bool | None = None
    is_open: bool | None = None


def condition(filters: Filters, now: Instant) -> scopes.Clause:
    """Return the condition on ``person`` that ``filters`` make, with its parameters."""
    terms: list[str] = []
    values: dict[str, str] = {}
    if filters.q:
        terms.append("(person.name LIKE :wanted ESCAPE '!' OR person.display LIKE :wanted ESCAPE '!')")
        values["wanted"] = f"%{accounts.escaped(filters.q)}%"
    if filters.place is not None or filters.role:
        duty, more = _with_duty(filters, now)
        terms.append(duty)
        values |= more
    if filters.has_phone is not None:
        key = "EXISTS (SELECT 1 FROM phone_key WHERE phone_key.person = person.name AND phone_key.revoked_at IS NULL)"
        terms.append(key if filters.has_phone else f"NOT {key}")
    if filters.is_open is not None:
        terms.append(f"person.revoked_at IS {'NULL' if filters.is_open else 'NOT NULL'}")
    return " AND ".join(terms) or "1 = 1", values


def _with_duty(filters: Filters, now: Instant) -> scopes.Clause:
    narrowing, values = "", {"duty_now": now}
    if filters.place is not None:
        values["duty_low"], values["duty_high"] = filters.place.bounds()
        narrowing += " AND held_at.path >= :duty_low AND held_at.path < :duty_high"
    if filters.role:
        values["duty_role"] = filters.role
        narrowing += " AND held.role = :duty_role"
    sql = f"""EXISTS (SELECT 1 FROM duty AS held JOIN area AS held_at ON held_at.code = held.area
                       WHERE held.person = person.name AND held.ends_at > :duty_now{narrowing})"""
    return sql, values


def duties_inside(reading: Reading, scope: Scope, place: Place, after: Instant) -> tuple[Held, ...]:
    """Return the duties at ``place`` or below that ``scope`` covers and that end after ``after``, by area and name."""
    inside, values = scopes.by_place(scope, "area.path")
    low, high = place.bounds()
    rows = reading.sql.rows(
        f"""
        SELECT person.name, person.display, duty.id, duty.role, duty.area, duty.body, duty.starts_at, duty.ends_at
          FROM duty
          JOIN person ON person.name = duty.person
          JOIN area ON area.code = duty.area
         WHERE {inside} AND area.path >= :inside_low AND area.path < :inside_high AND duty.ends_at > :after
           AND duty.starts_at < duty.ends_at AND person.revoked_at IS NULL
         ORDER BY area.path, person.name, duty.starts_at
        """,
        {**values, "inside_low": low, "inside_high": high, "after": after},
    )
    return tuple(Held(row["name"], row["display"], _duty(row)) for row in rows)


def names_beginning(reading: Reading, prefix: str) -> frozenset[str]:
    """Return the user names that begin with ``prefix``, in lower case, whoever has them: a name is given once."""
    rows = reading.sql.each(
        "SELECT LOWER(name) AS name FROM person WHERE LOWER(name) >= :low AND LOWER(name) < :high",
        {"low": prefix.lower(), "high": prefix.lower() + "~"},
    )
    return frozenset(row["name"] for row in rows)


def is_anybody(reading: Reading, role: Role) -> bool:
    """Return whether anybody ever held a duty in another role than ``role``."""
    return reading.sql.value("SELECT 1 FROM duty WHERE role <> :role LIMIT 1", {"role": role.value}) is not None


def is_any_phone(reading: Reading) -> bool:
    """Return whether a phone key was ever given to anybody."""
    return reading.sql.value("SELECT 1 FROM phone_key LIMIT 1") is not None


def _duty(row: dict[str, Any]) -> Duty:
    return Duty(Role(row["role"]), row["area"], row["body"], row["starts_at"], row["ends_at"], row["id"])
