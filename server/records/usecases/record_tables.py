"""Makes the table in which records leave: system columns, then the fields of their types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.domain.outline import Language, Wording, distinct
from server.forms.domain.record_types import RecordType
from server.forms.store import codes
from server.forms.usecases import choice_labels
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.people.store import display_names
from server.records.domain.status import STAGE_LABELS, STATUS_LABELS, Stage, Status
from server.records.store import columns
from server.records.store.columns import Projection
from server.records.usecases.disclosing import RecordMask
from server.records.usecases.shown_values import ListRows, Show, local_second, shows
from sync.flags import LABELS as FLAGS

COLUMNS = columns.names(Projection.CSV)
"""The columns before those of the fields. A field of the same name gets ``field.`` before its own."""

AREA_NAME = "area_name"
"""The column that stands beside the code of the area where an export says labels."""

STATUSES = "case_statuses"
"""The code list of statuses."""

HEADINGS: Mapping[str, tuple[str, str]] = {
    "id": ("记录", "Record"),
    "type": ("台账", "Ledger"),
    "area": ("网格代码", "Area code"),
    AREA_NAME: ("网格", "Area"),
    "label": ("名称", "Name"),
    "version": ("版本", "Version"),
    "status": ("状态", "Status"),
    "stage": ("环节", "Stage"),
    "case_no": ("编号", "Case number"),
    "assignee": ("承办", "Assignee"),
    "due_at": ("处置时限", "Due"),
    "closed_at": ("办结", "Closed"),
    "author": ("提交人", "Author"),
    "conflicts": ("几个值并存的", "In conflict"),
    "flags": ("标记", "Flags"),
    "created_at": ("建立", "Created"),
    "updated_at": ("更新", "Updated"),
}
"""What each system column is called, in Chinese and in English."""

_NUMBERS = frozenset({"int", "decimal"})
_system = columns.showing(Projection.CSV)


class RecordTable:
    """The table of records of certain types.

    headings: one for each column. numeric: which columns hold numbers. types: whose fields have columns.
    """

    def __init__(
        self, reading: Reading, types: Sequence[RecordType], wording: Wording, scope: Scope, mask: RecordMask
    ) -> None:
        """scope: in which records may be named. mask: shows these to the reader; the rows come masked."""
        self._wording = wording
        self._rows = ListRows(scope, mask)
        self._titles = {type.name: type.title for type in types}
        self._field_names = list(dict.fromkeys(name for type in types for name in type.fields))
        self._system = [name for name in (*_with_area_name(),) if wording.labels or name != AREA_NAME]
        self._texts = {type.name: _field_texts(reading, type, wording.language) for type in types}
        self._shows = {type.name: self._shows_of(reading, type) for type in types}
        self.headings = self._headings()
        declared = {name: field.type for type in types for name, field in type.fields.items()}
        self.numeric = [name == "version" for name in self._system]
        self.numeric += [declared[name] in _NUMBERS for name in self._field_names]

    def cells(self, reading: Reading, found: Sequence[Row]) -> Iterator[list[str]]:
        """Yield the cells of each of these records, all of them of the table's types."""
        if not self._wording.labels:
            yield from (self._coded(row) for row in found)
            return
        self._rows.begin(reading)
        known = _Names(reading, found, self._wording.language)
        yield from (self._labelled(row, known) for row in found)

    def _coded(self, row: Row) -> list[str]:
        values = _fields(row)
        system = ("" if value is None else _text(value) for value in _system(row).values())
        return [*system, *(values.get(name, "") for name in self._field_names)]

    def _labelled(self, row: Row, known: _Names) -> list[str]:
        values, shown = _fields(row), _system(row)
        texts = self._texts.get(row["type"], {})
        shown["type"] = self._titles.get(row["type"], row["type"])
        shown["conflicts"] = "、".join(texts.get(name, name) for name in shown["conflicts"])
        known.replace_codes(shown)
        shows = self._shows.get(row["type"], {})
        fields = (shows.get(name, str)(values.get(name, "")) for name in self._field_names)
        return [*("" if shown[name] is None else str(shown[name]) for name in self._system), *fields]

    def _shows_of(self, reading: Reading, type: RecordType) -> Mapping[str, Show]:
        labels = choice_labels.of_type(reading, type.name, self._wording.language)
        return {name: shows(field.type, labels.get(name), self._rows) for name, field in type.fields.items()}

    def _headings(self) -> list[str]:
        headings, names = self._wording.headings, [*self._system, *self._field_names]
        if headings is None:
            return [*self._system, *(f"field.{name}" if name in COLUMNS else name for name in self._field_names)]
        texts: dict[str, str] = {}
        for each in self._texts.values():
            texts = {**each, **texts}
        system = [HEADINGS[name][headings is Language.ENGLISH] for name in self._system]
        fields = [texts.get(name, name) for name in self._field_names]
        return distinct([*system, *fields], [*names])


class _Names:
    """What the codes in the system columns of one page of records are called."""

    def __init__(self, reading: Reading, found: Iterable[Row], language: Language) -> None:
        rows = list(found)
        self._language = language
        self._areas = areas.full_names(reading, {row["area"] for row in rows})
        self._people = display_names.of_people(reading, {row["author"] for row in rows})
        self._assignees = display_names.of_assignees(reading, {row["assignee"] for row in rows if row["assignee"]})
        self._statuses = {
            code: _status_label(reading, code, language) for code in {row["status"] for row in rows} if code
        }

    def replace_codes(self, shown: dict[str, Any]) -> None:
        """Put names in the place of codes, and Beijing time in that of UTC."""
        english = self._language is Language.ENGLISH
        shown[AREA_NAME] = self._areas.get(shown["area"], "")
        shown["author"] = self._people[shown["author"]]
        if shown["assignee"]:
            shown["assignee"] = self._assignees[shown["assignee"]]
        if shown["status"]:
            shown["status"] = self._statuses[shown["status"]]
        if shown["stage"] and not english:
            shown["stage"] = STAGE_LABELS[Stage(shown["stage"])]
        shown["flags"] = (
            " ".join(shown["flags"]) if english else "、".join(FLAGS.get(each, each) for each in shown["flags"])
        )
        for name in ("due_at", "closed_at", "created_at", "updated_at"):
            shown[name] = local_second(shown[name]) if shown[name] else None


def _with_area_name() -> Iterator[str]:
    for name in COLUMNS:
        yield name
        if name == "area":
            yield AREA_NAME


def _field_texts(reading: Reading, type: RecordType, language: Language) -> Mapping[str, str]:
    asked = choice_labels.field_texts(reading, type.name, language)
    return {name: asked.get(name) or type.label_of(name) for name in type.fields}


def _status_label(reading: Reading, code: str, language: Language) -> str:
    found = codes.current(reading, STATUSES, code)
    if found is None:
        return code if language is Language.ENGLISH else STATUS_LABELS[Status(code)]
    return (language is Language.ENGLISH and found.label_en) or found.label


def _text(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _fields(row: Row) -> dict[str, str]:
    values: dict[str, str] = orjson.loads(row["fields"])
    return values
