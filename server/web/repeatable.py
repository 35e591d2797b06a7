"""Says of a request whether it may come again: it has an id, from a program in a header, or from a page in its form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from flask import current_app, g, request

from server.db import sealing
from server.db.repeats import Repeats
from server.errors import Invalid, OutcomeUnknown

HEADER = "Idempotency-Key"

_ID = re.compile(r'"?([!#-\[\]-~]{16,200})"?')
"""The id of a program: visible characters of ASCII, as a UUID has; short ones may be somebody's counter."""


def of_request() -> Repeats | None:
    """Return what may come again of this request; None of one without an id, or of nobody.

    Raises Invalid for a header that is no id.
    """
    if "repeats" not in g:
        g.repeats = _repeats()
    found: Repeats | None = g.repeats
    return found


def note_form(token: str) -> None:
    """Take the token of the form of this request, which no other page has, as its id.

    Together with what was sent: a page may send several things, one after the other.
    """
    g.form_id = token


@contextmanager
def noting_unknown() -> Iterator[None]:
    """Remember of this request that nobody knows what came of it, where a write in the block ends like that."""
    try:
        yield
    except OutcomeUnknown:
        g.is_outcome_unknown = True
        raise


def sent_once_more(field: str) -> str:
    """Return what a field of this form said, for the answer to carry it again where nobody knows what came of it.

    So the form that is shown again is the same one, and finds out when it is sent once more. Empty in any other case.
    """
    return request.form.get(field, "") if g.get("is_outcome_unknown") else ""


def asked() -> str:
    """Return a digest of what this request asks for: its method and address, and all that it sent."""
    told = sha256(f"{request.method} {request.full_path}".encode())
    if request.mimetype in ("multipart/form-data", "application/x-www-form-urlencoded"):
        for name, value in request.form.items(multi=True):
            told.update(f"\0{name}\0{value}".encode(errors="surrogatepass"))
        for name, file in request.files.items(multi=True):
            told.update(f"\0{name}\0{file.filename}\0".encode(errors="surrogatepass"))
            at = file.stream.tell()
            file.stream.seek(0)
            while block := file.stream.read(65_536):
                told.update(block)
            file.stream.seek(at)
    else:
        told.update(request.get_data(cache=True))
    return told.hexdigest()


def _repeats() -> Repeats | None:
    if "actor" not in g or request.method in ("GET", "HEAD"):
        return None
    secret, name = str(current_app.config["JWT_SECRET_KEY"]), str(g.actor.name)
    if form_id := g.get("form_id"):
        what = asked()
        return Repeats(sealing.key_of(secret, "form", name, form_id, what), what)
    given = request.headers.get(HEADER, "").strip()
    if not given:
        return None
    found = _ID.fullmatch(given)
    if found is None:
        raise Invalid("Idempotency-Key 要是 16 到 200 个 ASCII 字符，例如一个 UUID；请改正后再试。", field=HEADER)
    return Repeats(sealing.key_of(secret, "header", name, found[1]), asked())
