"""The front door: signing in and out, the language, and where each role's day begins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response, request

from server import dated
from server.db import training
from server.db.transactions import Reading
from server.errors import LockedOut, Refusal, ShortOfMemory, SignInFailed, SignInRequired, TooManySignIns
from server.grid.domain.areas import Level
from server.grid.store import areas
from server.office import drafts, layout, own_password, pages, sessions
from server.people.store import own_settings
from server.people.usecases import sessions as kept_sessions
from server.people.usecases import sign_in
from server.web import context
from server.web.problem_details import status_of

blueprint = layout.create_blueprint("office", __name__)

_OWN_ADDRESS = re.compile(r"/office(?:/[^\\\s]*)?")
"""Where a sign-in may lead: a page of ours, whatever the address bar was given."""

NOTHING: Mapping[str, str] = {}

ROLE_WORDS = {
    "grid_worker": "网格员",
    "grid_leader": "网格长",
    "village_officer": "村干部",
    "police": "民警",
    "town_station": "乡镇",
    "dept_handler": "部门",
    "brigade": "大队",
    "county_admin": "管理员",
    "unit_manager": "单位",
    "station_head": "站长",
    "viewer": "查看",
    "auditor": "审计",
}
"""What the chips of a demonstration call each role: the full names of ``data/roles.csv`` do not fit on one."""


@blueprint.get("/")
def root() -> Response:
    """Show the sign-in page, or lead who is signed in to where their work is."""
    try:
        actor = sessions.caller()
    except SignInRequired:
        return sign_in_page()
    return pages.see_other(layout.rail_of(actor)[0].address)


@blueprint.get("/office/sign-in")
def sign_in_form() -> Response:
    """Show the sign-in page; ``as`` fills in an invented person of a demonstration, ``next`` is where it leads."""
    offered = {each.name: each for each in context.settings().sign_ins}.get(request.args.get("as", ""))
    filled = {} if offered is None else {"username": offered.name, "password": offered.password}
    return sign_in_page(filled=filled | {"next": request.args.get("next", "")})


@blueprint.post("/office/sign-in")
def begin() -> Response:
    """Sign in."""
    form = request.form
    name, password = form.get("username", "").strip(), form.get("password", "")
    carried = {"username": name, "next": form.get("next", ""), "draft": form.get("draft", "")}
    try:
        sessions.require_form()
    except SignInRequired:
        return sign_in_page(_why_no_token(), 400, carried)
    try:
        entered = sign_in.sign_in(
            context.database(),
            name,
            password,
            request.remote_addr or "",
            device=sessions.known_device(name),
            lasts=timedelta(days=context.settings().refresh_days),
        )
    except (SignInFailed, LockedOut, TooManySignIns, ShortOfMemory) as refusal:
        return sign_in_page(_said(refusal), status_of(refusal), carried)
    actor = context.set_caller(entered.actor)
    with context.database().reading() as reading:
        session = sessions.begin(reading, entered)
    shown = None
    if carried["draft"] and entered.must_change:  # the page for it carries on what they wrote
        shown = own_password.carrying(carried["draft"])
    elif carried["draft"]:
        shown = drafts.show(carried["draft"], actor.name)
    if shown is None:
        asked_for = carried["next"]
        address = asked_for if _OWN_ADDRESS.fullmatch(asked_for) else layout.rail_of(actor)[0].address
        shown = pages.see_other(address)
    return sessions.give(sessions.remember_device(shown, actor.name), session)


@blueprint.post("/office/sign-out")
def end() -> Response:
    """Sign out, also with a password that is to be changed first."""
    sessions.caller(may_be_given=True)
    sessions.require_form(may_be_older=True)
    session = sessions.current()
    if session is not None:
        sessions.end(session)
    return sessions.forget(pages.see_other("/"))


@blueprint.post("/office/sign-out/everywhere")
def end_everywhere() -> Response:
    """Sign out on every device; phones' cards stay good."""
    by = sessions.caller(may_be_given=True)
    sessions.require_form()
    context.write(lambda tx: kept_sessions.end_all(tx, by.name, by=by.name))
    return sessions.forget(pages.see_other("/"))


@blueprint.post("/office/next")
@layout.signed_in
def choose_next() -> Response:
    """Keep whether the next case opens when one is done, for whoever is signed in on any browser, and go back."""
    chosen, back, by = request.form.get("opens", ""), request.form.get("back", ""), context.caller()
    if chosen in layout.NEXT_CHOICES:
        context.write(lambda tx: own_settings.keep(tx, by.name, own_settings.OPENS_NEXT, chosen))
    return pages.see_other(back if _OWN_ADDRESS.fullmatch(back) else "/")


