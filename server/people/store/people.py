"""Store duties and phone keys, and find the actor of a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from server import instants
from server.db.sql import Row, inserting
from server.db.transactions import Reading, Transaction
from server.errors import KeyRefused, NotFound
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import Instant
from server.people.domain.actors import Actor, Duty, Role, with_merged
from server.people.domain.people import Person, Phone
from server.people.store import scopes

SEEN_EVERY = timedelta(minutes=1)
"""How often a phone's last contact is written at most: every write costs a commit, and minutes are enough."""

_ADD_DUTY = inserting("duty", ("id", "person", "role", "area", "body", "starts_at", "ends_at"))
_ADD_KEY = inserting("phone_key", ("id", "person", "token_hash", "created_at"))

_BY_KEY = """
    SELECT phone_key.id AS key_id, phone_key.revoked_at AS key_revoked_at, phone_key.last_seen_at, phone_key.device,
           phone_key.address, person.name, person.display, person.revoked_at,
           (SELECT value FROM counter WHERE name = 'configuration') AS configuration
      FROM phone_key
      JOIN person ON person.name = phone_key.person
     WHERE phone_key.token_hash = :hash
"""


class OnDuty(NamedTuple):
    """Somebody with a duty in force. name: user name; display: display name; area: code."""

    name: str
    display: str
    role: Role
    area: str


def token_hash(token: str) -> str:
    """Return the hash that is stored of a phone key. The key is long and random, so one fast hash is enough."""
    return sha256(token.encode()).hexdigest()


def actor_by_key(reading: Reading, token: str) -> Actor:
    """Return the caller who holds a phone key, with all duties; one statement, since every phone request needs it.

    The key and the person are read each time, so that who is revoked is refused at once; duties are cached until
    the configuration changes. Raises KeyRefused with ``reason`` ``unknown``, ``replaced`` (the key has ended) or
    ``revoked`` (the person has).
    """
    row = reading.sql.find(_BY_KEY, {"hash": token_hash(token)})
    if row is None:
        raise KeyRefused("手机密钥无效：请向管理员索取新的二维码，在 ODK Collect 里重新扫描。", reason="unknown")
    if row["revoked_at"] is not None:
        raise KeyRefused("您的账号已停用，手机不能再收发数据；如有疑问请联系管理员。", reason="revoked")
    if row["key_revoked_at"] is not None:
        raise KeyRefused("这个手机密钥已被更换：请向管理员索取新的二维码，在原项目里重新扫描。", reason="replaced")
    duties = _known_duties(reading, row["name"], row["configuration"])
    seen = (row["device"], row["last_seen_at"], row["address"])
    return Actor(row["name"], row["display"], reading.now, duties, row["key_id"], *seen)


def known_actor(reading: Reading, name: str, display: str, configuration: int) -> Actor:
    """Return a person as an actor at this instant; duties are cached until the configuration changes.

    configuration: its version, which the caller has read with ``name`` and ``display``.
    """
    return Actor(name, display, reading.now, _known_duties(reading, name, configuration))


def actor(reading: Reading, name: str) -> Actor:
    """Return a person as an actor at this instant, with all duties, revoked people too. Raises NotFound."""
    row = reading.sql.find("SELECT name, display FROM person WHERE name = :name", {"name": name})
    if row is None:
        raise NotFound(f"没有用户“{name}”；请核对用户名。", user=name)
    return Actor(row["name"], row["display"], reading.now, duties_of(reading, name))


def exists(reading: Reading, name: str) -> bool:
    """Return whether there is an account of this name, revoked or not."""
    return reading.sql.value("SELECT 1 FROM person WHERE name = :name", {"name": name}) is not None


def seen_recently(caller: Actor) -> bool:
    """Return whether the last contact of the caller's phone is on record closely enough."""
    return caller.key_seen_at is not None and instants.is_recent(caller.key_seen_at, SEEN_EVERY, caller.at)


