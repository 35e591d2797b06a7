"""Parse a batch of which an item may be JSON that a database cannot store, so that it blocks none of the others.

Programs write such items: half a character of a cut name (a lone surrogate), NaN for a missing number, a number of
four hundred digits, or a list in a list in a list.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from server.errors import Unreadable

_TOO_DEEP = "请求体嵌套太深，读不出来。"


class Unstorable:
    """An item that was parsed but cannot be stored as it is.

    id: its own id, empty where it has none. text: the same as JSON, in ASCII, to be stored instead.
    """

    def __init__(self, id: str, text: str) -> None:
        self.id = id
        self.text = text


def read(body: bytes, items: str) -> Any:
    """Return ``body`` parsed, with an Unstorable in place of each item of the list ``items`` that cannot be stored.

    Raises Unreadable when it is no JSON at all, or not storable outside that list.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            parsed = json.loads(body.decode())
        except RecursionError:
            raise Unreadable(_TOO_DEEP) from error
        except ValueError:
            raise Unreadable("请求体不是有效的 JSON（UTF-8）。") from error
    listed = parsed.get(items) if isinstance(parsed, dict) else None
    rest = parsed if not isinstance(listed, list) else {**parsed, items: []}
    if isinstance(storable(rest), str):
        raise Unreadable("请求体里有不能保存的字符或数字。")
    return rest if not isinstance(listed, list) else {**parsed, items: [_checked(each) for each in listed]}


def storable(raw: Any) -> Any:
    """Return ``raw``, or the same as JSON text in ASCII where a database cannot store it otherwise.

    Raises Unreadable when it is nested too deep for either.
    """
    try:
        if orjson.loads(orjson.dumps(raw)) == raw:
            return raw
    except (orjson.JSONEncodeError, orjson.JSONDecodeError):
        pass  # half a character, a number beyond 64 bits, or nested deeper than orjson writes
    try:
        return json.dumps(raw)
    except RecursionError as error:
        raise Unreadable(_TOO_DEEP) from error


def _checked(item: Any) -> Any:
    kept = storable(item)
    if kept is item:
        return item
    id = item.get("id") if isinstance(item, dict) else None
    return Unstorable(id if isinstance(id, str) and storable(id) == id else "", kept)
