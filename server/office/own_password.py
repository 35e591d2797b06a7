"""The page on which people change their password: at will, and first of all where somebody else has set it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, request

from server.errors import Invalid, LockedOut, PasswordChangeRequired, ShortOfMemory, TooManySignIns
from server.office import drafts, layout, pages, sessions
from server.people.usecases import passwords
from server.web import context
from server.web.problem_details import status_of

blueprint = layout.create_blueprint("office-password", __name__)

ADDRESS = "/office/password"
OLD, NEW, AGAIN = "old_password", "new_password", "again"


@blueprint.get(ADDRESS)
def show() -> Response:
    """Show the page."""
    return _page(_find_caller())


@blueprint.post(ADDRESS)
def change() -> Response:
    """Change the password of whoever is signed in; the session of this page goes on, all others end."""
    must = _find_caller()
    sessions.require_form()
    session, form = sessions.current(), request.form
    old, new = form.get(OLD, ""), form.get(NEW, "")
    if new != form.get(AGAIN, ""):
        return _page(must, [{"field": AGAIN, "message": "两次输入的新密码不一样，请重新输入。"}], 422)
    by, kept = context.caller(), "" if session is None else session.id
    address = request.remote_addr or ""
    try:
        context.carry_out(lambda database: passwords.change_own(database, by.name, kept, old, new, address))
    except Invalid as refusal:
        return _page(must, refusal.data["errors"], 422)  # type: ignore[arg-type]  # a refusal's particulars are objects
    except (LockedOut, TooManySignIns, ShortOfMemory) as refusal:
        return _page(must, [{"field": OLD, "message": refusal.message}], status_of(refusal))
    carried_on = drafts.show(form.get("draft", ""), by.name) if form.get("draft") else None
    return carried_on or pages.see_other(layout.rail_of(by)[0].address)


def carrying(draft: str) -> Response:
    """Answer whoever has to change their password first with the page for it, which carries what they wrote along.

    draft: as ``drafts.seal`` made it.
    """
    if sessions.current() is None:
        sessions.caller(may_be_given=True)
    return _page(True, draft=draft)


def ask() -> Response:
    """Lead whoever has to change their password first to the page for it; what a form of theirs held goes with them."""
    draft = drafts.seal()[0] if request.method == "POST" else ""
    if draft:
        return carrying(draft)
    if request.headers.get("HX-Request") == "true":
        return pages.guarded(Response("", 403, headers={"HX-Redirect": ADDRESS}))
    return pages.guarded(Response(status=303, headers={"Location": ADDRESS}))


def _find_caller() -> bool:
    """Set whoever is signed in as the caller; return whether they have to change their password."""
    try:
        sessions.caller()
    except PasswordChangeRequired:
        sessions.caller(may_be_given=True)
        return True
    return False


def _page(
    must: bool, faults: Iterable[Mapping[str, Any]] = (), status: int = 200, draft: str | None = None
) -> Response:
    said: dict[str, list[str]] = {OLD: [], NEW: [], AGAIN: []}
    for fault in faults:
        said[fault["field"]].append(pages.say(layout.language(), fault["message"]))
    carried = request.form.get("draft", "") if draft is None else draft
    values = {"must": must, "said": said, "username": context.caller().name, "draft": carried}
    with context.database().reading() as reading:
        if must:  # there is nowhere else to go yet
            return pages.respond("own_password.html", layout.language(), layout.bare_in(reading) | values, status)
        return layout.show(reading, "own_password.html", "", values, status)
