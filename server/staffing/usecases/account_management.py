"""Manage people as an actor who needs the right to: the functions of ``enrolment``, idempotent.

Out of the actor's scope is NotFound; in scope without the right is NotAllowed. The right is that of ``staff_rights``,
for every duty that is affected; another password takes the row ``configuration``/``edit``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from server import instants
from server.db.database import Database
from server.db.transactions import Reading, Transaction
from server.errors import Conflict, NotFound
from server.grid.domain.areas import full_code, path_of
from server.grid.domain.scope import Scope
from server.instants import BEGINNING, FOREVER, Instant
from server.people.domain import rights, roles
from server.people.domain.actors import GRACE, Actor, Duty
from server.people.domain.people import Person, checked_name
from server.people.store import accounts, bodies, people
from server.people.usecases import password_rules, passwords, phone_keys, sign_in, visibility
from server.people.usecases.setup_card import SetupCard, setup_card
from server.staffing.domain import staff_rights
from server.staffing.usecases import enrolment


@dataclass(frozen=True, slots=True)
class DutyRequest:
    """A duty to be added. role, area, body: codes. starts_at, ends_at: half open."""

    role: str
    area: str
    body: str | None = None
    starts_at: Instant = BEGINNING
    ends_at: Instant = FOREVER

    def matches(self, duty: Duty) -> bool:
        """Return whether ``duty`` is this very duty."""
        requested = (self.role, full_code(self.area), self.body, self.starts_at, self.ends_at)
        return requested == (duty.role.value, duty.area, duty.body, duty.starts_at, duty.ends_at)


def people_scope(actor: Actor) -> Scope:
    """Return the scope of people of an actor: those with a duty where the actor may see people, and the actor.

    Who fills posts finds those whose duty has ended, to give them another; anybody else for 30 days, as they see cases.
    """
    found = replace(rights.scope_for(actor, "people", "read"), person=actor.name)
    return found if staff_rights.places(actor) else replace(found, duties_after=instants.later(actor.at, -GRACE))


def add(
    database: Database, name: str, request: DutyRequest, *, display: str, password: str | None, by: Actor
) -> tuple[Person, bool]:
    """Return the person ``name`` with a first duty, and whether they were added now.

    A repeated request with the same duty, display and password adds nobody. password: None for people
    who only have a phone. Not for use inside a transaction, since a password takes tens of milliseconds. Raises
    NotFound, NotAllowed, Invalid, and Conflict when the name is somebody else's.
    """
    with database.reading() as reading:
        _require_duty_right(reading, request, by)
        checked_name(name)
        known = accounts.find(reading, name)
        rules = password_rules.of(reading, name, display)
    if known is not None:
        same = password is None or sign_in.password_matches(sign_in.SignInAttempt(name, known), password)
        with database.reading() as reading:
            return _existing(reading, name, request, display, same=same, by=by), False
    password_hash = None if password is None else rules.hashed(password)

    def enrol(tx: Transaction) -> tuple[Person, bool]:
        _require_duty_right(tx, request, by)
        enrolment.add_user(
            tx, name, display=display, password_hash=password_hash, by=by.name, **_duty_arguments(request)
        )
        return get_managed(tx, name, by), True

    return database.write(enrol)


def give_duty(tx: Transaction, name: str, request: DutyRequest, *, by: Actor) -> tuple[Duty, bool]:
    """Give ``name`` a duty and return it, and whether it was given now: the very same duty is given once.

    Raises NotFound, NotAllowed, Invalid, and Conflict when they hold a like duty at an overlapping time.
    """
    person = get_managed(tx, name, by)
    _require_duty_right(tx, request, by)
    for duty in person.duties:
        if request.matches(duty):
            return duty, False
    return enrolment.add_duty(tx, name, by=by.name, **_duty_arguments(request)), True


def end_duty(tx: Transaction, name: str, duty_id: str, at: Instant | None, *, by: Actor) -> Duty:
    """End a duty at ``at`` (now when None) and return it as it then stands; one that has ended already stays so.

    Raises NotFound, NotAllowed, and Invalid when it would end before it began or later than it does.
    """
    person = people.get(tx, name, people_scope(by))
    held = next((duty for duty in person.duties if duty.id == duty_id), None)
    if held is None:
        get_managed(tx, name, by)
        raise NotFound(f"用户“{name}”没有这个岗位；请刷新后重试。", user=name, duty=duty_id)
    staff_rights.require(by, held.role, held.place.path)
    if at == held.ends_at or (at is None and held.ends_at <= tx.now):
        return held
    return enrolment.end_duty(tx, name, duty_id, by=by.name, at=at)


def move(tx: Transaction, name: str, area: str, at: Instant | None, *, by: Actor) -> Duty:
    """Move ``name`` to another area at ``at`` (now when None) as ``enrolment.move_user`` does; return the new duty.

    Who has moved there already stays there, and that duty is returned.
    """
    person = get_managed(tx, name, by)
    target = visibility.get_visible(tx, area, by)
    for duty in person.duties:
        if duty.holds_at(at or tx.now):
            staff_rights.require(by, duty.role, target.path)
    there = [duty for duty in person.duties if duty.holds_at(at or tx.now)]
    if len(there) == 1 and there[0].area == target.code:
        return there[0]
    return enrolment.move_user(tx, name, area=area, at=at, by=by.name)


def revoke(tx: Transaction, name: str, *, by: Actor) -> Person:
    """Close an account at once and return it; one that is closed already stays so.

    Raises NotFound, NotAllowed, and Conflict for one's own account, since nobody might be left to undo the mistake.
    """
    person = get_managed(tx, name, by)
    if name == by.name:
        raise Conflict("不能停用自己的账号；请由另一位管理员办理。", user=name)
    if person.revoked_at is not None:
        return person
    enrolment.revoke_user(tx, name, by=by.name)
    return get_managed(tx, name, by)


def reset_password(database: Database, name: str, password: str | None, *, by: Actor, end_keys: bool = False) -> str:
    """Give ``name`` another password and return it: ``password``, or a generated one when None. They have to change it.

    end_keys: refuse their phone keys too. Not for use inside a transaction. Raises NotFound, NotAllowed, Invalid, and
    Conflict for a closed account.
    """
    with database.reading() as reading:
        person = _require_open(_with_own_password(reading, name, by))
        rules = password_rules.of(reading, name, person.display)
    new_password = passwords.make_password() if password is None else password
    password_hash = sign_in.hash_password(new_password) if password is None else rules.hashed(new_password)

    def keep(tx: Transaction) -> str:
        _require_open(_with_own_password(tx, name, by))
        passwords.reset(tx, name, password_hash, by=by.name, end_keys=end_keys)
        return new_password

    return database.write(keep)


def issue_key(tx: Transaction, name: str, server_url: str, *, by: Actor) -> SetupCard:
    """Return the card of ``name`` with a new phone key; earlier keys stay good. server_url: as phones reach it."""
    get_managed(tx, name, by)
    return _card(tx, name, server_url, phone_keys.issue(tx, name, by=by.name))


def replace_key(tx: Transaction, name: str, server_url: str, *, by: Actor) -> SetupCard:
    """Return the card of ``name`` with a new phone key; every earlier key is refused at once: the phone was lost."""
    get_managed(tx, name, by)
    return _card(tx, name, server_url, enrolment.replace_phone_key(tx, name, by=by.name))


def get_managed(reading: Reading, name: str, by: Actor) -> Person:
    """Return a person whom ``by`` may manage: at every area where they hold a duty, or held one when none is left.

    Raises NotFound for people out of scope, NotAllowed.
    """
    person = people.get(reading, name, people_scope(by))
    staff_rights.require_all(by, _touched(person, reading.now))
    return person


def _touched(person: Person, now: Instant) -> tuple[Duty, ...]:
    return tuple(duty for duty in person.duties if duty.ends_at > now) or person.duties


def _with_own_password(reading: Reading, name: str, by: Actor) -> Person:
    """Return a person to whom ``by`` may give another password, and so act as them: a town may not. Raises as above."""
    person = people.get(reading, name, people_scope(by))
    for path in sorted({duty.place.path for duty in _touched(person, reading.now)}) or [""]:
        rights.require(by, "configuration", "edit", path)
    return person


def _existing(reading: Reading, name: str, request: DutyRequest, display: str, *, same: bool, by: Actor) -> Person:
    """Return the person of this name when they match the request. Raises Conflict."""
    try:
        person = get_managed(reading, name, by)
    except NotFound:
        person = None
    if person is None or not same or person.display != display.strip() or person.revoked_at is not None:
        raise _taken(name)
    if not any(request.matches(duty) for duty in person.duties):
        raise _taken(name)
    return person


def _taken(name: str) -> Conflict:
    return Conflict(f"用户名“{name}”已有人使用，内容与这次所填不同；请换一个用户名，或修改已有的用户。", user=name)


def _require_duty_right(reading: Reading, request: DutyRequest, by: Actor) -> None:
    path = visibility.get_visible(reading, request.area, by).path
    rights.require(by, staff_rights.SUBJECT, staff_rights.ACTION, path)
    role = roles.get(request.role, reading.now).role
    staff_rights.require(by, role, path)
    if request.body is not None:
        body = bodies.get(reading, request.body)
        visibility.get_visible(reading, body.area, by)
        staff_rights.require(by, role, path_of(body.area))  # who acts for a body has its cases


def _require_open(person: Person) -> Person:
    if person.revoked_at is not None:
        raise Conflict(f"用户“{person.name}”已停用，不能再设密码；需要时请另建用户。", user=person.name)
    return person


def _duty_arguments(request: DutyRequest) -> dict[str, Any]:
    return {
        "role": request.role,
        "area": request.area,
        "body": request.body,
        "starts_at": request.starts_at,
        "ends_at": request.ends_at,
    }


def _card(tx: Transaction, name: str, server_url: str, token: str) -> SetupCard:
    return setup_card(tx, people.actor(tx, name), f"{server_url}/key/{token}")
