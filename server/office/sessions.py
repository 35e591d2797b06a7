"""Keeps a signed-in person signed in by a cookie: who, since when, and whether a form is from a page of theirs.

The cookie is HttpOnly and signed with this installation's secret. It carries the name and the id of the session, which
signing out or another password ends; it runs out when nothing was asked for a while (``office_idle_minutes``), and each
page asked for renews it. Every form carries a token that is made of the session's id; before sign-in, of a random id in
a cookie of its own. Behind it stands, signed, on whose page the form was. ADR 0036 says why.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Response, current_app, g, request
from itsdangerous import BadData, Signer, URLSafeSerializer

from server import instants
from server.db.transactions import Reading
from server.errors import NotAllowed, SignInRequired
from server.instants import Instant
from server.people.domain import sign_in_rules
from server.people.domain.actors import Actor
from server.people.usecases import sessions as kept_sessions
from server.people.usecases.sign_in import SignedIn
from server.settings import Settings
from server.web import context, repeatable

COOKIE, FORM_COOKIE, DEVICE_COOKIE = "firegrid_office", "firegrid_form", "firegrid_device"
FORM_FIELD = "form_token"
SIGN_IN_PATH = "/office/sign-in"
DEVICE_PERSONS_MAX = 10
"""How many people one browser is remembered to have signed in: those who share a PC."""

RENEW = timedelta(minutes=1)
"""How old a cookie is before a page renews it: once a minute is enough."""


class Session(NamedTuple):
    """A person's stay. name: user name; id: of the session; seen_at: when last asked for.

    pair: id of the session's token, which a page does not use. stamp: of the password, only where the session could not
    be written (a full disk).
    """

    name: str
    id: str
    pair: str
    stamp: str
    seen_at: Instant


def begin(reading: Reading, signed_in: SignedIn) -> Session:
    """Return the session of somebody who has just signed in; the forms of this answer are of it."""
    name, kept = signed_in.actor.name, signed_in.session
    if kept is None:
        session = Session(name, str(uuid4()), "", kept_sessions.unrecorded_stamp(reading, name), reading.now)
    else:
        session = Session(name, kept.id, kept.token, "", reading.now)
    g.office_session = session
    return session


def end(session: Session) -> None:
    """Refuse a session from now on."""
    context.write(lambda tx: kept_sessions.end(tx, session.id))


def current() -> Session | None:
    """Return the session of whoever ``caller`` found, None before that."""
    found: Session | None = g.get("office_session")
    return found


def forget_caller() -> None:
    """Make this answer one for nobody: the sign-in page, also where a form of another session brought it."""
    g.pop("office_session", None)


def caller(*, may_be_given: bool = False) -> Actor:
    """Set whoever is signed in as the caller of this request, and return them.

    may_be_given: those too who have to change their password first: for the page on which they do, and signing out.
    Raises SignInRequired: nobody is, they were away for too long, they signed out, or their account or password was
    changed; PasswordChangeRequired.
    """
    session = _cookie()
    if session is None:
        raise SignInRequired("请先登录。")
    with context.database().reading() as reading:
        if instants.later(session.seen_at, _idle(context.settings())) <= reading.now:
            minutes = context.settings().office_idle_minutes
            raise SignInRequired(f"您已退出，请重新登录：{minutes}分钟没有操作。")
        actor = None
        if session.stamp:
            actor = kept_sessions.unrecorded_caller(reading, session.name, session.stamp, may_be_given=may_be_given)
    if actor is None:
        actor = kept_sessions.caller(context.database(), session.id, session.pair, may_be_given=may_be_given)
    g.office_session = session
    return context.set_caller(actor)


def name_last_signed_in() -> str:
    """Return whose cookie came with this request, also one that has run out; empty for nobody's."""
    found = _cookie()
    return "" if found is None else found.name


def give(response: Response, session: Session) -> Response:
    """Let the browser keep a session until it is closed."""
    value = sign("session", session)
    response.set_cookie(COOKIE, value, httponly=True, samesite="Lax", secure=_is_https(), path="/")
    response.delete_cookie(FORM_COOKIE, path="/")
    return response


def renew(response: Response) -> Response:
    """Let the idle time of whoever was answered begin anew; what a page polls for by itself does not count."""
    session = current()
    if session is None or "poll" in request.args or response.status_code >= 500 or _is_set_in(response):
        return response
    now = context.caller().at
    return give(response, session._replace(seen_at=now)) if session.seen_at <= instants.later(now, -RENEW) else response


def forget(response: Response) -> Response:
    """Let the browser forget its session."""
    response.delete_cookie(COOKIE, path="/")
    return response


def known_device(name: str) -> str:
    """Return the id of this browser where ``name`` signed in on it rightly before, empty otherwise."""
    id, people = _device()
    return id if any(each == _digest(name) for each, _ in people) else ""


def remember_device(response: Response, name: str) -> Response:
    """Let the browser remember that ``name`` signed in on it now, for as long as an address is known."""
    id, people = _device()
    now = context.caller().at
    kept = [(each, at) for each, at in people if each != _digest(name)][: DEVICE_PERSONS_MAX - 1]
    value = sign("device", (id or secrets.token_urlsafe(16), [(_digest(name), now), *kept]))
    lasts = sign_in_rules.at(now).known_for
    response.set_cookie(
        DEVICE_COOKIE, value, max_age=lasts, httponly=True, samesite="Lax", secure=_is_https(), path=SIGN_IN_PATH
    )
    return response


