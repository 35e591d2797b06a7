"""The forms a county starts with, as data: XLSForms in Markdown and their code lists in CSV."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files

from kobo_forms.code_lists import BadCodeList, rows, served

__all__ = ["BadCodeList", "codes", "lists", "media", "names", "rows", "served", "source", "sources"]

_NAMES = (
    "premises",
    "hazard_report",
    "hazard_task",
    "hazard_check",
    "hazard_intake",
    "patrol",
    "micro_station",
    "station_check",
)
_LIST = re.compile(r"\| *(?:select_\w+_from_file +(\w+)\.csv|csv-external *\| *(\w+)) *\|")


def names() -> tuple[str, ...]:
    """Return the form ids of the built-in forms, in the order in which a phone's user meets them."""
    return _NAMES


def source(name: str) -> bytes:
    """Return the XLSForm ``name`` as a Markdown table, UTF-8, as pyxform reads it.

    name: one of ``names()``. Raises LookupError for any other.
    """
    if name not in _NAMES:
        raise LookupError(f"没有名为 {name} 的内置表单，有的是：{'、'.join(_NAMES)}。")
    return (files(__name__) / f"{name}.md").read_bytes()


def sources(name: str) -> dict[str, bytes]:
    """Return the code lists that the form ``name`` attaches, by file name, with their dates of validity.

    These are what to store with the form: ``served`` makes a day's file from each. Lists which the
    server makes itself, for each caller (``areas.csv`` and the entity lists), are not among them.
    """
    return {f"{list_name}.csv": _content(list_name) for list_name in _attached(name) if list_name in lists()}


def media(name: str, on: date) -> dict[str, bytes]:
    """Return the files that go beside the form ``name`` on a phone on the local day ``on``, by file name."""
    return {file_name: served(content, on) for file_name, content in sources(name).items()}


def lists() -> tuple[str, ...]:
    """Return the names of all code lists, sorted; also of those which no form attaches (``departments``)."""
    folder = files(__name__) / "lists"
    return tuple(sorted(entry.name.removesuffix(".csv") for entry in folder.iterdir() if entry.name.endswith(".csv")))


def codes(list_name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of the code list ``list_name``, retired ones too, column by column.

    Each has ``name`` (the code), ``label`` (Chinese), ``label_en``, ``active_from`` and ``active_to``
    (local days, both inclusive, empty when open) and the list's own columns. Raises LookupError.
    """
    if list_name not in lists():
        raise LookupError(f"没有名为 {list_name} 的代码表，有的是：{'、'.join(lists())}。")
    return rows(_content(list_name))


def _attached(name: str) -> tuple[str, ...]:
    found = (one or other for one, other in _LIST.findall(source(name).decode()))
    return tuple(dict.fromkeys(found))


def _content(list_name: str) -> bytes:
    return (files(__name__) / "lists" / f"{list_name}.csv").read_bytes()
