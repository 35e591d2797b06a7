"""Turns codes and instants into what people read: for exports of answers and of records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

from server import instants
from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.forms.store import forms
from server.forms.usecases.choice_labels import CodeLabels
from server.grid.domain.areas import UNKNOWN_AREA
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.people.store import display_names
from server.records.store import records
from server.records.usecases.disclosing import RecordMask

Show = Callable[[str], str]

AREAS, HANDLERS = "areas", "handlers"
"""Lists that the server makes besides those of records."""

BETWEEN = "；"
"""Stands between the labels of an answer of several codes."""

_KNOWN_MOST = 20_000


class ListRows:
    """What rows of the server's own lists are called: areas, handlers, and records inside a scope. For one export."""

    def __init__(self, scope: Scope, mask: RecordMask | None = None) -> None:
        """mask: shows records to the reader, None for one who sees all."""
        self._scope, self._mask = scope, mask
        self._known: dict[tuple[str, str], str] = {}
        self._reading: Reading | None = None

    def begin(self, reading: Reading) -> None:
        """Look further labels up in ``reading``, as long as it lasts."""
        self._reading = reading
        if len(self._known) > _KNOWN_MOST:
            self._known.clear()

    def label(self, name: str, code: str) -> str:
        """Return what a row of the list ``name`` is called; its code where nothing says, or the reader may not see."""
        key = (name, code)
        if key not in self._known:
            self._known[key] = self._find(name, code)
        return self._known[key]

    def _find(self, name: str, code: str) -> str:
        if self._reading is None:
            raise ValueError("no reading has begun")
        if name == AREAS:
            return self._area(self._reading, code)
        if name == HANDLERS:
            return display_names.of_assignees(self._reading, [code])[code]
        if name in forms.catalogue(self._reading).types:
            return self._record(self._reading, code)
        return code

    def _record(self, reading: Reading, id: str) -> str:
        if self._mask is None:
            return records.label_of(reading, id, self._scope) or id
        try:
            return self._mask.label(records.get(reading, id, self._scope))
        except NotFound:
            return id

    def _area(self, reading: Reading, code: str) -> str:
        if code == UNKNOWN_AREA[0]:
            return UNKNOWN_AREA[1]
        try:
            return areas.full_names(reading, [code]).get(code, code)
        except Invalid:
            return code  # no code of the grid, whatever the form took


def shows(type: str, labels: CodeLabels | None, rows: ListRows) -> Show:
    """Return how values of one question or field are shown. type: bind type of XForms. labels: of its codes, if any."""
    if labels is not None:
        return _several(labels, rows) if labels.several else _one(labels, rows)
    if type == "dateTime":
        return local_time
    return _clock if type == "time" else str


def local_time(value: str) -> str:
    """Return an instant by Beijing's clock, ``2026-05-01 07:12:33``; as it stands where it is no instant."""
    try:
        instant = datetime.fromisoformat(value) if "T" in value else None
    except ValueError:
        instant = None
    if instant is None:
        return value
    local = instant if instant.tzinfo is None else instant.astimezone(instants.BEIJING).replace(tzinfo=None)
    return local.isoformat(
        " ", "auto" if local.microsecond % 1000 else "milliseconds" if local.microsecond else "seconds"
    )


def local_second(value: str) -> str:
    """Return an instant of the server's by Beijing's clock, to the second."""
    return local_time(value)[: len("2026-05-01 07:12:33")]


def _clock(value: str) -> str:
    try:
        found = time.fromisoformat(value)
    except ValueError:
        return value
    if found.tzinfo is not None:
        day = datetime(2000, 1, 2, tzinfo=instants.BEIJING)
        found = datetime.combine(day, found).astimezone(instants.BEIJING).time()
    return found.isoformat("milliseconds" if found.microsecond else "seconds")


def _one(labels: CodeLabels, rows: ListRows) -> Show:
    known, listed = labels.known, labels.list
    if listed is None:
        return lambda value: known.get(value, value)
    return lambda value: known.get(value) or (rows.label(listed, value) if value else "")


def _several(labels: CodeLabels, rows: ListRows) -> Show:
    one = _one(labels, rows)
    return lambda value: BETWEEN.join(map(one, value.split())) if value else ""
