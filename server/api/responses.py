"""Create responses: pages of a list with their cursors, rows as JSON, files that no browser may run."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from typing import Any, TypeVar

import orjson
from flask import Response, request

from server.db.transactions import Reading
from server.errors import Invalid
from server.web import context, downloads

K = TypeVar("K")
T = TypeVar("T")
Json = dict[str, Any]
"""A JSON object, as a plain dict that orjson writes at once."""


def json(body: Any, status: int = 200) -> Response:
    """Return JSON. Rows are written by orjson from plain dicts: marshmallow takes seconds for 10,000 of them.

    Tests check that they agree with the schemas.
    """
    return Response(orjson.dumps(body), status, content_type="application/json")


def secret(body: Any, status: int = 200) -> Response:
    """Return JSON that must not be stored: a password, a key, a token."""
    response = json(body, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def listing(
    query: Mapping[str, Any],
    decode: Callable[[str | None], K],
    find: Callable[[Reading, K, int], Iterable[T]],
    to_json: Callable[[T], Json],
    key: Callable[[T], int | str],
) -> Response:
    """Return the page of a list that ``query`` requests with ``cursor`` and ``limit``. Raises Invalid (cursor).

    decode: ``decode_text`` or ``decode_number``. find: returns the rows after a decoded cursor in the order of the
    list, as many as it is told or more. key: the position of a row in the list, which its cursor names.
    """
    after, limit = decode(query.get("cursor")), query["limit"]
    with context.database().reading() as reading:
        found = list(islice(find(reading, after, limit + 1), limit + 1))  # one more tells whether there is a next page
    shown = found[:limit]
    return page(map(to_json, shown), key(shown[-1]) if len(found) > limit else None)


def page(items: Iterable[Json], next_key: int | str | None) -> Response:
    """Return one page of a list. next_key: what the cursor of the next page names, None on the last one."""
    return json({"items": list(items), "next": None if next_key is None else encode_cursor(next_key)})


def single_page(items: Iterable[Json]) -> Response:
    """Return a list that has one page."""
    return page(items, None)


def encode_cursor(key: int | str) -> str:
    """Return an opaque cursor that names the last row of a page."""
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    """Return what ``encode_cursor`` was given; None for the first page. Raises Invalid."""
    if cursor is None:
        return None
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError as error:  # no base64, no ASCII, or no UTF-8 in it
        raise bad_cursor() from error


def decode_text(cursor: str | None) -> str:
    """Return the text that ``encode_cursor`` was given; empty for the first page. Raises Invalid."""
    return decode_cursor(cursor) or ""


def decode_number(cursor: str | None) -> int | None:
    """Return the number that ``encode_cursor`` was given; None for the first page. Raises Invalid."""
    key = decode_cursor(cursor)
    return None if key is None else number_of(key)


def number_of(key: str) -> int:
    """Return the number that a decoded cursor says. Raises Invalid for a cursor of another list."""
    if not (key.isascii() and key.isdigit() and len(key) <= 18):
        raise bad_cursor()
    return int(key)


def xml_attachment(content: bytes, name: str) -> Response:
    """Return an XML document byte for byte; as a download, since XML may carry scripts."""
    response = Response(content, 200, content_type="text/xml; charset=utf-8")
    downloads.name_file(response, name)
    return downloads.sandboxed(response)


def conditional(response: Response, version: int | None = None) -> Response:
    """Give a 200 a strong ETag, and turn it into 304 where ``If-None-Match`` names that.

    version: of the record, which then begins the tag. The rest is a hash of the body: it changes with whatever the
    body depends on, such as the caller, their duties, the time, or other records.
    """
    digest = sha256(response.get_data()).hexdigest()[:16]
    response.set_etag(digest if version is None else f"{version}-{digest}")
    response.make_conditional(request)
    return response


def bad_cursor() -> Invalid:
    """Return the refusal of a cursor that no page gave."""
    wrong = "应为上一页给出的 next，请原样传回。"
    return Invalid(f"请求有误。cursor：{wrong}", errors=[{"field": "cursor", "message": wrong}])


@contextmanager
def naming_fields() -> Iterator[None]:
    """Add the list of errors, as validation of the query has it, to an Invalid that a rule of the core raised."""
    try:
        yield
    except Invalid as refused:
        if "errors" in refused.data or "field" not in refused.data:
            raise
        field = str(refused.data["field"])
        errors = [{"field": field, "message": refused.message}]
        raise Invalid(f"请求有误。{field}：{refused.message}", errors=errors) from refused