def touch_key(
    tx: Transaction, key_id: str, device: str | None, app_version: str | None, address: str | None = None
) -> None:
    """Record the last contact of a phone. device, app_version: as it reported them; None keeps the stored ones.

    address: of the server, by which it came, likewise.
    """
    tx.sql.put(
        """
        UPDATE phone_key
           SET last_seen_at = :now,
               address = COALESCE(:address, address),
               device = COALESCE(:device, device),
               app_version = COALESCE(:app_version, app_version)
         WHERE id = :id
        """,
        {"id": key_id, "now": tx.now, "address": address, "device": device, "app_version": app_version},
    )


def add_key(tx: Transaction, name: str, token: str) -> str:
    """Append a phone key for ``name`` and return its id; only the hash of ``token`` is kept."""
    id = tx.new_id()
    tx.sql.put(_ADD_KEY, {"id": id, "person": name, "token_hash": token_hash(token), "created_at": tx.now})
    return id


def end_keys(tx: Transaction, name: str) -> int:
    """End every phone key of ``name`` now; return how many were still good."""
    return tx.sql.run(
        "UPDATE phone_key SET revoked_at = :now WHERE person = :name AND revoked_at IS NULL",
        {"name": name, "now": tx.now},
    )


def duties_of(reading: Reading, name: str) -> tuple[Duty, ...]:
    """Return every duty that ``name`` holds, held or will hold, oldest first."""
    return _duties(reading, [name]).get(name, ())


def add_duty(tx: Transaction, name: str, duty: Duty) -> Duty:
    """Append a duty and return it with its id."""
    added = replace(duty, id=tx.new_id())
    row = {"id": added.id, "person": name, "role": added.role.value, "area": added.area, "body": added.body}
    tx.sql.put(_ADD_DUTY, row | {"starts_at": added.starts_at, "ends_at": added.ends_at})
    tx.configuration_changed()
    return added


def end_duty(tx: Transaction, duty_id: str, at: Instant) -> None:
    """End a duty at ``at`` (half open), or at its start when that is later: it then was never in force."""
    tx.sql.put(
        "UPDATE duty SET ends_at = CASE WHEN starts_at > :at THEN starts_at ELSE :at END WHERE id = :id",
        {"id": duty_id, "at": at},
    )
    tx.configuration_changed()


def get(reading: Reading, name: str, scope: Scope) -> Person:
    """Return a person whom ``scope`` shows. Raises NotFound, also for people outside of it."""
    found = list(_people(reading, scope, " AND person.name = :wanted", {"wanted": name}, 1))
    if not found:
        raise NotFound(f"没有用户“{name}”，或不在您的管辖范围内。", user=name)
    return found[0]


def list_people(
    reading: Reading, scope: Scope, after: str = "", limit: int = 1000, narrowed: scopes.Clause = scopes.EVERYWHERE
) -> Iterable[Person]:
    """Yield at most ``limit`` people whom ``scope`` shows, by name, after the name ``after``, revoked ones too.

    Scope shows the reader and everyone who holds, held or will hold a duty for an area inside its places; of duties
    that have ended, those after ``scope.duties_after``.
    narrowed: a further condition on ``person``, as ``duty_lists.condition`` makes it.
    """
    condition, values = narrowed
    return _people(reading, scope, f" AND person.name > :after AND ({condition})", {"after": after, **values}, limit)


def on_duty(reading: Reading, scope: Scope) -> Iterator[OnDuty]:
    """Yield everyone with a duty in force now for an area inside ``scope``, once for each duty, revoked people not.

    Those with the longest-standing duty come first.
    """
    inside, values = scopes.by_place(scope, "area.path")
    rows = reading.sql.each(
        f"""
        SELECT person.name, person.display, duty.role, duty.area
          FROM duty
          JOIN person ON person.name = duty.person
          JOIN area ON area.code = duty.area
         WHERE {inside} AND duty.starts_at <= :now AND duty.ends_at > :now AND person.revoked_at IS NULL
         ORDER BY duty.starts_at, duty.id
        """,
        {**values, "now": reading.now},
    )
    return (OnDuty(row["name"], row["display"], Role(row["role"]), row["area"]) for row in rows)


