"""Writes down what a use case returned, and makes it again: plain values, data classes and refusals of this program.

Every value but a plain one is an array that begins with what it is: ``["tuple", 1, 2]``, ``["server.x:Area", {...}]``.
Classes are found by name in this program alone, and made by their fields without running any code of theirs.
"""

from __future__ import annotations

import importlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any

import orjson

from server.errors import Refusal

_OURS = ("server.", "sync.", "schemas.")

_MANY: Mapping[str, Callable[[list[Any]], Any]] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
_SINGLE: Mapping[str, Callable[[Any], Any]] = {
    "bytes": b64decode,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "timedelta": lambda seconds: timedelta(seconds=seconds),
}


def encoded(value: Any) -> bytes:
    """Return ``value`` as JSON that ``decoded`` makes it of. Raises TypeError for what is no value, such as a file."""
    return orjson.dumps(_told(value))


def decoded(text: bytes) -> Any:
    """Return what ``encoded`` was given.

    Raises LookupError, AttributeError, TypeError or ValueError for what a program with other classes has written.
    """
    return _made(orjson.loads(text))


def _told(value: Any) -> Any:
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind.__name__ in _MANY and kind.__module__ == "builtins":
        return [kind.__name__, *map(_told, value)]
    if isinstance(value, Enum):
        return [_name(kind), _told(value.value)]
    if kind in (dict, MappingProxyType):
        return ["dict" if kind is dict else "mapping", *([_told(key), _told(each)] for key, each in value.items())]
    if kind is bytes:
        return ["bytes", b64encode(value).decode()]
    if kind in (date, datetime):
        return [kind.__name__, value.isoformat()]
    if kind is timedelta:
        return ["timedelta", value.total_seconds()]
    if isinstance(value, Refusal):
        return [_name(kind), {"message": value.message, "data": _told(value.data)}]
    if (names := _fields(kind)) is not None:
        return [_name(kind), {name: _told(getattr(value, name)) for name in names}]
    raise TypeError(f"{kind.__module__}.{kind.__qualname__} cannot be written down")


def _made(told: Any) -> Any:
    if not isinstance(told, list):
        return told
    kind, *parts = told
    if kind in _MANY:
        return _MANY[kind]([_made(each) for each in parts])
    if kind in ("dict", "mapping"):
        pairs = {_made(key): _made(each) for key, each in parts}
        return pairs if kind == "dict" else MappingProxyType(pairs)
    if kind in _SINGLE:
        return _SINGLE[kind](parts[0])
    found = _class(kind)
    if issubclass(found, Enum):
        return found(_made(parts[0]))
    values = {name: _made(each) for name, each in parts[0].items()}
    if issubclass(found, Refusal):
        return _refusal(found, **values)
    if set(_fields(found) or ()) != values.keys():
        raise LookupError(f"{kind} has other fields now")
    if not is_dataclass(found):
        return found(**values)  # a named tuple
    made = object.__new__(found)
    for name, each in values.items():
        object.__setattr__(made, name, each)
    return made


def _refusal(kind: type[Refusal], message: str, data: dict[str, object]) -> Refusal:
    """Make a refusal without its own constructor, which may take no message."""
    made = kind.__new__(kind, message)
    Refusal.__init__(made, message, **data)
    return made


def _fields(kind: type) -> tuple[str, ...] | None:
    """Return the names of the fields of a data class or a named tuple; None for anything else."""
    if is_dataclass(kind):
        return tuple(each.name for each in fields(kind))
    return getattr(kind, "_fields", None) if issubclass(kind, tuple) else None


def _name(kind: type) -> str:
    name = f"{kind.__module__}:{kind.__qualname__}"
    if not name.startswith(_OURS):
        raise TypeError(f"{name} is no class of this program")
    return name


def _class(name: str) -> type:
    module, _, path = name.partition(":")
    if not name.startswith(_OURS):
        raise LookupError(f"{name} is no class of this program")
    found: Any = importlib.import_module(module)
    for each in path.split("."):
        found = getattr(found, each)
    if isinstance(found, type):
        return found
    raise LookupError(f"{name} is no class")
