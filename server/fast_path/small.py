"""Decides what a small submission is: the one rule for who runs in the writer's thread and who goes past Flask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.openrosa import responses

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SMALL_BYTES = 16_384
"""A submission up to this size, in bytes, is a form without a photo."""


def small_submission_key(environ: WSGIEnvironment) -> str | None:
    """Return the phone key in the path of a submission without a photo, None for every other request.

    By name and password it would hash for tens of milliseconds, and a photo is fsynced on its own. Collect doubles or
    adds a slash where its server address ends in one (``server.web.proxy.PhonePaths``).
    """
    if environ["REQUEST_METHOD"] != "POST" or environ.get("HTTP_X_OPENROSA_VERSION") != responses.VERSION:
        return None
    steps: list[str] = [step for step in environ["PATH_INFO"].split("/") if step]
    if len(steps) != 3 or steps[0] != "key" or steps[2] != "submission" or not steps[1].isascii():
        return None
    stated = environ.get("CONTENT_LENGTH") or ""
    return steps[1] if stated.isdigit() and 0 < int(stated) <= SMALL_BYTES else None


def is_small_submission(environ: WSGIEnvironment) -> bool:
    """Return whether a request is a submission without a photo, by phone key."""
    return small_submission_key(environ) is not None
