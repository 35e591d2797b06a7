"""Makes the manifest of a form and the CSV files it names: entity lists, areas, handlers, each for its caller."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

import orjson

from server import instants
from server.cases.store import deliveries
from server.cases.store.deliveries import Given
from server.cases.usecases import handling_limits, todo_column
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.domain.record_types import Kind, RecordType
from server.forms.store import forms
from server.forms.usecases.entity_rules import SERVER_LISTS
from server.grid.domain.areas import UNKNOWN_AREA
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import Instant
from server.notices.store import notices
from server.people.domain.actors import Actor, scope_of
from server.phones.store import entity_rows
from server.phones.usecases import handler_list
from server.records.store import buckets, columns
from server.records.store.columns import Projection
from server.records.usecases import disclosing
from server.records.usecases.disclosing import RecordMask
from sync.datatypes import UNWRITABLE

AREAS = "areas"
CLOSED_KEPT = timedelta(days=30)
"""How long a closed case is kept in the lists of its author and handlers (``design.md`` section 5)."""

CASE_COLUMNS = (*columns.names(Projection.PHONE), "todo")
_system = columns.showing(Projection.PHONE)


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A file in the manifest of a form. kind: ``entityList``, None for other files. md5: of its bytes, in hex."""

    name: str
    md5: str
    kind: str | None = None


class ListHashes:
    """Caches the MD5 of lists by their tag, so that an unchanged list costs no query over rows."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._known: OrderedDict[tuple[object, ...], str] = OrderedDict()
        self._lock = Lock()

    def find(self, tag: tuple[object, ...]) -> str | None:
        with self._lock:
            if tag in self._known:
                self._known.move_to_end(tag)
            return self._known.get(tag)

    def keep(self, tag: tuple[object, ...], md5: str) -> None:
        with self._lock:
            self._known[tag] = md5
            if len(self._known) > self._most:
                self._known.popitem(last=False)


def manifest(reading: Reading, hashes: ListHashes, form_id: str, by: Actor) -> list[ManifestEntry]:
    """Return the manifest of a form for ``by``: the files that it names and the server has, in the form's order."""
    form = forms.catalogue(reading).forms[form_id]
    definition = form.versions[form.version].definition
    files = (_file(reading, hashes, form, name, by) for name in definition.media)
    return [file for file in files if file is not None]


def content(reading: Reading, hashes: ListHashes, form_id: str, name: str, by: Actor) -> bytes | None:
    """Return the bytes of one such file, None when the form does not need it or the server has none."""
    form = forms.catalogue(reading).forms[form_id]
    if name not in form.versions[form.version].definition.media:
        return None
    if name in form.media:
        return forms.media(reading, form_id, name)
    tag = _tag(reading, name, by)
    if tag is None:
        return None
    csv_bytes = _content(reading, name, by)
    hashes.keep(tag, hashlib.md5(csv_bytes, usedforsecurity=False).hexdigest())
    return csv_bytes


def is_entity_list(reading: Reading, name: str) -> bool:
    """Return whether ``name`` is the list of a record type."""
    return name in forms.catalogue(reading).types


def integrity(reading: Reading, list_name: str, ids: list[str], by: Actor) -> list[tuple[str, bool]]:
    """Return each known id with whether the phone must drop it; unknown ids are left out, they may be unsent work.

    So are those of records that no duty of ``by``, present, past or to come, ever reached: nobody learns from the
    answer that they are here (ADR 0038). Without ids, every row that the phone may hold is listed.
    """
    type = forms.catalogue(reading).types[list_name]
    scope, since = phone_scope(by), closed_after(reading)
    if not ids:
        return [(id, False) for id in entity_rows.all_ids(reading, type, scope, closed_after=since)]
    held = entity_rows.entitled_ids(reading, type, scope, ids, closed_after=since)
    others = [id for id in ids if id not in held]  # mostly none: nothing has left the list since the phone got it
    known = entity_rows.ids_within(reading, type, scope_of(by.name, by.duties), others) if others else frozenset()
    return [(id, id not in held) for id in dict.fromkeys(ids) if id in held or id in known]


def phone_scope(by: Actor) -> Scope:
    """Return what the phone of ``by`` may hold; nothing when no duty is in force, whatever they once wrote."""
    return by.scope if by.current else Scope()


def _file(reading: Reading, hashes: ListHashes, form: forms.Form, name: str, by: Actor) -> ManifestEntry | None:
    if name in form.media:
        return ManifestEntry(name, form.media[name].md5)
    tag = _tag(reading, name, by)
    if tag is None:
        return None
    md5 = hashes.find(tag)
    if md5 is None:
        md5 = hashlib.md5(_content(reading, name, by), usedforsecurity=False).hexdigest()
        hashes.keep(tag, md5)
    return ManifestEntry(name, md5, "entityList" if is_entity_list(reading, name.removesuffix(".csv")) else None)


def _tag(reading: Reading, file_name: str, by: Actor) -> tuple[object, ...] | None:
    """Return what a list depends on: newest revision, duties, what is masked, day, columns.

    None when the server makes no list of this file name.
    """
    name, _, ending = file_name.rpartition(".")
    if ending != "csv":
        return None
    scope, today = phone_scope(by), instants.local_day(reading.now)
    if name in forms.catalogue(reading).types:
        newest = buckets.newest(reading, name, scope)
        sight = disclosing.sight_of(reading, by)
        return ("rows", name, scope, sight, by.current, newest, today, reading.configuration_version())
    if name == AREAS:
        return ("areas", scope, reading.configuration_version())
    if name == handler_list.LIST:
        return handler_list.tag(reading, by)
    return handling_limits.tag(reading) if name == handling_limits.LIST else None


