"""Declares each column of the table ``record`` once: how it is written, where it is shown, how lists filter by it.

The store's statements, the JSON of the API and of pulls, the header and lines of exports, the columns of phones' lists
and the filters of lists derive from ``COLUMNS``. A new column is a migration, a line here and, where clients see it,
a field in ``schemas``; tests hold the table of the database and the schemas against this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import Enum, Flag, auto
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import orjson

from server import instants
from server.db.sql import Row
from server.records.domain import severity
from server.records.domain.records import Record
from server.records.store import case_json, checksums


class Projection(Flag):
    """A shape in which records are read.

    API: JSON of a record, alone and in lists, and the properties of its GeoJSON feature. CSV: exports. PULL: what a
    field client holds. PHONE: columns of a case in a phone's entity list, beside those of the form. TODO: what decides
    the ``todo`` of a case; read, not shown.
    """

    NONE = 0
    API = auto()
    CSV = auto()
    PULL = auto()
    PHONE = auto()
    TODO = auto()


class Written(Enum):
    """When a column is written: with the first revision alone, with every one, or with every one of a case."""

    ONCE = auto()
    ALWAYS = auto()
    CASE = auto()


class Value(NamedTuple):
    """What is shown of a column under ``name``. read: makes it from what is stored, None for the same."""

    name: str
    to: Projection
    read: Callable[[Any], Any] | None = None


class Filter(NamedTuple):
    """A filter of lists by the value of a column: a text, or true and false for an INTEGER of 0 and 1.

    rank: how few rows it is likely to leave, as in ``record_conditions``; 0 without an index (``column, born_seq``).
    common: the value that most rows have, which its index leaves out; empty for none.
    """

    name: str
    rank: int = 0
    common: str = ""


class Column(NamedTuple):
    """A column of the table ``record``.

    type: in SQL. null: whether it may be NULL. shown: where, under its own name, or as which values. of: makes what is
    stored from a record, None for the record's attribute of the same name.
    """

    name: str
    type: str
    written: Written
    shown: Projection | tuple[Value, ...] = Projection.NONE
    null: bool = False
    of: Callable[[Record], Any] | None = None
    filter: Filter | None = None

    @property
    def values(self) -> tuple[Value, ...]:
        return (Value(self.name, self.shown),) if isinstance(self.shown, Projection) else self.shown

    @property
    def projections(self) -> Projection:
        found = Projection.NONE
        for value in self.values:
            found |= value.to
        return found


def conflicts(marks: str) -> list[str]:
    """Return the names of fields in conflict that the column ``flags`` holds before its first bar."""
    return marks.partition("|")[0].split() if marks else []


def flags(marks: str) -> list[str]:
    """Return the flags that the column ``flags`` holds."""
    return marks.split("|")[1:] if marks else []


def _marks(record: Record) -> str:
    # Names of conflicting fields first, then flags: one short column instead of two.
    return "|".join((" ".join(record.conflicts), *record.flags))


def _code(name: str) -> Callable[[Record], str | None]:
    """Return what reads a code of a case from its fields; of what is no case, none."""
    return lambda record: None if record.status is None else record.fields.get(name)


def _severity(record: Record) -> str | None:
    """Return the severity of a case, of which the brigade's finding is a part; of what is no case, none."""
    is_major = record.case is not None and record.case.major
    return None if record.status is None else severity.of_case(record.fields.get(severity.FIELD), is_major=is_major)


def _assigned_at(record: Record) -> str | None:
    """Return since when a case is with whoever has it, None for what was given to nobody yet."""
    dispatches = () if record.case is None else record.case.facts.dispatches
    return dispatches[-1].at if dispatches else None


def _reply_by(record: Record) -> str | None:
    """Return the day by which the hotline wants an answer, None where the case names none, or what is no day."""
    written = None if record.status is None else record.fields.get("reply_by")
    return written if written and _DAY.fullmatch(written) else None


_DAY = re.compile(r"[12]\d{3}-[01]\d-[0-3]\d", re.ASCII)


def _due_on(due_at: str | None) -> str | None:
    return None if due_at is None else instants.last_day(due_at)


_API, _CSV, _PULL, _PHONE, _TODO = Projection.API, Projection.CSV, Projection.PULL, Projection.PHONE, Projection.TODO
_JSON = _API | _PULL
_SHOWN = _API | _CSV | _PULL
_ONCE, _ALWAYS, _CASE = Written.ONCE, Written.ALWAYS, Written.CASE