def _device() -> tuple[str, list[tuple[str, Instant]]]:
    """Return the id of this browser, and whose names (as digests) signed in on it and when; none where it has none."""
    try:
        id, people = unsign("device", request.cookies.get(DEVICE_COOKIE, ""))
    except BadData:
        return "", []
    with context.database().reading() as reading:
        since = instants.later(reading.now, -sign_in_rules.at(reading.now).known_for)
    return id, [(name, at) for name, at in people if at > since]


def form_token() -> str:
    """Return the token that a form of this answer carries, and remember the id that it is made of.

    That of somebody signed in says, behind a dot, who they are: what they typed is theirs when the session is over.
    Where nobody knows what came of a form, the answer carries its token again.
    """
    if known := repeatable.sent_once_more(FORM_FIELD):
        return known
    session = current()
    if session is not None:
        mask = secrets.token_urlsafe(6)
        return f"{_token(session.id, mask)}.{sign('author', [mask, session.name])}"
    if "office_form" not in g:
        g.office_form = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(16)
    return _token(g.office_form, secrets.token_urlsafe(6))


def give_form(response: Response) -> Response:
    """Let the browser keep the id that the tokens of a signed-out page are made of."""
    if "office_form" in g and current() is None and not _is_set_in(response):
        response.set_cookie(FORM_COOKIE, g.office_form, httponly=True, samesite="Lax", secure=_is_https(), path="/")
    return response


def require_form(*, may_be_older: bool = False) -> None:
    """Do nothing for a form that a page of this very session sent.

    may_be_older: nor for one of an earlier session of the same person: for signing out, which must not seem done.
    Raises NotAllowed for one from another site, SignInRequired for one without a token or with that of another session.
    """
    _require_same_site()
    session = current()
    if may_be_older and session is not None and author_of_form() == session.name:
        return
    id = session.id if session is not None else request.cookies.get(FORM_COOKIE, "")
    shown = request.form.get(FORM_FIELD, "").partition(".")[0]
    if not id or not compare_digest(shown.encode(), _token(id, shown.partition("~")[0]).encode()):
        raise SignInRequired("这一页放得太久了，请重新登录后再提交。")
    repeatable.note_form(shown)


def author_of_form() -> str:
    """Return on whose page the form of this request was, whatever became of their session; empty for nobody's."""
    try:
        _, name = unsign("author", request.form.get(FORM_FIELD, "").partition(".")[2])
    except (BadData, ValueError, TypeError):
        return ""
    return str(name)


def sign(purpose: str, value: object) -> str:
    """Return ``value``, which JSON can say, as text that only this installation can have made for ``purpose``."""
    return str(_signer(purpose).dumps(value))


def unsign(purpose: str, text: str) -> Any:
    """Return what ``sign`` was given. Raises BadData for anything else."""
    return _signer(purpose).loads(text)


def _cookie() -> Session | None:
    """Return what the cookie says, whether it still counts or not; None where it is not ours."""
    try:
        return Session(*_signer("session").loads(request.cookies.get(COOKIE, "")))
    except (BadData, TypeError):  # one of another version of ours has other parts
        return None


def has_cookie() -> bool:
    """Say whether this browser has kept anything that a page of ours gave it."""
    return COOKIE in request.cookies or FORM_COOKIE in request.cookies


def is_cookie_for_https_alone() -> bool:
    """Say whether this request came without https, where browsers keep no cookie of ours."""
    return _is_https() and not request.is_secure


def _is_set_in(response: Response) -> bool:
    return any(each.startswith(f"{COOKIE}=") for each in response.headers.getlist("Set-Cookie"))


def _require_same_site() -> None:
    """Do nothing for a request that our own pages sent. Raises NotAllowed for one that another site's did."""
    origin = request.headers.get("Origin", "")
    own = {request.host, *context.services().addresses.now().netlocs()}  # a proxy may pass its own name on
    foreign = origin not in ("", "null") and _host_of(origin) not in own - {""}
    if foreign or request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise NotAllowed("这个表单是从别的网站提交的，没有执行；请从本系统的页面提交。")


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # brackets that hold no address
        return ""


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:16]


def _token(id: str, mask: str) -> str:
    """Return the token of a session with a mask before it.

    Each page has a mask of its own, so that no two have text in common that is a secret: pages are compressed, and say
    what their address says, from whose length a secret that stays the same could be guessed (BREACH).
    """
    return f"{mask}~{Signer(_secret(), salt='firegrid office form').get_signature(f'{mask} {id}').decode()}"


def _signer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(_secret(), salt=f"firegrid office {purpose}")


def _secret() -> str:
    found: str = current_app.config["JWT_SECRET_KEY"]
    return found


def _idle(settings: Settings) -> timedelta:
    return timedelta(minutes=settings.office_idle_minutes)


def _is_https() -> bool:
    return request.is_secure or (context.public_url() or "").startswith("https:")