@blueprint.post("/office/language")
def choose_language() -> Response:
    """Switch the language of the pages, and go back to where one was; a sign-in page keeps what it carries."""
    form = request.form
    chosen, back = form.get("language", ""), form.get("back", "")
    if form.get("draft"):
        layout.choose_language(chosen)
        response = sign_in_page(filled={name: form.get(name, "") for name in ("username", "next", "draft")})
    else:
        response = pages.see_other(back if _OWN_ADDRESS.fullmatch(back) else "/")
    if chosen in pages.LANGUAGES:
        response.set_cookie(layout.LANGUAGE_COOKIE, chosen, max_age=365 * 24 * 3600, httponly=True, samesite="Lax")
    return response


def ask_to_sign_in(refusal: SignInRequired) -> Response:
    """Answer whoever has to sign in first with the page for it, which leads on to where they were going.

    What a form of theirs held goes with them.
    """
    if "poll" in request.args:  # nobody asked for it: the page stays as it is until somebody does
        return pages.guarded(Response("", 401))
    if request.headers.get("HX-Request") == "true":  # the script asks on the page itself, and sends again what it sent
        return pages.guarded(Response("", 401))
    draft, lost = drafts.seal() if request.method == "POST" else ("", "")
    session = sessions.current()
    shown = drafts.show(draft, session.name) if draft and session is not None else None
    if shown is not None:  # they have signed in again elsewhere, since this page was opened
        return shown
    name = (sessions.author_of_form() if draft else "") or sessions.name_last_signed_in()
    address = request.full_path.rstrip("?") if request.method == "GET" else ""
    filled = {"username": name, "next": address, "draft": draft}
    said = f"{refusal.message}{lost}" if name else ""
    return sign_in_page(said, 401, filled)


def sign_in_page(said: str = "", status: int = 200, filled: Mapping[str, str] = NOTHING) -> Response:
    """Answer with the sign-in page. said: what was wrong. filled: what its fields hold."""
    sessions.forget_caller()
    with context.database().reading() as reading:
        grid = reading.cached(("office grid",), _grid)
        is_practice = training.is_on(reading)
    values = {
        **layout.bare(),
        **grid,
        "is_practice": is_practice,
        "said": said,
        "filled": {"username": "", "password": "", "next": "", "draft": "", **filled},
        "offered": _offered(),
        "idle_minutes": context.settings().office_idle_minutes,
    }
    return pages.respond("sign_in.html", layout.language(), values, status)


def _offered() -> list[dict[str, str]]:
    """Return one sign-in of each role, where this is a demonstration."""
    first = {each.role: each for each in reversed(context.settings().sign_ins)}
    roles = [row["code"] for row in dated.table("roles") if row["code"] in first]
    return [{"name": first[role].name, "word": ROLE_WORDS.get(role, role)} for role in roles]


def _grid(reading: Reading) -> dict[str, Any]:
    """Return what the sign-in page says of the county: its name, and how many towns and villages it has now."""
    now = [area for area in areas.whole_grid(reading).values() if area.in_force(reading.now)]
    counties = [area.name for area in now if area.level is Level.COUNTY]
    return {
        "county": counties[0] if counties else "",
        "towns": sum(area.level is Level.TOWN for area in now),
        "villages": sum(area.level is Level.VILLAGE for area in now),
    }


def _why_no_token() -> str:
    """Say why the form of a sign-in page came without what its page had given the browser to keep."""
    if sessions.has_cookie():
        return pages.say(layout.language(), "这一页放得太久了，请再登录一次。")
    if sessions.is_cookie_for_https_alone():
        address = context.card_url()
        return pages.say(layout.language(), "从这个地址登录不了；请改从 {address} 打开本系统。", address=address)
    return pages.say(layout.language(), "浏览器没有带回 Cookie；请在浏览器的设置里允许本站的 Cookie，再登录一次。")


def _said(refusal: Refusal) -> str:
    until = refusal.data.get("until")
    if layout.language() == pages.ENGLISH and isinstance(until, str):
        with context.database().reading() as reading:
            return pages.say(pages.ENGLISH, "登录失败次数过多；{}之后再试。").format(pages.moment(until, reading.now))
    return pages.say(layout.language(), refusal.message)
