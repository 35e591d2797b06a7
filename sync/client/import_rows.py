"""Import of records from the rows of a file, so that nobody types a town's lists again.

A row is a record. Columns are the record type's fields, by name or by label; these are our own: ``id``
(of a record on this device: edit it; blank: create one), ``type``, ``area``, ``action``, ``form``, ``form_version``. A
blank cell changes nothing; in JSON an empty text empties a field. Every faulty row is reported at once, with its line
and the cure, and nothing is saved unless all rows are valid.

A row without ``id`` gets one made of its content, so that a file that is read twice creates nothing twice.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import NamedTuple
from uuid import UUID, uuid5

from sync.client.record_types import RecordTypes
from sync.client.row_files import DIGITS_LOST, Row
from sync.datatypes import TEXT

OWN = ("id", "type", "area", "action", "form", "form_version")
_NAMESPACE = UUID("6d1f4f0a-6b0e-5c6e-9a55-0d6c1d3b7a10")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_AREA = re.compile(r"\d{6}|\d{12}|\d{15}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LONGEST = 10_000


class Fault(NamedTuple):
    """What is wrong with a row, and how to mend it."""

    number: int
    column: str
    message: str


class _Unreadable(Exception):
    """A cell holds no valid value; the message says how to mend it."""


class Answer(NamedTuple):
    """A valid row. record: its id. is_known: the device has that record, so this edits it."""

    number: int
    record: str
    type: str
    action: str
    area: str | None
    values: Mapping[str, str]
    form: str | None
    form_version: str | None
    is_known: bool


@dataclass(frozen=True)
class ImportOptions:
    """Options of an import, and what the device knows.

    type, action, area: for rows without their own; an action of None means ``create``. areas: codes that the device
    knows, empty before its first pull. known: type of each record on the device, by id. record_types: empty before the
    first pull.
    """

    type: str | None
    action: str | None
    area: str | None
    areas: Collection[str]
    known: Mapping[str, str]
    record_types: RecordTypes = field(default_factory=RecordTypes)


def check(rows: Iterable[Row], options: ImportOptions) -> tuple[list[Answer], list[Fault]]:
    """Return the valid rows, and the faults of the others."""
    answers: list[Answer] = []
    faults: list[Fault] = []
    first: dict[str, int] = {}
    reported: set[tuple[str, str]] = set()
    for row in rows:
        row_faults: list[Fault] = []
        answer = _answer(row, options, row_faults)
        if answer is not None:
            row_faults += _unknown_names(answer, row, options.record_types, reported)
        if answer is not None and not row_faults and answer.record in first:
            row_faults.append(_duplicate(row, first[answer.record]))
        if answer is not None and not row_faults:
            first[answer.record] = row.number
            answers.append(answer)
        faults += row_faults
    return answers, faults


def _duplicate(row: Row, earlier: int) -> Fault:
    if _own(row, "id"):
        return Fault(row.number, "id", f"与第{earlier}行是同一条记录；每条记录只能有一行")
    return Fault(row.number, "", f"与第{earlier}行完全相同；若确是两条，请在 id 列各写一个 UUID，否则删去一行")


def _answer(row: Row, options: ImportOptions, faults: list[Fault]) -> Answer | None:
    """Return the answer in a row, None without a record type; add to ``faults`` what is wrong with the row."""
    own = {name: _own(row, name) for name in OWN}
    id = own["id"].lower()
    known = options.known.get(id) if id else None
    type = own["type"] or known or options.type
    if type is None:
        faults.append(Fault(row.number, "type", "没有写台账；请加 type 列，或用 --type 指定"))
    values = _values(row, type, options.record_types, faults)
    faults += [Fault(row.number, column, message) for column, message in _own_faults(own, known, options)]
    if not values and not faults:
        faults.append(Fault(row.number, "", "这一行没有填任何内容；请补填，或删去这一行"))
    if type is None:
        return None
    area = own["area"] or options.area if known is None else None
    return Answer(
        row.number,
        id or _id_of(type, area, values),
        type,
        own["action"] or (options.action or "create" if known is None else "edit"),
        area,
        values,
        own["form"] or None,
        own["form_version"] or None,
        known is not None,
    )


def _own_faults(own: Mapping[str, str], known: str | None, options: ImportOptions) -> Iterator[tuple[str, str]]:
    """Yield column and message of what is wrong with a row's id, type and area. known: type of its record, if here."""
    id = own["id"].lower()
    if id and not _is_uuid(id):
        yield "id", "编号应为 UUID；新记录请留空"
    if known is None:
        yield from _area_faults(own["area"] or options.area, options)
        return
    if own["type"] not in ("", known):
        yield "type", f"这条记录在台账 {known} 里；请改正 type，或留空"
    if own["area"]:
        yield "area", "已有的记录不能改网格；请把 area 留空"


