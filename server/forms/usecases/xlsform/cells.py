"""Checks the cells of an XLSForm for what spreadsheets and keyboards put there unseen, before any tool reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from server.forms.domain.definitions import Fault
from server.forms.domain.invisible import invisible_in, shown
from server.forms.usecases.xlsform.sheets import FIRST_ROW, Sheets, cell

_NAMED = {
    "survey": ("type", "name", "save_to"),
    "choices": ("list_name", "name"),
    "settings": ("form_id", "id_string", "version", "name", "default_language"),
    "entities": ("list_name", "dataset"),
}
"""Columns whose cells are names or codes, by sheet: in these, a character that nobody sees makes another name."""

_EXPRESSIONS = (
    "relevant",
    "constraint",
    "calculation",
    "choice_filter",
    "repeat_count",
    "required",
    "read_only",
    "readonly",
    "default",
)
_OF_ENTITIES = ("label", "entity_id", "create_if", "update_if")
_EXCEL_DATE = re.compile(r"\d{4}-\d\d-\d\d 00:00:00")
_EXCEL_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")
_BARE_WORD = re.compile(r"[^\W\d][\w-]*")
_NO_NAME = re.compile(r"\S\s+\S|^\d")
_TRUTHS = frozenset({"yes", "no", "true", "false"})
_SAID = re.compile(r"""\$\{[^}]*\}|"[^"]*"|'[^']*'""")
_FULL_WIDTH = "（）＝，＜＞＋－＊！。；：【】"
_CURLY_QUOTES = str.maketrans("‘’“”", "''\"\"")
"""What Excel makes of quotes while one types; pyxform makes them straight again."""
_OPENING, _CLOSING = re.compile(r"begin[ _](group|repeat|loop)"), re.compile(r"end[ _](group|repeat|loop)")


class _Cell(NamedTuple):
    sheet: str
    row: int
    column: str
    text: str

    def fault(self, message: str, cure: str) -> Fault:
        return Fault(message, cure, self.sheet, self.row, self.column)


def cell_faults(sheets: Sheets) -> list[Fault]:
    """Return what keeps a phone, or the tools, from understanding single cells and groups, each with its place."""
    return [
        *_invisible_headers(sheets),
        *(fault for each in _cells(sheets, _NAMED) for fault in _name_faults(each)),
        *(fault for each in _expressions(sheets) for fault in _expression_faults(each)),
        *_empty_groups(sheets),
    ]


def cell_warnings(sheets: Sheets) -> list[str]:
    """Return what a phone accepts and its author hardly meant."""
    found = []
    for each in _cells(sheets, {"settings": ("form_id", "id_string", "version"), "survey": ("default",)}):
        if _EXCEL_INSTANT.fullmatch(each.text):
            cure = "请把这一格设为文本再输入。"
            found.append(f"{_place(each)} 是 Excel 的日期格，手机得到的是“{each.text}”；{cure}")
    for each in _cells(sheets, {"survey": ("relevant", "constraint")}):
        if _BARE_WORD.fullmatch(each.text) and each.text.lower() not in _TRUTHS:
            meant = f"如果是问题名，请写 ${{{each.text}}}；如果是文字，请写 '{each.text}' 并写明和什么比较。"
            found.append(f"{_place(each)} 只有一个词“{each.text}”，手机会当成不存在的问题，条件永远不成立。{meant}")
    return found


def _place(each: _Cell) -> str:
    return f"{each.sheet} 表第 {each.row} 行 {each.column}"


def _cells(sheets: Sheets, columns: Mapping[str, tuple[str, ...]]) -> Iterator[_Cell]:
    for sheet, wanted in columns.items():
        for number, row in enumerate(sheets.rows.get(sheet, ()), FIRST_ROW):
            for column in wanted:
                text = cell(row, column)
                if text:
                    yield _Cell(sheet, number, column, text)


def _expressions(sheets: Sheets) -> Iterator[_Cell]:
    return _cells(sheets, {"survey": _EXPRESSIONS[:-1], "entities": _OF_ENTITIES})


