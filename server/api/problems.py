"""Answers what waits for a person to settle it, with the bodies that could not be taken."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from schemas.lists import page_of
from schemas.problems import ProblemQuery, ProblemSchema
from server import context
from server.api import answers, shapes
from server.api.areas import place_of
from server.api.door import door as make_door
from server.domain.errors import NotFound
from server.store import kept_bodies, problems

door = make_door("problems", "待处理问题 · what only a person can settle")

FILTERS: tuple[str, ...] = ("kind", "record", "submission", "type")
SETTLED = {"false": "open", "true": "settled", "any": "all"}


@door.route("/problems")
@door.arguments(ProblemQuery, location="query")
@door.response(200, page_of(ProblemSchema))
@door.alt_response(404, success=False, description="the area is unknown, or out of reach")
def list_problems(query: dict[str, Any]) -> Response:
    """List problems, newest first; only open ones unless asked otherwise."""
    by, limit, before = context.caller(), query["limit"], answers.number_of(query.get("cursor"))
    filters = {name: str(query[name]) for name in FILTERS if name in query}
    with context.database().reading() as reading:
        place = place_of(reading, query, by)
        found = problems.list_filed(
            reading,
            by.scope,
            filters=filters,
            settled=SETTLED[query["settled"]],
            bounds=None if place is None else place.bounds(),
            before=before,
            limit=limit + 1,
        )
    return answers.page(found, limit, shapes.problem, lambda each: each.seq)


@door.route("/problems/<uuid:problem_id>")
@door.response(200, ProblemSchema)
@door.alt_response(404, success=False, description="unknown, or out of scope")
def get_problem(problem_id: UUID) -> Response:
    """Get one problem."""
    with context.database().reading() as reading:
        return answers.json(shapes.problem(problems.get(reading, str(problem_id), context.caller().scope)))


@door.route("/problems/<uuid:problem_id>/body")
@door.response(200, {"type": "string"}, content_type="text/xml")
@door.alt_response(404, success=False, description="unknown, out of scope, or the problem is about no such body")
def get_kept_body(problem_id: UUID) -> Response:
    """Get the bytes of the body that could not be taken, as the phone sent them."""
    with context.database().reading() as reading:
        found = problems.get(reading, str(problem_id), context.caller().scope)
        content = None if found.kept_body is None else kept_bodies.xml_of(reading, found.kept_body)
    if content is None:
        raise NotFound("这个问题没有另外保存的提交内容。", problem=found.id)
    return answers.as_sent(content, f"{found.kept_body}.xml")