def last_duty_change(reading: Reading) -> Instant | None:
    """Return when a duty last began or ended, None while there is none: the version of lists of people on duty."""
    found: Instant | None = reading.sql.value(
        """
        SELECT MAX(changed_at)
          FROM (SELECT MAX(starts_at) AS changed_at FROM duty WHERE starts_at <= :now
                UNION ALL
                SELECT MAX(ends_at) FROM duty WHERE ends_at <= :now) AS changes
        """,
        {"now": reading.now},
    )
    return found


def acts_for_body(reading: Reading, code: str) -> bool:
    """Return whether anybody can act for the body ``code`` now: a duty in it is in force, of an account in use."""
    return (
        reading.sql.value(
            """
            SELECT 1 FROM duty JOIN person ON person.name = duty.person
             WHERE duty.body = :body AND duty.starts_at <= :now AND duty.ends_at > :now AND person.revoked_at IS NULL
             LIMIT 1
            """,
            {"body": code, "now": reading.now},
        )
        is not None
    )


def _people(reading: Reading, scope: Scope, more: str, values: Mapping[str, Any], limit: int) -> Iterable[Person]:
    inside, places = scopes.by_place(scope, "area.path")
    rows = reading.sql.rows(
        f"""
        SELECT name, display, created_at, revoked_at, locked_until
          FROM person
         WHERE (person.name = :reader
                OR EXISTS (SELECT 1 FROM duty JOIN area ON area.code = duty.area
                            WHERE duty.person = person.name AND duty.ends_at > :duties_after AND {inside}))
               {more}
         ORDER BY name
         LIMIT :limit
        """,
        {**places, **values, "reader": scope.person or "", "duties_after": scope.duties_after, "limit": limit},
    )
    names = [row["name"] for row in rows]
    duties, phones = _duties(reading, names), _phones(reading, names)
    return (Person(**row, duties=duties.get(row["name"], ()), phones=phones.get(row["name"], ())) for row in rows)


def _duties(reading: Reading, names: list[str]) -> dict[str, tuple[Duty, ...]]:
    return {name: _with_merged(reading, duties) for name, duties in _own_duties(reading, names).items()}


def _known_duties(reading: Reading, name: str, configuration: int) -> tuple[Duty, ...]:
    reading.set_configuration_version(configuration)
    return _with_merged(
        reading, reading.cached(("duties", name), lambda fresh: _own_duties(fresh, [name]).get(name, ()))
    )


def _own_duties(reading: Reading, names: list[str]) -> dict[str, tuple[Duty, ...]]:
    """Return the duties of each as they are stored, without areas merged into theirs, which change with time."""
    select = "SELECT person, id, role, area, body, starts_at, ends_at FROM duty"
    rows = _of_people(reading, select, "starts_at, id", names)
    grouped: dict[str, list[Duty]] = {}
    for row in rows:
        grouped.setdefault(row["person"], []).append(_duty(row))
    return {name: tuple(duties) for name, duties in grouped.items()}


def _phones(reading: Reading, names: list[str]) -> dict[str, tuple[Phone, ...]]:
    rows = _of_people(
        reading,
        "SELECT person, id, created_at, revoked_at, last_seen_at, device, app_version FROM phone_key",
        "created_at, id",
        names,
    )
    grouped: dict[str, list[Phone]] = {}
    for row in rows:
        grouped.setdefault(row.pop("person"), []).append(Phone(**row))
    return {name: tuple(phones) for name, phones in grouped.items()}


def _of_people(reading: Reading, select: str, order: str, names: list[str]) -> list[Row]:
    """Return the rows of these people, who are one page and so few enough to be named one by one."""
    values = {f"name{number}": name for number, name in enumerate(names)}
    listed = ", ".join(f":{key}" for key in values)
    return reading.sql.rows(f"{select} WHERE person IN ({listed}) ORDER BY {order}", values) if names else []


def _duty(row: Row) -> Duty:
    return Duty(Role(row["role"]), row["area"], row["body"], row["starts_at"], row["ends_at"], row["id"])


def _with_merged(reading: Reading, duties: tuple[Duty, ...]) -> tuple[Duty, ...]:
    known = areas.successions(reading)
    return tuple(with_merged(duty, known, reading.now) for duty in duties) if known else duties