def _content(reading: Reading, file_name: str, by: Actor) -> bytes:
    types, name = forms.catalogue(reading).types, file_name.removesuffix(".csv")
    if name == handler_list.LIST:
        return _csv(handler_list.COLUMNS, lambda: handler_list.rows(reading, by))
    if name == handling_limits.LIST:
        return _csv(SERVER_LISTS[handling_limits.LIST], lambda: handling_limits.rows(reading))
    return _rows_csv(reading, types[name], by) if name in types else _areas_csv(reading, phone_scope(by))


def _rows_csv(reading: Reading, type: RecordType, by: Actor) -> bytes:
    columns = _columns(type)
    scope, since = phone_scope(by), closed_after(reading)
    may_do, mask = todo_column.TodoOfCaller(reading, by), RecordMask(reading, by)
    hiding = mask if mask.may_hide else None
    told = notices.versions_told(reading, by.name) if type.kind is Kind.CASE else {}

    def rows() -> Iterable[list[object]]:
        found = entity_rows.each(reading, type, scope, closed_after=since)
        return (_csv_row(row, columns, may_do, hiding, told) for row in found)

    return _csv(("name", "label", "__version", *columns), rows)


def _columns(type: RecordType) -> tuple[str, ...]:
    if type.kind is not Kind.CASE:
        return tuple(type.fields)
    return (*CASE_COLUMNS, *(name for name in type.fields if name not in CASE_COLUMNS))


NEW_MARK = "【新】"
"""What the note of a case begins with on the phone of whoever its newest revision tells something.

It goes with the next revision, which whoever reads it makes by acting: a phone ignores a row of equal version, so that
reading the notice elsewhere cannot take it away.
"""


def _csv_row(
    row: Row,
    columns: tuple[str, ...],
    may_do: todo_column.TodoOfCaller,
    mask: RecordMask | None,
    told: Mapping[str, int],
) -> list[object]:
    # mask: None for who sees all whole, since a list asks it of every row. told: versions that told the caller
    # something, by case.
    values: dict[str, object] = orjson.loads(row["fields"])
    values["area"] = row["area"]
    label = row["label"]
    if row["status"] is not None:
        label = row["list_label"] or label
        values |= _system(row)
        values["todo"] = may_do.todo(row)
        if told.get(row["id"]) == row["version"] and values["office_note"]:
            values["office_note"] = f"{NEW_MARK}{values['office_note']}"
    if mask is not None:
        label, values = mask.on_phone(row, label, values)
    return [row["id"], label, row["version"], *(values.get(name, "") for name in columns)]


def _areas_csv(reading: Reading, scope: Scope) -> bytes:
    codes = [unit.code for unit in areas.list_units(reading, scope)]
    names = areas.full_names(reading, codes)
    rows = [*((code, names[code]) for code in codes), UNKNOWN_AREA]
    return _csv(SERVER_LISTS[AREAS], lambda: rows)


def closed_after(reading: Reading) -> Instant:
    """Return the beginning of the local day 30 days ago: by day, so that the list changes at most daily by itself."""
    return instants.text(instants.parse(instants.local_day(reading.now)) - CLOSED_KEPT)


def _csv(header: tuple[str, ...], rows: Callable[[], Iterable[Iterable[object]]]) -> bytes:
    """Return a list as phones read it. rows: makes them, as often as it is called.

    A cell with a carriage return is quoted, or it would end its row, and no phone would open the list; Python quotes
    it only where the lines end in one. Characters that XML cannot carry are left out: a form that was filled in from
    them could never be sent. Almost no list holds either, so all are looked for in the whole text, and no cell is.
    """
    lines = io.StringIO()
    _write(lines, "\n", header, rows())
    text = lines.getvalue()
    if "\r" in text:
        quoted = _Lines()
        _write(quoted, "\r\n", header, rows())
        text = "".join(f"{line[:-2]}\n" for line in quoted)
    try:
        raw = text.encode()
    except UnicodeEncodeError:  # halves of pairs
        return UNWRITABLE.sub("", text).encode()
    if any(map(raw.__contains__, _CONTROLS)) or any(map(text.__contains__, _NO_CHARACTERS)):
        return UNWRITABLE.sub("", text).encode()
    return raw


_CONTROLS = tuple(code for code in range(32) if chr(code) not in "\t\n\r")
_NO_CHARACTERS = ("\ufffe", "\uffff")


class _Lines(list[str]):
    """Takes the lines of a CSV file as they are written."""

    write = list.append


def _write(
    into: io.StringIO | _Lines, line_end: str, header: tuple[str, ...], rows: Iterable[Iterable[object]]
) -> None:
    writer = csv.writer(into, lineterminator=line_end)
    writer.writerow(header)
    writer.writerows(rows)


def first_delivered(reading: Reading, name: str, by: Actor) -> list[Given]:
    """Return the cases given to ``by``, or to their body, that this file brings to a phone of theirs the first time.

    name: of the file; one that is no list of cases brings none.
    """
    type = forms.catalogue(reading).types.get(name.removesuffix(".csv"))
    return [] if type is None or type.kind is not Kind.CASE else deliveries.undelivered(reading, by.scope.assignees)
