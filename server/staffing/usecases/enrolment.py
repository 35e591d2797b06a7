"""Enrol people and bodies: accounts, dated duties, moves, lost phones, revocation."""

from __future__ import annotations

from dataclasses import replace

from server import dated
from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.changes.usecases import automatic_steps
from server.db.transactions import Transaction
from server.errors import Conflict, Invalid
from server.grid.domain.areas import Area
from server.grid.domain.file_cells import LEVELS
from server.grid.store import areas
from server.instants import BEGINNING, FOREVER, Instant
from server.people.domain import roles
from server.people.domain.actors import Actor, Duty, Role
from server.people.domain.passwords import PasswordState
from server.people.domain.people import (
    Body,
    checked_code,
    checked_contact,
    checked_display,
    checked_name,
    checked_window,
)
from server.people.store import accounts, bodies, people, sessions
from server.people.usecases import phone_keys


def add_user(
    tx: Transaction,
    name: str,
    *,
    role: Role | str,
    area: str,
    by: str,
    body: str | None = None,
    display: str | None = None,
    starts_at: Instant = BEGINNING,
    ends_at: Instant = FOREVER,
    password_hash: str | None = None,
    password_state: PasswordState = PasswordState.TO_CHANGE,
) -> Actor:
    """Add a person with a first duty and return them.

    name: user name (``domain.people.NAME_PATTERN``). area: code, may be short. body: code of the organisation they
    act for. display: shown name, the user name when None. starts_at, ends_at: of the duty, half open.
    password_hash: from ``sign_in.hash_password``; None for people who only have a phone. password_state: whose it is:
    as a rule somebody else set it, so that it is to be changed. by: who does this.
    Raises Invalid, NotFound (area, body), Conflict (the name is taken).
    """
    checked_name(name)
    shown = checked_display(display if display is not None else name)
    taken = accounts.find_ignoring_case(tx, name)
    if taken is not None:
        raise Conflict(f"用户名“{taken}”已有人使用；请换一个用户名。", user=taken)
    accounts.add(tx, name, shown, password_hash, password_state if password_hash else PasswordState.OWN)
    record(tx, Entry("user.add", by, name, {"display": shown}))
    add_duty(tx, name, role=role, area=area, body=body, starts_at=starts_at, ends_at=ends_at, by=by)
    return people.actor(tx, name)


def add_duty(
    tx: Transaction,
    name: str,
    *,
    role: Role | str,
    area: str,
    by: str,
    body: str | None = None,
    starts_at: Instant = BEGINNING,
    ends_at: Instant = FOREVER,
) -> Duty:
    """Give ``name`` one more duty and return it; arguments as in ``add_user``.

    Raises NotFound (user, area, body), Invalid (role, level, window, area not in force), Conflict (they hold the
    same duty in that time already, or the account is revoked).
    """
    _require_good_account(tx, name)
    checked_window(starts_at, ends_at)
    described = roles.get(str(role), tx.now)
    place = _area_in_force(tx, area, starts_at, ends_at)
    _require_level(described, place)
    if body is not None:
        bodies.get(tx, body)
    duty = Duty(described.role, place.code, body, starts_at, ends_at)
    _require_new(tx, name, duty)
    added = people.add_duty(tx, name, duty)
    record(tx, Entry("duty.add", by, name, _duty_detail(added)))
    return added


def end_duty(tx: Transaction, name: str, duty_id: str, *, by: str, at: Instant | None = None) -> Duty:
    """End one duty of ``name`` at ``at`` (now when None) and return it as it then stands.

    Open cases that they can then no longer look after go back to be assigned anew, as with every end of a duty.

    Raises Invalid when there is no such duty, or when it would end before it began or later than it does now.
    """
    held = next((duty for duty in people.duties_of(tx, name) if duty.id == duty_id), None)
    if held is None:
        raise Invalid(f"用户“{name}”没有这个岗位。", field="duty", user=name, duty=duty_id)
    ended = _end(tx, name, held, at or tx.now, by)
    automatic_steps.from_person(tx, name)
    return ended


