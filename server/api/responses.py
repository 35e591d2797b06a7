"""Dresses answers: pages of a list with their cursors, rows as JSON, files that no browser may run."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import orjson
from flask import Response

from server.errors import Invalid

T = TypeVar("T")
Json = dict[str, Any]
"""A JSON object, as a plain dict that orjson writes at once."""

INLINE_TYPES = frozenset(
    {
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "audio/mpeg", "audio/mp4", "audio/aac",
        "audio/amr", "audio/ogg", "audio/wav", "video/mp4", "video/3gpp", "video/webm", "text/plain", "text/csv",
    }
)  # fmt: skip
"""What a browser shows and never runs; everything else is offered for download as plain bytes."""


def json(body: Any, status: int = 200) -> Response:
    """Answer JSON. Rows are written by orjson from plain dicts: marshmallow takes seconds for 10,000 of them.

    That shapes and schemas agree is what the tests check.
    """
    return Response(orjson.dumps(body), status, content_type="application/json")


def secret(body: Any, status: int = 200) -> Response:
    """Answer JSON that nobody may keep: a password, a key, a token."""
    response = json(body, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def page(found: Sequence[T], limit: int, shape: Callable[[T], Json], mark: Callable[[T], int | str]) -> Response:
    """Answer one page of a list.

    found: up to ``limit`` + 1 rows, the last one only to tell that there are more. mark: what the next page begins
    after, taken from the last row shown.
    """
    shown = found[:limit]
    more = len(found) > limit
    return json({"items": [shape(each) for each in shown], "next": cursor(mark(shown[-1])) if more else None})


def whole(items: Iterable[Json]) -> Response:
    """Answer a list that has one page."""
    return json({"items": list(items), "next": None})


def cursor(mark: int | str) -> str:
    """Return an opaque cursor that names the last row of a page."""
    return base64.urlsafe_b64encode(str(mark).encode()).decode().rstrip("=")


def mark_of(text: str | None) -> str | None:
    """Return what ``cursor`` was given; None for the first page. Raises Invalid."""
    if text is None:
        return None
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise bad_cursor() from error


def number_of(text: str | None) -> int | None:
    """Return the number that ``cursor`` was given; None for the first page. Raises Invalid."""
    mark = mark_of(text)
    if mark is None:
        return None
    if not (mark.isascii() and mark.isdigit() and len(mark) <= 18):
        raise bad_cursor()
    return int(mark)


def as_sent(content: bytes, name: str) -> Response:
    """Answer an XML document byte for byte; as a download, since XML may carry scripts."""
    response = Response(content, 200, content_type="text/xml; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return guard(response)


def download(content: bytes | Iterable[bytes], media_type: str, name: str) -> Response:
    """Answer a file to be saved under ``name``, whole or in parts; none is cached, since the next may differ."""
    response = Response(content, 200, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    return guard(response)


def guard(response: Response) -> Response:
    """Let no browser take an answer for a page of ours."""
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def bad_cursor() -> Invalid:
    """Return the refusal of a cursor that no page gave."""
    wrong = "应为上一页给出的 next，请原样传回。"
    return Invalid(f"请求有误。cursor：{wrong}", errors=[{"field": "cursor", "message": wrong}])
