"""Serve people, their duties and organisations: lists for those who may see them, and changes by administrators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from operator import attrgetter
from typing import Any

from flask import Response

from schemas.lists import page_of
from schemas.people import BodyQuery, BodySchema, DutySchema, UserQuery, UserSchema
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
from server.api.areas import place_of
from server.api.blueprints import create_blueprint
from server.db.transactions import Reading
from server.grid.domain.areas import path_of
from server.grid.domain.scope import Scope
from server.instants import BEGINNING, FOREVER, Instant
from server.people.domain.people import Body, Person
from server.people.store import bodies, people
from server.people.usecases import setup_card, setup_qr
from server.staffing.usecases import account_management, body_management
from server.staffing.usecases.account_management import DutyRequest
from server.web import context

blueprint = create_blueprint("users", "人员、岗位、责任主体 · people, duties, bodies")
management = create_blueprint("staff", "人员管理 · adding, moving and ending people and bodies")


@blueprint.route("/users")
@blueprint.arguments(UserQuery, location="query")
@blueprint.response(200, page_of(UserSchema))
def list_users(query: dict[str, Any]) -> Response:
    """List people by user name: those with a duty where the caller may see people, and the caller."""
    by = context.caller()

    def find(reading: Reading, after: str, limit: int) -> Iterable[Person]:
        scope = account_management.people_scope(by).at(place_of(reading, query, by))
        return people.list_people(reading, scope, after, limit)

    def to_json(person: Person) -> responses.Json:
        return serializers.people.user(person, by.at)

    return responses.listing(query, responses.decode_text, find, to_json, attrgetter("name"))


@blueprint.route("/users/<name>")
@blueprint.response(200, UserSchema)
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
def get_user(name: str) -> Response:
    """Get one person with duties and phones."""
    with context.database().reading() as reading:
        found = people.get(reading, name, account_management.people_scope(context.caller()))
        return responses.json(serializers.people.user(found, reading.now))


@blueprint.route("/users/<name>/duties")
@blueprint.response(200, page_of(DutySchema))
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
def list_duties(name: str) -> Response:
    """List every duty that a person holds, held or will hold, oldest first."""
    with context.database().reading() as reading:
        found = people.get(reading, name, account_management.people_scope(context.caller()))
        return responses.single_page(serializers.people.duty(duty, reading.now) for duty in found.duties)


@blueprint.route("/bodies")
@blueprint.arguments(BodyQuery, location="query")
@blueprint.response(200, page_of(BodySchema))
def list_bodies(query: dict[str, Any]) -> Response:
    """List organisations that can be given work, by code; contacts are masked where the caller may not see people."""
    by = context.caller()
    people_scope = account_management.people_scope(by)

    def find(reading: Reading, after: str, limit: int) -> Iterator[Body]:
        return bodies.list_bodies(reading, by.scope.at(place_of(reading, query, by)), after, limit)

    return responses.listing(
        query, responses.decode_text, find, lambda body: _body(body, people_scope), attrgetter("code")
    )


@management.route("/users", methods=("POST",))
@management.needs(("staff", "edit"))
@management.arguments(UserRequestSchema)
@management.response(201, UserSchema)
@management.alt_response(200, schema=UserSchema, description="this very person is there already")
@management.alt_response(404, success=False, description="the area or body is unknown, or out of reach")
@management.alt_response(409, success=False, description="the name is somebody else's")
def add_user(arguments: dict[str, Any]) -> Response:
    """Add a person with a first duty; asking again for the same one adds nobody."""
    name, by = arguments["name"], context.caller()
    display = arguments["display"] or name
    duty, password = _duty_request(arguments), arguments["password"]
    person, added = context.carry_out(
        lambda database: account_management.add(database, name, duty, display=display, password=password, by=by)
    )
    return responses.json(serializers.people.user(person, by.at), 201 if added else 200)


@management.route("/users/<name>/duties", methods=("POST",))
@management.needs(("staff", "edit"))
@management.arguments(DutyRequestSchema)
@management.response(201, DutySchema)
@management.alt_response(200, schema=DutySchema, description="this very duty is held already")
@management.alt_response(404, success=False, description="the person, area or body is unknown, or out of reach")
@management.alt_response(409, success=False, description="a like duty is held at an overlapping time")
def give_duty(arguments: dict[str, Any], name: str) -> Response:
    """Give a person one more duty; the very same duty is given once."""
    new_duty, by = _duty_request(arguments), context.caller()
    duty, added = context.write(lambda tx: account_management.give_duty(tx, name, new_duty, by=by))
    return responses.json(serializers.people.duty(duty, by.at), 201 if added else 200)


@management.route("/users/<name>/duties/<duty_id>/end", methods=("POST",))
@management.needs(("staff", "edit"))
@management.arguments(EndRequestSchema)
@management.response(200, DutySchema)
@management.alt_response(404, success=False, description="the person or duty is unknown, or out of reach")
def end_duty(arguments: dict[str, Any], name: str, duty_id: str) -> Response:
    """End a duty, now or at `at`."""
    at, by = _instant(arguments["at"]), context.caller()
    duty = context.write(lambda tx: account_management.end_duty(tx, name, duty_id, at, by=by))
    return responses.json(serializers.people.duty(duty, by.at))


@management.route("/users/<name>/move", methods=("POST",))
@management.needs(("staff", "edit"))
@management.arguments(MoveRequestSchema)
@management.response(200, DutySchema)
@management.alt_response(404, success=False, description="the person or area is unknown, or out of reach")
@management.alt_response(409, success=False, description="they hold a duty there, and others beside it")
def move(arguments: dict[str, Any], name: str) -> Response:
    """Move a person: the present duty ends, the same role begins in the other area, now or at `from`."""
    area, at, by = arguments["area"], _instant(arguments["from_"]), context.caller()
    duty = context.write(lambda tx: account_management.move(tx, name, area, at, by=by))
    return responses.json(serializers.people.duty(duty, by.at))


@management.route("/users/<name>/revocation", methods=("POST",))
@management.needs(("staff", "edit"))
@management.response(200, UserSchema)
@management.alt_response(404, success=False, description="unknown, or out of scope")
@management.alt_response(409, success=False, description="the caller's own account, which another administrator closes")
def revoke(name: str) -> Response:
    """Close an account at once: duties end, phone keys and sign-ins are refused from now on."""
    by = context.caller()
    person = context.write(lambda tx: account_management.revoke(tx, name, by=by))
    return responses.json(serializers.people.user(person, by.at))


@management.route("/users/<name>/password", methods=("POST",))
@management.needs(("configuration", "edit"))
@management.arguments(PasswordRequestSchema)
@management.response(200, PasswordSchema)
@management.alt_response(404, success=False, description="unknown, or out of scope")
@management.alt_response(409, success=False, description="the account is closed")
def reset_password(arguments: dict[str, Any], name: str) -> Response:
    """Give a person another password, which they change first: sign-ins end, a lock opens. A made one is shown once."""
    chosen, end_keys = arguments["password"], arguments["phone_keys"] == "revoke"
    by = context.caller()
    password = context.carry_out(
        lambda database: account_management.reset_password(database, name, chosen, by=by, end_keys=end_keys)
    )
    return responses.secret({"password": password if chosen is None else None})


@management.route("/users/<name>/key", methods=("POST",))
@management.needs(("staff", "edit"))
@management.arguments(KeyRequestSchema)
@management.response(201, KeySchema)
@management.alt_response(404, success=False, description="unknown, or out of scope")
@management.alt_response(409, success=False, description="the account is closed")
def give_key(arguments: dict[str, Any], name: str) -> Response:
    """Give a person a new phone key; it is shown this once. Earlier keys stay good unless `replace` says otherwise."""
    give = account_management.replace_key if arguments["replace"] else account_management.issue_key
    server_url, by = context.card_url(), context.caller()
    card = context.write(lambda tx: give(tx, name, server_url, by=by))
    settings = setup_qr.settings(card.url, card.username, card.project)
    shown = {"settings": settings, "payload": setup_qr.payload(settings), "warning": setup_card.warning(server_url)}
    return responses.secret({**asdict(card), **shown}, 201)


@management.route("/bodies", methods=("POST",))
@management.needs(("configuration", "edit"))
@management.arguments(BodyRequestSchema)
@management.response(201, BodySchema)
@management.alt_response(200, schema=BodySchema, description="this very body is there already")
@management.alt_response(404, success=False, description="the area is unknown, or out of reach")
@management.alt_response(409, success=False, description="the code is another body's")
def add_body(arguments: dict[str, str]) -> Response:
    """Register an organisation that can be given work; the very same one is registered once."""
    by = context.caller()
    body, added = context.write(lambda tx: body_management.add(tx, **arguments, by=by))
    return responses.json(serializers.people.body(body, str), 201 if added else 200)


@management.route("/bodies/<body_code>", methods=("PATCH",))
@management.needs(("configuration", "edit"))
@management.arguments(BodyUpdateSchema)
@management.response(200, BodySchema)
@management.alt_response(404, success=False, description="unknown, or out of scope")
def revise_body(arguments: dict[str, Any], body_code: str) -> Response:
    """Give an organisation another name or contact; what stood before stays on record."""
    at, by, name, contact = (
        _instant(arguments["from_"]),
        context.caller(),
        arguments.get("name"),
        arguments.get("contact"),
    )
    body = context.write(lambda tx: body_management.revise(tx, body_code, name=name, contact=contact, at=at, by=by))
    return responses.json(serializers.people.body(body, str))


@management.route("/bodies/<body_code>/end", methods=("POST",))
@management.needs(("configuration", "edit"))
@management.arguments(EndRequestSchema)
@management.response(200, BodySchema)
@management.alt_response(404, success=False, description="unknown, or out of scope")
def end_body(arguments: dict[str, Any], body_code: str) -> Response:
    """End an organisation, now or at `at`: it can be given no more work."""
    at, by = _instant(arguments["at"]), context.caller()
    body = context.write(lambda tx: body_management.end(tx, body_code, at, by=by))
    return responses.json(serializers.people.body(body, str))


def _body(body: Body, people_scope: Scope) -> responses.Json:
    in_full = people_scope.covers(path_of(body.area))
    return serializers.people.body(body, str if in_full else serializers.people.masked_contact)


def _duty_request(arguments: dict[str, Any]) -> DutyRequest:
    starts_at, ends_at = _instant(arguments["from_"]) or BEGINNING, _instant(arguments["to"]) or FOREVER
    return DutyRequest(arguments["role"], arguments["area"], arguments["body"], starts_at, ends_at)


def _instant(text: str | None) -> Instant | None:
    return None if text is None else instants.text(instants.parse(text))
