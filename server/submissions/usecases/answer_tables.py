"""Makes the tables in which the answers of a form leave: their headings, and the cells of each row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from server.db.transactions import Reading
from server.forms.domain.outline import Asked, FormOutline, Language, Wording, distinct, text_in
from server.forms.store.forms import Form
from server.forms.usecases import choice_labels
from server.forms.usecases.choice_labels import CodeLabels
from server.grid.domain.scope import Scope
from server.records.usecases.disclosing import RecordMask
from server.records.usecases.shown_values import ListRows, Show, shows
from server.submissions.domain.answer_layout import AnswerLayout, TableLayout, layout_of
from server.submissions.usecases.answer_rows import AnswerRow

RECEIPT, KEY, PARENT_KEY, OTHERS = "receipt", "KEY", "PARENT_KEY", "others"
FORM_BEFORE = (RECEIPT, "submitted_at", "author_name", "area_name")
FORM_AFTER = (
    "edited_at", "author", "area", "form_version", "instance_name", "device", "review_state", "files_expected",
    "files_present", "instance_id", KEY, OTHERS,
)  # fmt: skip
REPEAT_BEFORE, REPEAT_AFTER = (RECEIPT,), (PARENT_KEY, KEY, OTHERS)
HEADINGS: Mapping[str, tuple[str, str]] = {
    RECEIPT: ("回执号", "Receipt"),
    "submitted_at": ("收到时间", "Received"),
    "author_name": ("提交人", "Submitted by"),
    "area_name": ("网格", "Area"),
    "edited_at": ("修改时间", "Edited"),
    "author": ("用户名", "User name"),
    "area": ("网格代码", "Area code"),
    "form_version": ("表单版本", "Form version"),
    "instance_name": ("填报名称", "Instance name"),
    "device": ("设备", "Device"),
    "review_state": ("审核状态", "Review state"),
    "files_expected": ("应有附件", "Files expected"),
    "files_present": ("已到附件", "Files present"),
    "instance_id": ("提交编号", "Instance ID"),
    KEY: ("键", "Key"),
    PARENT_KEY: ("上级键", "Parent key"),
    OTHERS: ("表单以外的内容", "Not in the form"),
}
"""What each column beside the answers is called, in Chinese and in English."""

UNASKED: Mapping[str, tuple[str, str]] = {
    "start": ("开始填写", "Started"),
    "end": ("填写结束", "Finished"),
    "today": ("填写日期", "Day"),
    "deviceid": ("设备编号", "Device ID"),
    "audit": ("填写过程", "Audit"),
    "label": ("台账记录名称", "Entity label"),
}
"""What answers are called that the phone gives by itself, by the names that XLSForm gives them."""

_NUMBERS = frozenset({"int", "decimal"})
_NUMERIC = frozenset({"files_expected", "files_present"})
_POINT = (("Latitude", "纬度"), ("Longitude", "经度"), ("Altitude", "海拔"), ("Accuracy", "精度"))
"""Parts of a geopoint, as ODK names the columns and in Chinese."""


class AnswerOptions(NamedTuple):
    """How answers are told. split: each choice of a select_multiple has a column of 1 and 0 beside the answer's."""

    wording: Wording = Wording()
    split: bool = False


@dataclass(frozen=True, slots=True)
class _Column:
    """An answer's columns: what is shown of it, and of its parts. binary: it names a file."""

    path: str
    heading: str
    show: Show
    parts: Callable[[str], list[str]] | None
    binary: bool


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """One table. name: of its file, unique. title: for people. numeric: which columns hold numbers."""

    path: str
    name: str
    title: str
    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    columns: tuple[_Column, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]

    def cells(self, row: AnswerRow, system: Mapping[str, str], files: Mapping[str, str]) -> list[str]:
        """Return the cells of a row. system: values beside the answers. files: what is shown of a file, by its name."""
        cells = [system[name] for name in self.before]
        values = row.values
        for column in self.columns:
            value = values.get(column.path, "")
            shown = files.get(value.strip()) if column.binary else None
            cells.append(shown or (column.show(value) if value else ""))
            if column.parts is not None:
                cells += column.parts(value)
        own = {KEY: row.key, PARENT_KEY: row.parent, OTHERS: _others(row)}
        cells += [own[name] if name in own else system[name] for name in self.after]
        return cells

    def binaries(self, row: AnswerRow) -> list[tuple[str, str]]:
        """Return heading and file name of each file that a row names."""
        named = ((column.heading, row.values.get(column.path, "").strip()) for column in self.columns if column.binary)
        return [(path, name) for path, name in named if name]


class AnswerTables:
    """The tables of one form, by path of their repeats ('' for the form itself), in the order of the form."""

    def __init__(
        self, reading: Reading, form: Form, options: AnswerOptions, scope: Scope, mask: RecordMask | None = None
    ) -> None:
        """scope: in which records may be named. mask: shows records to the reader, None for one who sees all."""
        self.rows = ListRows(scope, mask)
        self.options = options
        outline = choice_labels.outline_of(reading, form)
        labels = choice_labels.of_form(reading, form, options.wording.language)
        self.layout: AnswerLayout = layout_of(outline)
        make = _TableMaker(form, outline, labels, options, self.rows)
        self.tables = {path: make.table(table) for path, table in self.layout.tables.items()}


