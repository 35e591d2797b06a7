"""The three requests of tus 1.0 (https://tus.io/protocols/resumable-upload) by which a photo is uploaded."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

import requests

from sync.client.connection import Connection, failure_of


def begin(connection: Connection, size: int, sha256: str) -> str:
    """Begin an upload of ``size`` bytes whose hash is ``sha256``, and return its path.

    Raises NoConnection, NotSignedIn, Refused, TooLarge, as ``Connection.post``.
    """
    metadata = f"sha256 {base64.b64encode(sha256.encode()).decode()}"
    response = _send(connection, "POST", "/uploads/", {"Upload-Length": str(size), "Upload-Metadata": metadata})
    id = response.headers.get("Location", "").rstrip("/").rpartition("/")[2]
    if response.status_code != 201 or not id:
        raise failure_of(response)
    return f"/uploads/{id}"


def offset_of(connection: Connection, path: str) -> int | None:
    """Return how many bytes of an upload the server has, None when it no longer knows of it. Raises as ``begin``."""
    response = _send(connection, "HEAD", path, {})
    return None if response.status_code in _GONE else _offset(response)


_GONE = frozenset({404, 410, 422, 460})

TRIES = 4
"""How often the same bytes are sent that are damaged on the way; what damages them each time will not stop."""


def append(connection: Connection, path: str, offset: int, part: bytes) -> int:
    """Add bytes to an upload and return where it goes on, which is elsewhere where an answer was lost.

    Raises as ``begin``, and Refused for bytes that came damaged ``TRIES`` times.
    """
    digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
    headers = {
        "Upload-Offset": str(offset),
        "Upload-Checksum": f"sha256 {digest}",
        "Content-Type": "application/offset+octet-stream",
    }
    for _ in range(TRIES):
        response = _send(connection, "PATCH", path, headers, part)
        if response.status_code not in (409, 460):
            return _offset(response)
        known = offset_of(connection, path)
        if known is None:
            break
        if known != offset:
            return known
    raise failure_of(response)


def _send(
    connection: Connection, method: str, path: str, headers: Mapping[str, str], part: bytes = b""
) -> requests.Response:
    return connection.send(method, path, {"Tus-Resumable": "1.0.0", **headers}, part)


def _offset(response: requests.Response) -> int:
    stated = response.headers.get("Upload-Offset", "")
    if not response.ok or not stated.isdecimal():
        raise failure_of(response)
    return int(stated)
