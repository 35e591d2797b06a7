"""Adds, moves and ends people and organisations; whatever the commands can, by the same use cases."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, request

from schemas.people import BodySchema, DutySchema, UserSchema
from schemas.staffing import (
    BodyRequestSchema,
    BodyUpdateSchema,
    DutyRequestSchema,
    EndRequestSchema,
    KeyRequestSchema,
    KeySchema,
    MoveRequestSchema,
    PasswordRequestSchema,
    PasswordSchema,
    UserRequestSchema,
)
from server import instants
from server.api import responses, serializers
from server.api.blueprints import door as make_door
from server.instants import BEGINNING, FOREVER, Instant
from server.people.usecases import setup_card, setup_qr
from server.staffing.usecases import account_management, body_management
from server.staffing.usecases.account_management import Post
from server.web import context

door = make_door("staff", "人员管理 · adding, moving and ending people and bodies")


@door.route("/users", methods=("POST",))
@door.arguments(UserRequestSchema)
@door.response(201, UserSchema)
@door.alt_response(200, schema=UserSchema, description="this very person is there already")
@door.alt_response(404, success=False, description="the area or body is unknown, or out of reach")
@door.alt_response(409, success=False, description="the name is somebody else's")
def add_user(asked: dict[str, Any]) -> Response:
    """Add a person with a first duty; asking again for the same one adds nobody."""
    name, by = asked["name"], context.caller()
    display = asked["display"] or name
    person, added = account_management.add(
        context.database(), name, _post(asked), display=display, password=asked["password"], by=by
    )
    return responses.json(serializers.people.user(person, by.at), 201 if added else 200)


@door.route("/users/<name>/duties", methods=("POST",))
@door.arguments(DutyRequestSchema)
@door.response(201, DutySchema)
@door.alt_response(200, schema=DutySchema, description="this very duty is held already")
@door.alt_response(404, success=False, description="the person, area or body is unknown, or out of reach")
@door.alt_response(409, success=False, description="a like duty is held at an overlapping time")
def give_duty(asked: dict[str, Any], name: str) -> Response:
    """Give a person one more duty; the very same duty is given once."""
    post, by = _post(asked), context.caller()
    duty, given = context.write(lambda tx: account_management.give_duty(tx, name, post, by=by))
    return responses.json(serializers.people.duty(duty, by.at), 201 if given else 200)


@door.route("/users/<name>/duties/<duty_id>/end", methods=("POST",))
@door.arguments(EndRequestSchema)
@door.response(200, DutySchema)
@door.alt_response(404, success=False, description="the person or duty is unknown, or out of reach")
def end_duty(asked: dict[str, Any], name: str, duty_id: str) -> Response:
    """End a duty, now or at `at`."""
    at, by = _instant(asked["at"]), context.caller()
    duty = context.write(lambda tx: account_management.end_duty(tx, name, duty_id, at, by=by))
    return responses.json(serializers.people.duty(duty, by.at))


@door.route("/users/<name>/move", methods=("POST",))
@door.arguments(MoveRequestSchema)
@door.response(200, DutySchema)
@door.alt_response(404, success=False, description="the person or area is unknown, or out of reach")
@door.alt_response(409, success=False, description="they hold a duty there, and others beside it")
def move(asked: dict[str, Any], name: str) -> Response:
    """Move a person: the present duty ends, the same role begins in the other area, now or at `from`."""
    area, at, by = asked["area"], _instant(asked["from_"]), context.caller()
    duty = context.write(lambda tx: account_management.move(tx, name, area, at, by=by))
    return responses.json(serializers.people.duty(duty, by.at))


@door.route("/users/<name>/revocation", methods=("POST",))
@door.response(200, UserSchema)
@door.alt_response(404, success=False, description="unknown, or out of scope")
def revoke(name: str) -> Response:
    """Close an account at once: duties end, phone keys and sign-ins are refused from now on."""
    by = context.caller()
    person = context.write(lambda tx: account_management.revoke(tx, name, by=by))
    return responses.json(serializers.people.user(person, by.at))


@door.route("/users/<name>/password", methods=("POST",))
@door.arguments(PasswordRequestSchema)
@door.response(200, PasswordSchema)
@door.alt_response(404, success=False, description="unknown, or out of scope")
def reset_password(asked: dict[str, Any], name: str) -> Response:
    """Give a person another password, which ends their sign-ins and opens a lock; one that is made is told once."""
    chosen = asked["password"]
    given = account_management.reset_password(context.database(), name, chosen, by=context.caller())
    return responses.secret({"password": given if chosen is None else None})


@door.route("/users/<name>/key", methods=("POST",))
@door.arguments(KeyRequestSchema)
@door.response(201, KeySchema)
@door.alt_response(404, success=False, description="unknown, or out of scope")
@door.alt_response(409, success=False, description="the account is closed")
def give_key(asked: dict[str, Any], name: str) -> Response:
    """Give a person a new phone key; it is shown this once. Earlier keys stay good unless `replace` says otherwise."""
    give = account_management.replace_key if asked["replace"] else account_management.issue_key
    server_url, by = context.settings().public_url or request.root_url.rstrip("/"), context.caller()
    card = context.write(lambda tx: give(tx, name, server_url, by=by))
    settings = setup_qr.settings(card.url, card.username, card.project)
    shown = {"settings": settings, "payload": setup_qr.payload(settings), "warning": setup_card.warning(server_url)}
    return responses.secret({**asdict(card), **shown}, 201)


@door.route("/bodies", methods=("POST",))
@door.arguments(BodyRequestSchema)
@door.response(201, BodySchema)
@door.alt_response(200, schema=BodySchema, description="this very body is there already")
@door.alt_response(404, success=False, description="the area is unknown, or out of reach")
@door.alt_response(409, success=False, description="the code is another body's")
def add_body(asked: dict[str, str]) -> Response:
    """Register an organisation that can be given work; the very same one is registered once."""
    by = context.caller()
    body, added = context.write(lambda tx: body_management.add(tx, **asked, by=by))
    return responses.json(serializers.people.body(body, str), 201 if added else 200)


@door.route("/bodies/<body_code>", methods=("PATCH",))
@door.arguments(BodyUpdateSchema)
@door.response(200, BodySchema)
@door.alt_response(404, success=False, description="unknown, or out of scope")
def revise_body(asked: dict[str, Any], body_code: str) -> Response:
    """Give an organisation another name or contact; what stood before stays on record."""
    at, by, name, contact = _instant(asked["from_"]), context.caller(), asked.get("name"), asked.get("contact")
    body = context.write(lambda tx: body_management.revise(tx, body_code, name=name, contact=contact, at=at, by=by))
    return responses.json(serializers.people.body(body, str))


@door.route("/bodies/<body_code>/end", methods=("POST",))
@door.arguments(EndRequestSchema)
@door.response(200, BodySchema)
@door.alt_response(404, success=False, description="unknown, or out of scope")
def end_body(asked: dict[str, Any], body_code: str) -> Response:
    """End an organisation, now or at `at`: it can be given no more work."""
    at, by = _instant(asked["at"]), context.caller()
    body = context.write(lambda tx: body_management.end(tx, body_code, at, by=by))
    return responses.json(serializers.people.body(body, str))


def _post(asked: dict[str, Any]) -> Post:
    starts_at, ends_at = _instant(asked["from_"]) or BEGINNING, _instant(asked["to"]) or FOREVER
    return Post(asked["role"], asked["area"], asked["body"], starts_at, ends_at)


def _instant(told: str | None) -> Instant | None:
    return None if told is None else instants.text(instants.parse(told))