def move_user(tx: Transaction, name: str, *, area: str, by: str, at: Instant | None = None) -> Duty:
    """Move ``name`` to another area at ``at`` (now when None): the duty ends there, the same role begins elsewhere.

    Several duties in one role (a worker with two units) end together; a temporary one stays temporary. Returns the
    new duty. Raises NotFound, Conflict, and Invalid when nothing is held then or roles differ, so that one cannot
    know which duty moves.
    """
    instant = at or tx.now
    account = accounts.get(tx, name)
    held = [duty for duty in people.duties_of(tx, account.name) if duty.holds_at(instant)]
    if not held:
        raise Invalid(f"用户“{name}”在这个时间没有岗位，无从调动；请先给他岗位。", field="from", user=name)
    if len({(duty.role, duty.body) for duty in held}) > 1:
        labels = "、".join(dict.fromkeys(roles.label(duty.role, tx.now) for duty in held))
        raise Invalid(f"用户“{name}”同时有几个不同岗位（{labels}），请分别结束和新增岗位。", field="name", user=name)
    until = max(duty.ends_at for duty in held)
    first = held[0]
    place = areas.get(tx, area)
    if any(duty.area == place.code for duty in held):
        raise Conflict(f"用户“{name}”的岗位已经在{place.name}。", user=name, area=place.code)
    for duty in held:
        _end(tx, name, duty, instant, by)
    begun = add_duty(
        tx, name, role=first.role, area=place.code, body=first.body, starts_at=instant, ends_at=until, by=by
    )
    automatic_steps.from_person(tx, name)
    return begun


def carry_duty(tx: Transaction, name: str, held: Duty, area: str | None, at: Instant, *, by: str) -> None:
    """End a duty at ``at`` because its area does, and begin it in ``area``, which follows; None: in none.

    Whoever holds the same duty there already goes on with that one. Raises NotFound, Invalid.
    """
    _end(tx, name, held, at, by)
    if area is None:
        return
    begins = max(at, held.starts_at)
    for each in people.duties_of(tx, name):
        same = (each.role, each.area, each.body) == (held.role, area, held.body)
        if same and each.starts_at < held.ends_at and begins < each.ends_at:
            return
    add_duty(tx, name, role=held.role, area=area, body=held.body, starts_at=begins, ends_at=held.ends_at, by=by)


def revoke_user(tx: Transaction, name: str, *, by: str) -> None:
    """Close an account at once: duties end, phone keys and sign-in tokens are refused from now on.

    Raises NotFound, and Conflict when it is closed already.
    """
    _require_good_account(tx, name)
    accounts.revoke(tx, name)
    for duty in people.duties_of(tx, name):
        if duty.ends_at > tx.now:
            people.end_duty(tx, duty.id, tx.now)
    ended, signed_out = people.end_keys(tx, name), sessions.end_all(tx, name)
    tx.configuration_changed()
    record(tx, Entry("user.revoke", by, name, {"phone_keys": ended, "sessions": signed_out}))
    automatic_steps.from_person(tx, name)


def replace_phone_key(tx: Transaction, name: str, *, by: str) -> str:
    """Refuse every phone key of ``name`` at once and return a new one: all that a lost phone needs.

    Raises NotFound, and Conflict when the account is revoked.
    """
    return phone_keys.replace(tx, name, by=by)


def add_body(tx: Transaction, code: str, *, name: str, kind: str, area: str, by: str, contact: str = "") -> Body:
    """Add an organisation that can be given work, and return it.

    code: as in ``body:<code>``. kind: a code of ``data/body_kinds.csv``. contact: whom to ask there, may be empty.
    Raises Invalid, NotFound (area), Conflict (the code is in use; a renamed body is for ``rename_body``).
    """
    checked_code(code)
    shown = checked_display(name, "name")
    kinds = [row["code"] for row in dated.rows_at("body_kinds", tx.now)]
    if kind not in kinds:
        raise Invalid(f"没有“{kind}”这类责任主体；可选：{'、'.join(kinds)}。", field="kind", value=kind)
    place = _area_in_force(tx, area, BEGINNING, FOREVER)
    spells = bodies.history(tx, code)
    if spells and spells[-1].valid_to > tx.now:
        raise Conflict(f"责任主体代码“{code}”已用于{spells[-1].name}；请换一个代码，或给它改名。", body=code)
    body = Body(code, shown, kind, place.code, checked_contact(contact), tx.now if spells else BEGINNING)
    bodies.add(tx, body)
    record(tx, Entry("body.add", by, code, {"name": shown, "kind": kind, "area": place.code}))
    return body