def _unknown_names(
    answer: Answer, row: Row, record_types: RecordTypes, reported: set[tuple[str, str]]
) -> Iterator[Fault]:
    """Yield a fault for each record type, action and column that the server does not know, once for the whole file."""
    found = [("type", answer.type, record_types.wrong_type(answer.type))]
    if not answer.is_known:
        found.append(("action", answer.action, record_types.wrong_action(answer.type, answer.action, creates=True)))
    found += [(name, name, _wrong_column(answer.type, name, record_types)) for name in answer.values]
    for column, name, wrong in found:
        if wrong is not None and (name, wrong) not in reported:
            reported.add((name, wrong))
            yield Fault(row.number, column, wrong)


def _wrong_column(type: str, name: str, record_types: RecordTypes) -> str | None:
    if _FIELD.fullmatch(name):
        return record_types.wrong_field(type, name)
    return f"列名不是字段名{record_types.similar_fields(type, name)}；请用台账的字段名，如 head，或表单里的叫法"


def _area_faults(area: str | None, options: ImportOptions) -> Iterator[tuple[str, str]]:
    if area is None or area == "":
        return  # the server knows where its author works
    if not _AREA.fullmatch(area):
        yield "area", f"“{area}”不是网格代码；应为12位或15位数字（用 Excel 时请把该列设为文本）"
    elif options.areas and area not in options.areas:
        yield "area", f"本机没有网格 {area}；请核对代码，或先 fieldsync pull"


def _values(row: Row, type: str | None, record_types: RecordTypes, faults: list[Fault]) -> dict[str, str]:
    found: dict[str, str] = {}
    for heading, cell in row.cells.items():
        if heading in OWN:
            continue
        name = heading if type is None else record_types.field_named(type, heading)
        try:
            value = _value(cell)
        except _Unreadable as error:
            faults.append(Fault(row.number, heading, str(error)))
            continue
        wrong = None if type is None or value is None else _wrong_cell(type, name, cell, value, record_types)
        if wrong is not None:
            faults.append(Fault(row.number, heading, wrong))
        if name in found and value is not None:
            faults.append(Fault(row.number, heading, f"与另一列都是字段 {name}；请只留一列"))
        if value is not None:
            found[name] = value
    return found


def _wrong_cell(type: str, name: str, cell: object, value: str, record_types: RecordTypes) -> str | None:
    """Return what is wrong with a cell for its field. In a text field, Excel made a day of what was 1-2."""
    if isinstance(cell, date | time) and record_types.datatype(type, name) == TEXT:
        return f"这里要填文字，表格里却是日期或时间 {value}；请把这一列设成文本，再照原样填一遍"
    return record_types.wrong_value(type, name, value)


def _value(cell: object) -> str | None:
    """Return a cell as text, None when it is empty. Raises _Unreadable with the cure."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        raise _Unreadable('true/false 意思不明；请写表单的选项，如 "yes" 或 "no"')
    if isinstance(cell, float) and abs(cell) >= DIGITS_LOST:
        raise _Unreadable("数字超过15位，后几位在表格里已经丢失；请把这一列设成文本，再照原样填一遍")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, (int, float)) and math.isfinite(cell):
        return json.dumps(int(cell) if cell == int(cell) else cell)  # a list from a table says 8.0 for 8
    if isinstance(cell, list) and all(isinstance(each, str) and each and not re.search(r"\s", each) for each in cell):
        return " ".join(cell)
    if not isinstance(cell, str):
        raise _Unreadable("应为文字、数字，或选项代码的列表")
    if _CONTROL.search(cell):
        raise _Unreadable("含有看不见的控制字符；请删去后重填")
    if len(cell) > _LONGEST:
        raise _Unreadable(f"太长（{len(cell)} 字）；最多 {_LONGEST} 字")
    return cell


def _own(row: Row, name: str) -> str:
    cell = row.cells.get(name)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a code that Excel took for a number
    return "" if cell is None else str(cell).strip()


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _id_of(type: str, area: str | None, values: Mapping[str, str]) -> str:
    content = json.dumps([type, area or "", sorted(values.items())], ensure_ascii=False)
    return str(uuid5(_NAMESPACE, content))
