"""The sheets of an XLSForm and where its questions stand in them, so that a refusal can name the row to correct."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from server.forms.domain.definitions import Fault

FIRST_ROW = 2  # row 1 holds the headers
_TRANSLATED = re.compile(
    r"(?P<column>label|caption|hint|guidance_hint|constraint_message|required_message"
    r"|(media::)?(image|big-image|audio|video))(\s*::?\s*(?P<language>.+))?"
)
_UNNAMED = "default"
_QUOTED_CHARS_MAX = 200
_OPENING = re.compile(r"begin[ _](group|repeat|loop)")
_CLOSING = re.compile(r"end[ _](group|repeat|loop)")


@dataclass(frozen=True, slots=True)
class Sheets:
    """The cells of an XLSForm.

    headers: sheet name → column headers as written, only of sheets that are there.
    rows: sheet name → its rows in order as {header: text}; the first of them is row ``FIRST_ROW``.
    """

    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)

    def setting(self, *names: str) -> str:
        """Return the value of the first of these settings that is filled in, else an empty text."""
        rows = self.rows.get("settings", ())
        return next((found for name in names for row in rows[:1] if (found := cell(row, name))), "")


def cell(row: Mapping[str, str], column: str) -> str:
    """Return the text under ``column`` (lower case, underscores), however its header is spelled."""
    written = (value for header, value in row.items() if _normalized(header) == column)
    return next(written, "").strip()


def quoting(faults: Iterable[Fault], sheets: Sheets) -> list[Fault]:
    """Return the faults with what is written in the cell of each that names one."""
    return [replace(fault, text=fault.text or _written_at(fault, sheets)) for fault in faults]


def _written_at(fault: Fault, sheets: Sheets) -> str | None:
    rows = sheets.rows.get(fault.sheet or "", ())
    if fault.row is None or fault.column is None or not 0 <= fault.row - FIRST_ROW < len(rows):
        return None
    row = rows[fault.row - FIRST_ROW]
    return (row.get(fault.column, "") or cell(row, _normalized(fault.column)))[:_QUOTED_CHARS_MAX] or None


def rows_by_path(sheets: Sheets) -> dict[str, int]:
    """Return the survey row of each question and group, by path below the root: ``/where/village``."""
    found: dict[str, int] = {}
    inside: list[str] = []
    for number, row in enumerate(sheets.rows.get("survey", ()), FIRST_ROW):
        kind = cell(row, "type").lower()
        if _CLOSING.match(kind):
            del inside[-1:]
            continue
        name = cell(row, "name") or ("meta/audit" if kind == "audit" else "")
        if name:
            found.setdefault("/" + "/".join([*inside, name]), number)
        if _OPENING.match(kind):
            inside.append(name)
    return found


def row_with(sheets: Sheets, sheet: str, text: str) -> int | None:
    """Return the first row of ``sheet`` with ``text`` in one of its cells, if there is one."""
    numbered = enumerate(sheets.rows.get(sheet, ()), FIRST_ROW)
    return next((number for number, row in numbered if any(text in value for value in row.values())), None)


def row_of(sheets: Sheets, text: str) -> int | None:
    """Return the first survey row whose type or name is exactly ``text``, or whose type begins with that word."""
    for number, row in enumerate(sheets.rows.get("survey", ()), FIRST_ROW):
        if text in (cell(row, "type"), cell(row, "name"), cell(row, "type").partition(" ")[0]):
            return number
    return None


def plain_language(headers: Mapping[str, Sequence[str]]) -> str | None:
    """Return the language in which columns without one (``hint`` beside ``label::中文 (zh)``) are meant to be.

    headers: by sheet. None where no column names a language, where all do, or where a column stands both with and
    without it, so that the plain one is a language of its own.
    """
    columns = [column for sheet in ("survey", "choices") for column in _translatable(headers.get(sheet, ()))]
    named = [each for each in columns if each[1]]
    if not named or len(named) == len(columns):
        return None
    language = next((each[1] for each in named if each[0] == "label"), named[0][1])
    for sheet in ("survey", "choices"):
        of_sheet = set(_translatable(headers.get(sheet, ())))
        if any((column, "") in of_sheet and (column, language) in of_sheet for column, _ in of_sheet):
            return None
    return language


def plain_column_warnings(sheets: Sheets) -> list[str]:
    """Return a warning for each column that names no language where others do."""
    language = None if sheets.setting("default_language") else plain_language(sheets.headers)
    if language is None:
        return []
    plain = [
        (sheet, column)
        for sheet in ("survey", "choices")
        for column, named in _translatable(sheets.headers.get(sheet, ()))
        if not named
    ]
    return [
        f"{sheet} 表的列 {column} 没有写语言，已当作“{language}”；请把列名改成 {column}::{language}。"
        for sheet, column in plain
    ]


def _translatable(headers: Sequence[str]) -> list[tuple[str, str]]:
    matches = (_TRANSLATED.fullmatch(header.strip()) for header in headers)
    return [(match["column"], (match["language"] or "").strip()) for match in matches if match is not None]


def sheet_faults(sheets: Sheets) -> list[Fault]:
    """Return what is wrong with the sheets themselves: identity, languages, default language (``design.md`` §5)."""
    return [*_identity_faults(sheets), *_language_faults(sheets), *_default_language_faults(sheets)]


def _identity_faults(sheets: Sheets) -> Iterator[Fault]:
    if not sheets.headers:  # uploaded as XForm: its own attributes are checked instead
        return
    for column, names, what, cure in (
        ("form_id", ("form_id", "id_string", "set_form_id"), "表单编号", "英文字母、数字和下划线，例如 hazard_report"),
        ("version", ("version",), "版本号", "例如 2026112401；内容每改一次就换一个新的"),
    ):
        if not sheets.setting(*names):
            yield Fault(
                f"没有填写{what} ({column})。", f"请在 settings 表填写 {column}：{cure}。", "settings", 2, column
            )


def _language_faults(sheets: Sheets) -> Iterator[Fault]:
    unnamed = sheets.setting("default_language") or plain_language(sheets.headers) or _UNNAMED
    labelled = {sheet: _languages(sheets, sheet, unnamed, {"label", "caption"}) for sheet in ("survey", "choices")}
    survey = labelled["survey"]
    for sheet in ("survey", "choices"):
        lacking = survey - labelled[sheet] if labelled[sheet] else set()
        strange = _languages(sheets, sheet, unnamed) - survey
        for language in sorted(strange):
            meant = next((each for each in sorted(lacking) if _alike(each, language)), None)
            if meant is None and _UNNAMED in lacking:
                meant = _UNNAMED
            lacking.discard(meant or "")
            yield _strange_language(sheets, sheet, language, unnamed, meant, survey)
        for language in sorted(lacking):
            message = f"{sheet} 表缺少语言“{language}”的 label 列，survey 表有。"
            column = f"label::{language}" if language != _UNNAMED else "label"
            cure = f"请在 {sheet} 表加一列 {column}；不要这种语言时，从 survey 表删去它的各列。"
            yield Fault(message, cure, sheet, 1, column)


def _strange_language(
    sheets: Sheets, sheet: str, language: str, unnamed: str, meant: str | None, known: set[str]
) -> Fault:
    """Return the fault of a language that the labels of the survey sheet have not. meant: which one it seems to be."""
    column = _column_in(sheets, sheet, language, unnamed)
    message = f"{sheet} 表有语言“{language}”，survey 表的 label 没有。"
    if meant == _UNNAMED:
        cure = f"survey 表的列 label 没有写语言；请改成 label::{language}，两张表要完全一样。"
        return Fault(message, cure, "survey", 1, "label")
    if meant is not None:
        kind = _translatable((column,))[0][0]
        return Fault(message, f"survey 表写作“{meant}”，请把列名改成 {kind}::{meant}。", sheet, 1, column)
    listed = "、".join(sorted(known))
    cure = f"survey 表 label 的语言是 {listed}；请改成其中一种，写法要完全一样，或在 survey 表补上 label::{language}。"
    return Fault(message, cure if known else f"请在 survey 表补上 label::{language}。", sheet, 1, column)


def _alike(one: str, other: str) -> bool:
    """Return whether two names of languages differ only in spaces, brackets or case, as people write them by hand."""
    return _folded(one) == _folded(other)


def _folded(language: str) -> str:
    return re.sub(r"[\s()（）_-]", "", language).lower()


def _default_language_faults(sheets: Sheets) -> Iterator[Fault]:
    named = sheets.setting("default_language")
    languages = _languages(sheets, "survey", named)
    if named and languages and named not in languages:
        listed = "、".join(sorted(languages))
        yield Fault(
            f"默认语言 (default_language) “{named}”在 survey 表里没有。",
            f"请改为已有的语言之一：{listed}，写法要完全一样。",
            "settings",
            FIRST_ROW,
            "default_language",
        )


def _languages(sheets: Sheets, sheet: str, unnamed: str, columns: set[str] | None = None) -> set[str]:
    matches = (_TRANSLATED.fullmatch(header.strip()) for header in sheets.headers.get(sheet, ()))
    return {
        (match["language"] or unnamed).strip()
        for match in matches
        if match is not None and (columns is None or match["column"] in columns)
    }


def _column_in(sheets: Sheets, sheet: str, language: str, unnamed: str) -> str:
    """Return the first header of ``sheet`` that is in ``language``, as it is written in the file."""
    return next(
        header
        for header in sheets.headers[sheet]
        if any((named or unnamed) == language for _, named in _translatable((header,)))
    )


def _normalized(header: str) -> str:
    return header.strip().lower().replace(" ", "_")
