"""The frame of every page: the rail of a person's pages, who they are and where, and what the page is called."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, Protocol

from flask import Blueprint, Response, current_app, g, request

from server.cases.usecases import waiting
from server.db import training
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.outline import Language
from server.grid.domain.areas import short_name
from server.grid.store import areas
from server.instants import Instant
from server.notices.usecases import inbox
from server.office import pages, sessions
from server.people.domain import rights, roles
from server.people.domain.actors import Actor, Role
from server.people.store import own_settings
from server.problems.store import problems
from server.records.domain.status import Status
from server.records.store import record_lists
from server.records.store.record_lists import Filters
from server.staffing.usecases import first_run
from server.web import context

P = ParamSpec("P")

LANGUAGE_COOKIE = "firegrid_language"
NEXT_CHOICES = ("on", "off")
"""Whether the next case of a list opens when one is done; for who has not chosen, the list decides."""


class Place(NamedTuple):
    """A page that the rail leads to. word: two characters under its icon."""

    key: str
    address: str
    icon: str
    word: str


TODAY = Place("today", "/office/", "today", "今日")
BOARD = Place("board", "/office/board", "board", "看板")
LEDGERS = Place("ledgers", "/office/ledgers", "ledger", "台账")
FIGURES = Place("figures", "/office/figures", "figures", "汇总")
ADMIN = Place("admin", "/office/admin", "admin", "管理")
APPROVALS = Place("approvals", "/office/approvals", "approvals", "审批")
PROBLEMS = Place("problems", "/office/problems", "problems", "问题")
INTAKE = Place("intake", "/office/intake", "intake", "受理")

_OF_OFFICERS = (TODAY, BOARD, LEDGERS)
_OF_INTAKE = (TODAY, BOARD, INTAKE, PROBLEMS, LEDGERS)
_OF_READERS = (BOARD, LEDGERS, FIGURES)
RAIL: Mapping[Role, tuple[Place, ...]] = {
    Role.VILLAGE_OFFICER: _OF_INTAKE,
    Role.GRID_LEADER: _OF_INTAKE,
    Role.TOWN_STATION: (TODAY, BOARD, INTAKE, APPROVALS, PROBLEMS, LEDGERS, FIGURES, ADMIN),
    Role.DEPT_HANDLER: _OF_OFFICERS,
    Role.UNIT_MANAGER: _OF_OFFICERS,
    Role.STATION_HEAD: _OF_OFFICERS,
    Role.POLICE: _OF_OFFICERS,
    Role.GRID_WORKER: _OF_OFFICERS,
    Role.BRIGADE: (FIGURES, BOARD, INTAKE, APPROVALS, PROBLEMS, LEDGERS, TODAY),
    Role.COUNTY_ADMIN: (ADMIN, BOARD, PROBLEMS, LEDGERS, FIGURES),
    Role.VIEWER: _OF_READERS,
    Role.AUDITOR: (*_OF_READERS, ADMIN),
}
"""The pages of each role in their order (``office.md`` section 3); the first is where signing in leads."""


def rail_of(actor: Actor) -> tuple[Place, ...]:
    """Return the pages of a person in order, those of their oldest duty first; today for one without any."""
    found = dict.fromkeys(place for duty in actor.current for place in RAIL[duty.role])
    return tuple(found) or (TODAY,)


def _rail(reading: Reading, actor: Actor) -> tuple[Place, ...]:
    """Return the rail of a person; administration alone for who still has to set the county up."""
    if Role.COUNTY_ADMIN in actor.roles and not first_run.is_over(reading):
        return (ADMIN,)
    return rail_of(actor)


def create_blueprint(name: str, module: str) -> Blueprint:
    """Return a blueprint of pages, whose answers keep who is signed in, and the id that forms are made of."""
    blueprint = Blueprint(name, module)
    blueprint.after_request(sessions.renew)
    blueprint.after_request(sessions.give_form)
    blueprint.after_request(pages.compress)
    return blueprint


_BADGED = (INTAKE, APPROVALS, PROBLEMS)
BADGE_MOST = 99
"""As far as a badge of the rail counts."""


def _waiting_at(reading: Reading, actor: Actor, place: Place) -> str:
    """Return how much waits for a person on one of the pages ``_BADGED``, empty for nothing."""
    if place is INTAKE:
        wanted = Filters(statuses=(Status.REPORTED.value,))
        count = sum(record_lists.count_by_status(reading, actor.scope, wanted, BADGE_MOST + 1).values())
    elif place is APPROVALS:
        count, more = waiting.count(reading, actor, "decide")
        count += more
    else:
        scope = rights.scope_for(actor, "problem", "settle")
        count = sum(problems.count_open(reading, scope).values()) if scope.places else 0
    return f"{BADGE_MOST}+" if count > BADGE_MOST else str(count or "")


def _unread(reading: Reading, actor: Actor) -> str:
    """Return how many notices a person has not read, as the bell shows it; empty for none."""
    count = inbox.count_unread(reading, actor)
    return f"{inbox.UNREAD_MOST}+" if count > inbox.UNREAD_MOST else str(count or "")


class View(Protocol[P]):
    """A view of a page."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Response: ...