def rename_body(tx: Transaction, code: str, *, name: str, by: str, at: Instant | None = None) -> Body:
    """Give a body another name from ``at`` (now when None); what it was called before stays on record.

    Raises NotFound, and Invalid when its present name began later than ``at`` or ends before it.
    """
    return revise_body(tx, code, name=name, contact=bodies.get(tx, code).contact, by=by, at=at)


def revise_body(tx: Transaction, code: str, *, name: str, contact: str, by: str, at: Instant | None = None) -> Body:
    """Give a body another name and contact from ``at`` (now when None); what stood before stays on record.

    Raises as ``rename_body``. The contact may be a phone number, so the audit only says whether it changed.
    """
    held = bodies.get(tx, code)
    instant = at or tx.now
    checked_window(held.valid_from, instant)
    checked_window(instant, held.valid_to)
    new = replace(held, name=checked_display(name, "name"), contact=checked_contact(contact))
    kept = bodies.supersede(tx, held, new, instant)
    detail = {"old": held.name, "name": kept.name, "since": instant}
    changed = {"contact_changed": True} if kept.contact != held.contact else {}
    record(tx, Entry("body.rename" if kept.name != held.name else "body.contact", by, code, detail | changed))
    return kept


def end_body(tx: Transaction, code: str, *, by: str, at: Instant | None = None) -> None:
    """End a body at ``at`` (now when None): it can be given no more work. Raises NotFound, Invalid."""
    held = bodies.get(tx, code)
    instant = at or tx.now
    checked_window(held.valid_from, instant)
    checked_window(instant, held.valid_to)
    bodies.end(tx, held, instant)
    record(tx, Entry("body.end", by, code, {"name": held.name, "at": instant}))


def _end(tx: Transaction, name: str, held: Duty, at: Instant, by: str) -> Duty:
    if held.starts_at >= tx.now:
        at = max(at, held.starts_at)  # a duty not begun yet may be called off: it then was never in force
    else:
        checked_window(held.starts_at, at)
    if at > held.ends_at:
        raise Invalid("这个岗位已经结束得更早；请检查时间。", field="to", ends_at=held.ends_at)
    people.end_duty(tx, held.id, at)
    ended = replace(held, ends_at=at)
    record(tx, Entry("duty.end", by, name, _duty_detail(ended)))
    return ended


def _require_good_account(tx: Transaction, name: str) -> None:
    if accounts.get(tx, name).revoked_at is not None:
        raise Conflict(f"用户“{name}”已停用；需要时请另建用户。", user=name)


def _area_in_force(tx: Transaction, code: str, starts_at: Instant, ends_at: Instant) -> Area:
    """Return the area, which must stand when the duty begins; a duty without a beginning counts from now."""
    area = areas.get(tx, code)
    at = max(starts_at, tx.now) if ends_at > tx.now else starts_at
    if not area.valid_from <= at < area.valid_to:
        onward = f"，现由 {area.successor} 接管" if area.successor else ""
        message = f"网格 {area.code} {area.name} 在这个时间不在用{onward}；请改用现行网格。"
        raise Invalid(message, field="area", area=area.code)
    return area


def _require_level(described: roles.Description, area: Area) -> None:
    if area.level not in described.levels:
        names = "、".join(LEVELS[level][1] for level in described.levels)
        raise Invalid(
            f"“{described.label}”的岗位应设在{names}一级，而 {area.code} {area.name} 是{LEVELS[area.level][1]}。",
            field="area",
            role=described.role.value,
            area=area.code,
        )


def _require_new(tx: Transaction, name: str, duty: Duty) -> None:
    for held in people.duties_of(tx, name):
        same = (held.role, held.area, held.body) == (duty.role, duty.area, duty.body)
        if same and held.starts_at < duty.ends_at and duty.starts_at < held.ends_at:
            raise Conflict(f"用户“{name}”在这段时间已有同样的岗位。", user=name, duty=held.id)


def _duty_detail(duty: Duty) -> dict[str, str | None]:
    return {
        "role": duty.role.value,
        "area": duty.area,
        "body": duty.body,
        "starts_at": duty.starts_at,
        "ends_at": duty.ends_at,
    }
