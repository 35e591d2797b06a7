"""The responses of OpenRosa: required headers, gzip, conditional GETs, errors in the envelope that phones read."""

from __future__ import annotations

import gzip
import hashlib

from flask import Request, Response

from server.openrosa import submission_xml
from server.web import downloads
from server.web.http_date import http_date

VERSION = "1.0"
SUCCESS = "submit_success"
TEXT_XML = "text/xml; charset=utf-8"
_GZIP_BYTES_MIN = 1_000


def document(content: bytes) -> Response:
    """Answer 200 with an OpenRosa document, which no browser may run: a form is written in XHTML."""
    return downloads.sandboxed(Response(content, 200, content_type=TEXT_XML))


def file(content: bytes, media_type: str) -> Response:
    """Answer 200 with a file that a form needs, which no browser may run."""
    return downloads.sandboxed(Response(content, 200, content_type=media_type))


def envelope(status: int, message: str, nature: str) -> Response:
    """Answer with the envelope whose message the phone shows to the worker."""
    return Response(submission_xml.response(message, nature), status, content_type=TEXT_XML)


def with_etag(request: Request, response: Response, etag: str | None = None) -> Response:
    """Give a 200 its ETag and turn it into 304 when the phone holds it already.

    etag: a tag that is cheaper than the bytes; else their MD5. Weak forms match too, since proxies weaken tags.
    """
    tag = etag or hashlib.md5(response.get_data(), usedforsecurity=False).hexdigest()
    if request.if_none_match.contains_weak(tag):
        return not_modified(tag)
    response.set_etag(tag)
    return response


def not_modified(tag: str) -> Response:
    """Answer 304, empty."""
    response = Response(status=304)
    response.headers.pop("Content-Type", None)
    response.set_etag(tag)
    return response


def required_headers(advertised_bytes: int) -> tuple[tuple[str, str], ...]:
    """Return the headers that phones require of every answer, errors included (``openrosa.md`` section 1.3)."""
    return (
        ("X-OpenRosa-Version", VERSION),
        ("X-OpenRosa-Accept-Content-Length", str(advertised_bytes)),
        ("Content-Language", "zh-CN"),
        ("Cache-Control", "private, no-cache"),
        ("Vary", "Accept-Encoding"),
        ("Date", http_date()),
    )


def finish(request: Request, response: Response, advertised_bytes: int) -> Response:
    """Add the headers that phones require, and compress it where that is asked for and worth it."""
    response.headers.extend(required_headers(advertised_bytes))
    return _compressed(request, response)


def _compressed(request: Request, response: Response) -> Response:
    if (
        response.status_code != 200
        or response.direct_passthrough
        or not (response.mimetype or "").startswith("text/")
        or "gzip" not in request.headers.get("Accept-Encoding", "")
    ):
        return response
    content = response.get_data()
    if len(content) >= _GZIP_BYTES_MIN:
        response.set_data(gzip.compress(content, compresslevel=5, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
