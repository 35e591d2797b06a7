"""Reads what part of a file is asked for (RFC 9110, 14) before Werkzeug does, which refuses more than it has to."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

_ONE = re.compile(r"bytes=[ \t]*(?:[0-9]{1,30}-[0-9]{0,30}|-(?P<last>[0-9]{1,30}))[ \t]*", re.IGNORECASE)
_HEADER = "HTTP_RANGE"


def narrow(environ: MutableMapping[str, Any], length: int) -> None:
    """Leave in a request the one part of a file that it asks for, as ``make_conditional`` takes it.

    length: of the file, in bytes. Whoever asks for more of the end than there is gets all of it. Several parts at once,
    other units than bytes and what is not readable ask for nothing in particular, and get all of it; so does a HEAD,
    since parts are defined for GET alone.
    """
    asked = environ.get(_HEADER)
    if asked is None:
        return
    found = _ONE.fullmatch(asked)
    if found is None or environ.get("REQUEST_METHOD") != "GET":
        del environ[_HEADER]
    elif found["last"] is not None and int(found["last"]) > length:
        environ[_HEADER] = f"bytes=0-{length - 1}"
