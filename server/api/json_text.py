"""Reads a batch of which one item is no JSON that a database can keep, so that it holds up none of the others.

Programs write such things: half a character of a cut name (a lone surrogate), NaN for a missing number, a number of
four hundred digits, or a list in a list in a list.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from server.errors import Unreadable

_TOO_DEEP = "请求体嵌套太深，读不出来。"


class Odd:
    """An item that was read but cannot be kept as it is.

    id: what it calls itself, empty where it does not. text: the same as JSON, in ASCII, to be kept instead.
    """

    def __init__(self, id: str, text: str) -> None:
        self.id = id
        self.text = text


def read(body: bytes, items: str) -> Any:
    """Return what ``body`` says, with an Odd in the place of each item of the list ``items`` that cannot be kept.

    Raises Unreadable when it is no JSON at all, or odd outside that list.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            said = json.loads(body.decode())
        except RecursionError:
            raise Unreadable(_TOO_DEEP) from error
        except ValueError:
            raise Unreadable("请求体不是有效的 JSON（UTF-8）。") from error
    listed = said.get(items) if isinstance(said, dict) else None
    around = said if not isinstance(listed, list) else {**said, items: []}
    if isinstance(storable(around), str):
        raise Unreadable("请求体里有不能保存的字符或数字。")
    return around if not isinstance(listed, list) else {**said, items: [_marked(each) for each in listed]}


def storable(raw: Any) -> Any:
    """Return ``raw``, or the same as JSON text in ASCII where a database cannot keep it otherwise.

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


def _marked(item: Any) -> Any:
    kept = storable(item)
    if kept is item:
        return item
    id = item.get("id") if isinstance(item, dict) else None
    return Odd(id if isinstance(id, str) and storable(id) == id else "", kept)