def signed_in(view: View[P]) -> View[P]:
    """Return a view that whoever is signed in gets, and that takes a form from its own pages alone.

    Raises SignInRequired and NotAllowed as ``sessions.caller`` and ``sessions.require_form`` do.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        sessions.caller()
        if request.method == "POST":
            sessions.require_form()
        return view(*args, **kwargs)

    return guarded


def language() -> str:
    """Return the language that the reader has chosen; Chinese for who has chosen none."""
    chosen = g.get("office_language") or request.cookies.get(LANGUAGE_COOKIE)
    return chosen if chosen in pages.LANGUAGES else pages.CHINESE


def form_language() -> Language:
    """Return in which language the reader is shown texts of forms."""
    return Language.ENGLISH if language() == pages.ENGLISH else Language.CHINESE


def choose_language(chosen: str) -> None:
    """Answer this request in ``chosen``, which its cookie does not say yet."""
    g.office_language = chosen


def opens_next(reading: Reading, name: str) -> str:
    """Return what ``name`` has chosen of ``NEXT_CHOICES``; empty for nothing."""
    chosen = own_settings.get(reading, name, own_settings.OPENS_NEXT)
    return chosen if chosen in NEXT_CHOICES else ""


def show(reading: Reading, template: str, here: str, values: Mapping[str, Any], status: int = 200) -> Response:
    """Answer the caller with a page in its frame. here: the key of its place in the rail, empty for none."""
    return pages.respond(template, language(), {**frame(reading, context.caller(), here), **values}, status)


def frame(reading: Reading, actor: Actor, here: str) -> dict[str, Any]:
    """Return what the frame of a page shows ``actor``."""
    duty = actor.current[0] if actor.current else None
    rail = _rail(reading, actor)
    return {
        **bare_in(reading),
        "rail": rail,
        "badges": {place.key: _waiting_at(reading, actor, place) for place in rail if place in _BADGED},
        "here": here,
        "unread": _unread(reading, actor),
        "opens_next": opens_next(reading, actor.name),
        "person": {
            "name": actor.name,
            "display": actor.display,
            "role": "" if duty is None else role_label(duty.role, actor.at),
            "place": "" if duty is None else _area_name(reading, duty.area),
        },
    }


def bare_in(reading: Reading) -> dict[str, Any]:
    """Return what a page without a person shows, with the mark of what is only practice."""
    return {**bare(), "is_practice": training.is_on(reading)}


def bare() -> dict[str, Any]:
    """Return what a page without a person shows."""
    return {
        "form_token": sessions.form_token(),
        "form_field": sessions.FORM_FIELD,
        "address": _address(),
    }


def _address() -> str:
    """Return where this page is opened again; of what a form was answered with, the page that the form is on."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    path, known = request.path, current_app.create_url_adapter(request)
    while known is not None and path.startswith("/office/"):
        if known.test(path, method="GET"):
            return path
        path = path.rpartition("/")[0]
    return "/"


def role_label(role: Role, at: Instant) -> str:
    """Return what a role is called in the reader's language; one that is no longer known, its code."""
    described = next((each for each in roles.list_roles(at) if each.role is role), None)
    if described is None:
        return role.value
    return described.label_en if language() == pages.ENGLISH else described.label


def _area_name(reading: Reading, code: str) -> str:
    try:
        return short_name(areas.get(reading, code).name)
    except NotFound:
        return code
