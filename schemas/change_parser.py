"""Parses a Change as fieldsync writes it, at a tenth of the cost of the schema; a push brings up to two hundred.

Anything unusual or faulty is left to ``SentChangeSchema``, which alone has the error messages. Where both can read an
item, they return the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TEXTS = {"type": 100, "action": 100}
_TEXTS_OR_NONE = {"area": 20, "seen_status": 40, "form": 100, "form_version": 100}
_FIELD_CHARACTERS_MAX = 100
_NUMBER_MAX = 2**53
_KNOWN = frozenset(
    {"id", "record", "seq", "fields", "base_version", "after", "made_at", "clock_offset_s", "attachments"}
    | _TEXTS.keys()
    | _TEXTS_OR_NONE.keys()
)


def read(raw: Any) -> Mapping[str, Any] | None:
    """Return what ``SentChangeSchema`` would load, ids as text; None where the schema has to read it."""
    if type(raw) is not dict or not raw.keys() <= _KNOWN or raw.get("attachments", []) != []:
        return None
    seq, base_version = raw.get("seq"), raw.get("base_version", 0)
    after, offset = raw.get("after"), raw.get("clock_offset_s")
    is_plain = (
        _is_id(raw.get("id"))
        and _is_id(raw.get("record"))
        and (type(seq) is int and 1 <= seq <= _NUMBER_MAX)
        and (type(base_version) is int and 0 <= base_version <= _NUMBER_MAX)
        and (after is None or _is_id(after))
        and (offset is None or (type(offset) in (float, int) and abs(offset) <= _NUMBER_MAX))
        and _are_texts(raw)
    )
    fields = _fields(raw.get("fields", {})) if is_plain else None
    if fields is None:
        return None
    return {
        "area": None, "seen_status": None, "form": None, "form_version": None, **raw,
        "base_version": base_version, "after": after, "clock_offset_s": None if offset is None else float(offset),
        "made_at": device_time(raw.get("made_at")), "fields": fields, "attachments": [],
    }  # fmt: skip


def device_time(text: Any) -> datetime | None:
    """Return a device's time; None for what is no time, has no offset, or lies in no year of UTC."""
    try:
        at = datetime.fromisoformat(text)
        at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return at if at.tzinfo is not None else None


def _are_texts(raw: Mapping[str, Any]) -> bool:
    for name, most in _TEXTS.items():
        if not _is_text(raw.get(name), most):
            return False
    for name, most in _TEXTS_OR_NONE.items():  # a generator would cost twice as much
        if raw.get(name) is not None and not _is_text(raw[name], most):
            return False
    return True


def _is_id(value: Any) -> bool:
    return type(value) is str and _UUID.fullmatch(value) is not None


def _is_text(value: Any, most: int) -> bool:
    return type(value) is str and len(value) <= most and "\x00" not in value


def _fields(sent: Any) -> dict[str, tuple[str | None, str]] | None:
    """Return the fields as pairs, None when any of them is not a plain ``[seen, new]``."""
    if type(sent) is not dict:
        return None
    read: dict[str, tuple[str | None, str]] = {}
    for name, pair in sent.items():
        if type(pair) is not list or len(pair) != 2 or not _is_text(name, _FIELD_CHARACTERS_MAX):
            return None
        seen, new = pair
        if type(new) is not str or "\x00" in new or not (seen is None or (type(seen) is str and "\x00" not in seen)):
            return None
        read[name] = (seen, new)
    return read