def _invisible_headers(sheets: Sheets) -> Iterator[Fault]:
    for sheet, headers in sheets.headers.items():
        for header in headers:
            if invisible_in(header.strip()):
                message = f"{sheet} 表的列名“{shown(header)}”里有看不见的字符 {'、'.join(invisible_in(header))}。"
                yield Fault(message, "请删去整个列名，重新输入。", sheet, 1, shown(header))


def _name_faults(each: _Cell) -> Iterator[Fault]:
    if (each.sheet, each.column) == ("survey", "name") and _NO_NAME.search(each.text):
        cure = "请用英文字母或下划线开头，不要有空格和中文。"  # the tool stops at the first of these, and tells no more
        yield each.fault(f"名称 (name) “{each.text}”里有空格，或以数字开头。", cure)
    hidden = invisible_in(each.text)
    if hidden:
        message = f"{each.column}“{shown(each.text)}”里有看不见的字符 {'、'.join(hidden)}，手机会当成另一个名字。"
        yield each.fault(message, "请删去整格，重新输入。")
    elif each.sheet == "choices" and _EXCEL_DATE.fullmatch(each.text):
        message = f"选项的代码是 Excel 的日期格，手机得到的是“{each.text}”。"
        yield each.fault(message, "请把这一格设为文本，再输入代码，例如 3-4。")


def _expression_faults(each: _Cell) -> Iterator[Fault]:
    if re.search(r"\bpulldata\s*\(\s*(?!\s*['\"])", each.text.translate(_CURLY_QUOTES)):
        message = f"{each.column} 里 pulldata 的名单名不是写定的，手机要在发布时就知道用哪张名单。"
        cure = (
            "pulldata 的第一个参数请写成带引号的名单名，例如 pulldata('label_list', …)；"
            "要按答案换名单时，请把几张名单合成一张、加一列区分，或写 if(条件, pulldata('一', …), pulldata('二', …))。"
        )
        yield each.fault(message, cure)
    bare = _SAID.sub(" ", each.text.translate(_CURLY_QUOTES))
    wide = [character for character in dict.fromkeys(bare) if character in _FULL_WIDTH]
    if wide:
        message = f"{each.column} 里有全角符号 {'、'.join(wide)}，手机的算式不认。"
        yield each.fault(message, "请改成半角的英文符号。")
        return
    named = re.search(r"[\w.-]*[^\W\x00-\x7f][\w.-]*", bare)
    if named:
        where = "名单或 choices 表里这一列的列名" if each.column == "choice_filter" else "这个名字"
        message = f"{each.column} 里的“{named[0]}”是中文名，手机的算式不认。"
        cure = f"请把{where}改成英文字母，例如 zone，这里也跟着改；如果是文字，请加引号：'{named[0]}'。"
        yield each.fault(message, cure)


def _empty_groups(sheets: Sheets) -> Iterator[Fault]:
    opened: list[tuple[_Cell, str]] = []
    filled: list[bool] = []
    for number, row in enumerate(sheets.rows.get("survey", ()), FIRST_ROW):
        kind = cell(row, "type").lower()
        if not kind:
            continue
        if _CLOSING.match(kind):
            if opened and not filled[-1] and "group" in opened[-1][0].text:
                each, name = opened[-1]
                cure = "请在里面放一个可以显示的问题；只有算式的分组请删去它的 begin_group 和 end_group 两行。"
                yield each.fault(f"空的分组 (empty group)“{name}”：里面没有可以显示的问题，手机打不开表单。", cure)
            del opened[-1:], filled[-1:]
            continue
        if _OPENING.match(kind):
            opened.append((_Cell("survey", number, "type", kind), cell(row, "name")))
            filled = [*(True for _ in filled), False]
        elif filled and kind not in _UNSEEN:
            filled[-1] = True


_UNSEEN = frozenset(
    {"calculate", "hidden", "start", "end", "today", "deviceid", "username", "email", "phonenumber", "simserial"}
    | {"subscriberid", "audit", "start-geopoint", "background-audio", "background-geopoint"}
    | {"csv-external", "xml-external"}
)
"""Rows that put nothing on the phone's screen, so that a group of these alone is empty."""