COLUMNS = (
    Column("id", "TEXT", _ONCE, _SHOWN | _TODO),
    Column("type", "TEXT", _ONCE, _SHOWN | _TODO, filter=Filter("type", 11)),
    Column("kind", "TEXT", _ONCE, _JSON),
    Column("area", "TEXT", _ONCE, _SHOWN | _PHONE | _TODO),
    Column("path", "TEXT", _ONCE, _TODO),
    Column("label", "TEXT", _ALWAYS, _SHOWN | _TODO),
    Column("version", "INTEGER", _ALWAYS, _SHOWN | _TODO),
    Column("status", "TEXT", _CASE, _SHOWN | _PHONE | _TODO, null=True, filter=Filter("status", 8)),
    Column("stage", "TEXT", _CASE, _SHOWN | _PHONE | _TODO, null=True, filter=Filter("stage", 9)),
    Column("case_no", "TEXT", _CASE, _SHOWN | _PHONE, null=True),
    Column("assignee", "TEXT", _CASE, _SHOWN | _PHONE | _TODO, null=True, filter=Filter("assignee", 5)),
    Column(
        "due_at", "TEXT", _CASE, (Value("due_at", _SHOWN | _TODO), Value("due_on", _PULL | _PHONE, _due_on)), null=True
    ),
    Column("closed_at", "TEXT", _CASE, _SHOWN | _TODO, null=True),
    Column("author", "TEXT", _ONCE, _SHOWN | _TODO),
    Column("office_note", "TEXT", _CASE, _PULL | _PHONE),
    Column(
        "fields", "TEXT", _ALWAYS,
        # orjson puts the text in as it is: reading it first would cost as much again.
        (Value("fields", _JSON, orjson.Fragment),), of=lambda record: orjson.dumps(dict(record.fields)).decode(),
    ),
    Column(
        "flags", "TEXT", _ALWAYS, (Value("conflicts", _SHOWN, conflicts), Value("flags", _SHOWN, flags)), of=_marks
    ),
    Column("created_at", "TEXT", _ONCE, _SHOWN),
    Column("updated_at", "TEXT", _ALWAYS, _SHOWN),
    Column("seq", "INTEGER", _ALWAYS),
    Column("born_seq", "INTEGER", _ONCE),
    Column("month", "TEXT", _CASE, null=True),
    Column(
        "conflicted", "INTEGER", _ALWAYS, of=lambda record: 1 if record.conflicts else 0, filter=Filter("conflict", 4)
    ),
    Column("registers", "TEXT", _ALWAYS),
    Column("case_state", "TEXT", _CASE, _TODO, null=True, of=lambda record: case_json.to_text(record.case)),
    Column("list_label", "TEXT", _CASE),
    Column(
        "merged_into", "TEXT", _CASE, null=True, of=lambda record: record.case and record.case.merged_into
    ),
    Column("category", "TEXT", _CASE, null=True, of=_code("category"), filter=Filter("category", 6)),
    Column("item", "TEXT", _CASE, null=True, of=_code("item"), filter=Filter("item", 5)),
    Column("severity", "TEXT", _CASE, null=True, of=_severity, filter=Filter("severity", 6, "general")),
    Column("source", "TEXT", _CASE, null=True, of=_code("source"), filter=Filter("source")),
    Column("assigned_at", "TEXT", _CASE, null=True, of=_assigned_at),
    Column("reply_by", "TEXT", _CASE, _API, null=True, of=_reply_by),
    Column("placed", "INTEGER", _ALWAYS, of=lambda record: 1 if record.placed else 0),
    Column("check_value", "INTEGER", _ALWAYS, of=lambda record: checksums.of(record.id, record.version)),
)  # fmt: skip
"""In the order in which JSON, exports and phones' lists show them."""

NAMES = tuple(column.name for column in COLUMNS)
FILTERS = {column.filter.name: column for column in COLUMNS if column.filter is not None}
"""Columns that lists filter by, by the name of the filter."""


def select(to: Projection, *more: str) -> str:
    """Return the names of the columns from which the projections ``to`` are made, and of ``more``, for a SELECT."""
    return ", ".join(column.name for column in COLUMNS if column.projections & to or column.name in more)


def names(to: Projection) -> tuple[str, ...]:
    """Return the names under which the projection ``to`` shows its values, in their order."""
    return tuple(value.name for column in COLUMNS for value in column.values if value.to & to)


def showing(to: Projection) -> Callable[[Row], dict[str, Any]]:
    """Return the function that makes the projection ``to`` of a row with the columns of ``select(to)``."""
    values = [(column.name, value) for column in COLUMNS for value in column.values if value.to & to]
    shown, stored = names(to), itemgetter(*(column for column, _ in values))
    made = [(value.name, column, value.read) for column, value in values if value.read is not None]

    def show(row: Row) -> dict[str, Any]:
        found = dict(zip(shown, stored(row)))  # noqa: B905 - both are made of the same list, and strict costs time
        for name, column, read in made:
            found[name] = read(row[column])
        return found

    return show


def copying(to: Projection, stored: str) -> Callable[[Row], dict[str, Any]]:
    """Return the function that makes the projection ``to`` of a row with exactly the columns ``stored``.

    stored: as a SELECT names them, those of ``select(to)`` among them. What is shown is the same as ``showing`` shows,
    in another order and in a tenth of the time: most of it stands in the row as it is shown.
    """
    values = [(column.name, value) for column in COLUMNS for value in column.values if value.to & to]
    changed = [(value.name, column, value.read) for column, value in values if value.read is not None]
    more = [(value.name, column) for column, value in values if value.read is None and value.name != column]
    left = sorted({*stored.split(", ")} - {*names(to)})

    def show(row: Row) -> dict[str, Any]:
        found = row.copy()
        for name in left:
            del found[name]
        for name, column in more:
            found[name] = row[column]
        for name, column, read in changed:
            found[name] = read(row[column])
        return found

    return show


def storing(wanted: Iterable[str]) -> Callable[[Record], Row]:
    """Return the function that makes of a record what is stored of it in these columns."""
    names = tuple(column.name for column in _among(wanted))
    stored = values(names)

    def store(record: Record) -> Row:
        return dict(zip(names, stored(record)))  # noqa: B905 - both are made of the same list, and strict costs time

    return store


def values(wanted: Iterable[str]) -> Callable[[Record], tuple[Any, ...]]:
    """Return the function that makes of a record what is stored of it in these columns, in the order of ``COLUMNS``."""
    makers = [column.of or attrgetter(column.name) for column in _among(wanted)]
    return lambda record: tuple([of(record) for of in makers])


def _among(wanted: Iterable[str]) -> list[Column]:
    return [column for column in COLUMNS if column.name in set(wanted)]