class _TableMaker:
    """Makes tables of the parts of one form."""

    def __init__(
        self,
        form: Form,
        outline: FormOutline,
        labels: Mapping[str, CodeLabels],
        options: AnswerOptions,
        rows: ListRows,
    ) -> None:
        self._form, self._outline, self._labels = form, outline, labels
        self._options, self._rows = options, rows

    def table(self, layout: TableLayout) -> AnswerTable:
        before, after = (REPEAT_BEFORE, REPEAT_AFTER) if layout.path else (FORM_BEFORE, FORM_AFTER)
        names = [*before, *after]
        asked = list(zip(layout.asked, self._unlike(layout.asked), strict=True))
        answers = [part for each, heading in asked for part in self._parts_of(each, heading)]
        own = [layout.name_of(part.name) for part in answers]
        own = [f"answer.{name}" if name in names else name for name in own]
        columns = [*before, *own, *after]
        return AnswerTable(
            path=layout.path,
            name="-".join(filter(None, (self._form.id, *layout.path.split("/")))),
            title=self._text(self._outline.groups.get(layout.path, {})) or layout.step or self._form.title,
            headings=tuple(self._headings(columns, before, [part.heading for part in answers], after)),
            numeric=(*(name in _NUMERIC for name in before), *(part.numeric for part in answers),
                     *(name in _NUMERIC for name in after)),
            columns=tuple(self._column(each, heading) for each, heading in asked),
            before=before,
            after=after,
        )  # fmt: skip

    def _headings(
        self, columns: Sequence[str], before: Sequence[str], answers: Sequence[str], after: Sequence[str]
    ) -> list[str]:
        language = self._options.wording.headings
        if language is None:
            return distinct(columns, columns)
        at, taken = int(language is Language.ENGLISH), set(answers)
        own = {name: HEADINGS[name][at] for name in (*before, *after)}
        own = {name: f"{text} ({name})" if text in taken else text for name, text in own.items()}
        return distinct([*(own[name] for name in before), *answers, *(own[name] for name in after)], columns)

    def _unlike(self, asked: Sequence[Asked]) -> list[str]:
        """Return the texts of questions; those that several share have the text of their group before them."""
        texts = [self._text(each.texts) or self._unasked(each.path.rpartition("/")[2]) for each in asked]
        groups = [self._text(self._outline.groups.get(each.path.rpartition("/")[0], {})) for each in asked]
        shared = {text for text, count in Counter(texts).items() if count > 1}
        return [
            f"{group} / {text}" if text in shared and group else text for text, group in zip(texts, groups, strict=True)
        ]

    def _unasked(self, name: str) -> str:
        at = int(self._options.wording.language is Language.ENGLISH)
        return UNASKED[name][at] if name in UNASKED else name

    def _parts_of(self, asked: Asked, heading: str) -> list[_Heading]:
        """Return name, heading and kind of each column of an answer, its own first."""
        found = [_Heading(asked.path, heading, asked.type in _NUMBERS)]
        if asked.type == "geopoint":
            chinese = self._options.wording.language is Language.CHINESE
            found += [
                _Heading(f"{asked.path}-{name}", f"{heading} {zh if chinese else name}", True) for name, zh in _POINT
            ]
        for code, label in self._choices(asked):
            found.append(_Heading(f"{asked.path}/{code}", f"{heading}：{label}", True))
        return found

    def _choices(self, asked: Asked) -> list[tuple[str, str]]:
        """Return code and label of the choices that have columns of their own."""
        labels = self._labels.get(asked.path)
        if not self._options.split or labels is None or not labels.several:
            return []
        return list(labels.known.items())

    def _column(self, asked: Asked, heading: str) -> _Column:
        show: Show = str
        if self._options.wording.labels:
            show = shows(asked.type, self._labels.get(asked.path), self._rows)
        parts: Callable[[str], list[str]] | None = None
        if asked.type == "geopoint":
            parts = _point
        elif codes := tuple(code for code, _ in self._choices(asked)):
            parts = _chosen(codes)
        return _Column(asked.path, heading, show, parts, asked.type == "binary")

    def _text(self, texts: Mapping[str, str]) -> str:
        return text_in(texts, self._options.wording.language, self._outline.default)


class _Heading(NamedTuple):
    name: str
    heading: str
    numeric: bool


def _point(value: str) -> list[str]:
    found = value.split()[: len(_POINT)]
    return found + [""] * (len(_POINT) - len(found))


def _chosen(codes: Sequence[str]) -> Callable[[str], list[str]]:
    unanswered = [""] * len(codes)

    def parts(value: str) -> list[str]:
        chosen = set(value.split())
        return ["1" if code in chosen else "0" for code in codes] if chosen else unanswered

    return parts


def _others(row: AnswerRow) -> str:
    if not row.others:
        return ""
    told: dict[str, Any] = {path: texts if len(texts) > 1 else texts[0] for path, texts in row.others.items()}
    return json.dumps(told, ensure_ascii=False)
