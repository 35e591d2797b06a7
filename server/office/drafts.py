"""Carries what somebody typed over a sign-in: they were away too long, and nothing that they wrote may be lost.

A form that comes without a session is answered by the sign-in page, which holds the form's fields sealed: signed, and
bound to the name of whose page it was on. Signing in under that name shows the form's own page again, filled in; the
act itself is not repeated, since its author has to see the case as it is now. So does a form that was opened in an
earlier session of who is signed in, at once. Under another name nothing is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from flask import Response, request
from itsdangerous import BadData

from server.office import sessions

Replay = Callable[[Mapping[str, str], Mapping[str, str]], Response]
"""Answers with the page of a form, filled in: from the variables of its address, and its fields."""

CHARS_MAX = 40_000
"""What is sealed at most; the next request brings all of it back."""

LOST = "写的内容太长，登录时带不走：请先用浏览器的后退回到那一页，把内容复制下来，再登录。"
"""What somebody is told whose form is too long to be carried over a sign-in."""

_replays: list[tuple[re.Pattern[str], Replay]] = []


def replays(address: str) -> Callable[[Replay], Replay]:
    """Register how a form that posts to ``address`` (with ``<names>`` of its variables) is shown again."""
    pattern = re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", address))

    def register(replay: Replay) -> Replay:
        _replays.append((pattern, replay))
        return replay

    return register


def seal() -> tuple[str, str]:
    """Return the form of this request, sealed, and what its author is told where it could not be kept.

    Empty where it may not be kept, or nothing could show it again. It must come from a page of somebody's, whose it
    then is: what another site makes a browser send is never put before anybody as their own.
    """
    if (request.content_length or 0) > (request.max_content_length or 0):
        return "", LOST
    author = sessions.author_of_form()
    if not author or _found(request.path) is None:
        return "", ""
    fields = {name: " ".join(request.form.getlist(name)) for name in request.form if name != sessions.FORM_FIELD}
    sealed = sessions.sign("draft", [author, request.path, fields])
    return (sealed, "") if len(sealed) <= CHARS_MAX else ("", LOST)


def show(sealed: str, name: str) -> Response | None:
    """Return the page of the form that ``name`` was sending; None for anybody else's, and for what is no draft."""
    try:
        owner, path, fields = sessions.unsign("draft", sealed)
    except (BadData, ValueError):
        return None
    found = _found(path) if owner == name else None
    return None if found is None else found[1](found[0], fields)


def _found(path: str) -> tuple[Mapping[str, str], Replay] | None:
    for pattern, replay in _replays:
        if match := pattern.fullmatch(path):
            return match.groupdict(), replay
    return None
