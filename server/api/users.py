"""Answers who works where: officers see the people of their area, everyone sees themself."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.lists import page_of
from schemas.people import BodyQuery, BodySchema, DutySchema, UserQuery, UserSchema
from server.api import responses, serializers
from server.api.areas import place_of
from server.api.blueprints import door as make_door
from server.grid.domain.areas import Place, path_of
from server.grid.domain.scope import Scope
from server.people.domain.people import Body
from server.people.store import bodies, people
from server.staffing.usecases import account_management
from server.web import context

door = make_door("users", "人员、岗位、责任主体 · people, duties, bodies")


@door.route("/users")
@door.arguments(UserQuery, location="query")
@door.response(200, page_of(UserSchema))
def list_users(query: dict[str, Any]) -> Response:
    """List people by user name: those with a duty where the caller may see people, and the caller."""
    by, limit, after = context.caller(), query["limit"], responses.mark_of(query.get("cursor")) or ""
    with context.database().reading() as reading:
        scope = _inside(account_management.seen_by(by), place_of(reading, query, by))
        found = list(people.list_people(reading, scope, after, limit + 1))
        at = reading.now
    return responses.page(found, limit, lambda person: serializers.people.user(person, at), lambda person: person.name)


@door.route("/users/<name>")
@door.response(200, UserSchema)
@door.alt_response(404, success=False, description="unknown, or out of scope")
def get_user(name: str) -> Response:
    """Get one person with duties and phones."""
    with context.database().reading() as reading:
        found = people.get(reading, name, account_management.seen_by(context.caller()))
        return responses.json(serializers.people.user(found, reading.now))


@door.route("/users/<name>/duties")
@door.response(200, page_of(DutySchema))
@door.alt_response(404, success=False, description="unknown, or out of scope")
def list_duties(name: str) -> Response:
    """List every duty that a person holds, held or will hold, oldest first."""
    with context.database().reading() as reading:
        found = people.get(reading, name, account_management.seen_by(context.caller()))
        return responses.whole(serializers.people.duty(duty, reading.now) for duty in found.duties)


@door.route("/bodies")
@door.arguments(BodyQuery, location="query")
@door.response(200, page_of(BodySchema))
def list_bodies(query: dict[str, Any]) -> Response:
    """List organisations that can be given work, by code; contacts are masked where the caller may not see people."""
    by, limit, after = context.caller(), query["limit"], responses.mark_of(query.get("cursor")) or ""
    with context.database().reading() as reading:
        scope = _inside(by.scope, place_of(reading, query, by))
        found = list(bodies.list_bodies(reading, scope, after, limit + 1))
    seen = account_management.seen_by(by)
    return responses.page(found, limit, lambda body: _body(body, seen), lambda body: body.code)


def _inside(scope: Scope, place: Place | None) -> Scope:
    """Return the part of ``scope`` that lies at ``place``: by places alone, since a person is not at one."""
    if place is None:
        return scope
    within = tuple(
        place if seen.holds(place.path) else seen
        for seen in scope.places
        if seen.holds(place.path) or place.holds(seen.path)
    )
    return Scope(within, tuple(path for path in scope.exact_paths if place.holds(path)))


def _body(body: Body, seen: Scope) -> responses.Json:
    in_full = seen.covers(path_of(body.area))
    return serializers.people.body(body, str if in_full else serializers.people.masked_contact)
