"""Finds all that an XLSForm names and has not, where pyxform stops at the first: questions, choice lists, names, types.

Asked only of a form that pyxform has refused, so that nothing here ever refuses a form that phones can open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from server.forms.domain.definitions import Fault
from server.forms.domain.invisible import invisible_in
from server.forms.usecases.xlsform.sheets import FIRST_ROW, Sheets, cell

_REFERENCE = re.compile(r"\$\{\s*(?:last-saved#)?([^}\s]*)\s*\}")
_SELECT = re.compile(r"(select_one|select_multiple|select one|select multiple|rank)\s+(?P<list>\S+)(\s+or_other)?")
_NO_LETTERS = re.compile(r"[\W_]+")
_CLOSING = re.compile(r"end[ _](group|repeat|loop)")
_NAMELESS = frozenset(
    {"start", "end", "today", "deviceid", "username", "email", "phonenumber", "simserial", "subscriberid", "audit"}
    | {"start-geopoint", "note", "background-audio"}
)
"""Types whose rows the phone fills in itself, or that go without a name of their own."""


def reference_faults(sheets: Sheets) -> list[Fault]:
    """Return every row that lacks a name or type, names a question that is not there, or a choice list without rows.

    A reference to a question whose own name is refused is right once that name is: it is not told besides.
    """
    survey = list(enumerate(sheets.rows.get("survey", ()), FIRST_ROW))
    if not any(cell(row, "type") for _, row in survey):
        return []
    return [
        *(fault for number, row in survey for fault in _bare_faults(number, row, _name_left_out(sheets))),
        *(fault for name, fault in _unknown(sheets) if _letters(name) not in _meant(sheets)),
        *_list_faults(sheets, survey),
        *_save_to_faults(sheets, survey),
    ]


def following(sheets: Sheets) -> set[tuple[str | None, int | None, str | None]]:
    """Return sheet, row and column of each reference that is wrong only because a question's own name is refused."""
    found = (fault for name, fault in _unknown(sheets) if _letters(name) in _meant(sheets))
    return {(each.sheet, each.row, each.column) for each in found}


def _meant(sheets: Sheets) -> set[str]:
    """Return the letters of names that are refused: with a blank, a character unseen, or a digit before them."""
    names = {cell(row, "name") for row in sheets.rows.get("survey", ())}
    wrong = [name for name in names if re.search(r"\s|^\d", name) or invisible_in(name)]
    left_out = {_letters(name) for name in (_name_left_out(sheets),) if name}
    return left_out | {_letters(name) for name in wrong} | {_letters(name).lstrip("0123456789") for name in wrong}


def _name_left_out(sheets: Sheets) -> str:
    """Return the name that the only question without one is called by elsewhere, empty where that cannot be told."""
    rows = sheets.rows.get("survey", ())
    known = {cell(row, "name").lower() for row in rows}
    unknown = {name for name, _ in _unknown(sheets) if name and name.lower() not in known}
    lacking = sum(_lacks_name(row) for row in rows)
    return unknown.pop() if lacking == len(unknown) == 1 else ""


def _lacks_name(row: Mapping[str, str]) -> bool:
    kind = cell(row, "type").lower()
    return bool(kind) and not cell(row, "name") and not _CLOSING.match(kind) and kind not in _NAMELESS


def _labelled(row: Mapping[str, str]) -> bool:
    return any(value.strip() for header, value in row.items() if header.strip().lower().startswith("label"))


def _letters(name: str) -> str:
    """Return what is left of a name without blanks, underlines, hyphens and characters unseen."""
    return _NO_LETTERS.sub("", name).lower()


def _bare_faults(number: int, row: Mapping[str, str], left_out: str) -> Iterator[Fault]:
    """Yield what a row lacks. left_out: the name that the only question without one seems to be meant to have."""
    kind, name = cell(row, "type"), cell(row, "name")
    if _lacks_name(row):
        cure = "请在这一行填写 name：字母开头，只用英文字母、数字和下划线。"
        if left_out:
            cure = f"请在这一行填写 name；别处引用的 ${{{left_out}}} 找不到，多半就是它。"
        yield Fault(f"题型 {kind} 的一行没有名称 (name)。", cure, "survey", number, "name")
    if name and not kind:
        cure = "请在这一行填写 type，例如 text、integer、select_one。"
        yield Fault(f"问题 {name} 没有题型 (type)。", cure, "survey", number, "type")
    if not kind and not name and _labelled(row):
        cure = "请在这一行填写 type（例如 text、note）和 name；不需要时删去整行。"
        yield Fault("这一行只有显示文字，没有题型 (type) 和名称 (name)。", cure, "survey", number, "type")


def _unknown(sheets: Sheets) -> Iterator[tuple[str, Fault]]:
    """Yield the names that expressions refer to and no question has, each with its fault."""
    names = {cell(row, "name") for row in sheets.rows.get("survey", ())}
    names |= {f"{name}_other" for name in names} | {f"{name}_count" for name in names}
    cells = (
        (sheet, number, header, text)
        for sheet in ("survey", "entities")
        for number, row in enumerate(sheets.rows.get(sheet, ()), FIRST_ROW)
        for header, text in row.items()
    )
    for sheet, number, header, text in cells:
        for name in dict.fromkeys(_REFERENCE.findall(text)):
            if name not in names:
                near = next((each for each in names if each and each.lower() == name.lower()), "")
                cure = (
                    f"名字区分大小写，请改成 ${{{near}}}。" if near else "请改成 survey 表里有的 name，写法要完全一样。"
                )
                yield name, Fault(f"引用了不存在的问题 ${{{name}}}。", cure, sheet, number, header)


def _save_to_faults(sheets: Sheets, survey: list[tuple[int, Mapping[str, str]]]) -> Iterator[Fault]:
    known = [cell(row, "list_name") or cell(row, "dataset") for row in sheets.rows.get("entities", ())]
    for number, row in survey:
        name, several, _ = cell(row, "save_to").rpartition("#")
        if len(known) > 1 and cell(row, "save_to") and not several:
            cure = f"请写成“台账名#字段名”，例如 {known[0]}#{cell(row, 'save_to')}。"
            yield Fault("有多个台账，save_to 没有写明是哪个台账的字段。", cure, "survey", number, "save_to")
        elif several and name not in known:
            cure = f"entities 表里的台账是 {'、'.join(known)}；请改成其中一个，或在 entities 表补上。"
            yield Fault(f"save_to 里的台账“{name}”在 entities 表里没有。", cure, "survey", number, "save_to")


def _list_faults(sheets: Sheets, survey: list[tuple[int, Mapping[str, str]]]) -> Iterator[Fault]:
    choices = sheets.rows.get("choices", ())
    known = {cell(row, "list_name") for row in choices}
    if "choices" not in sheets.headers:
        return  # pyxform says so itself
    for number, row in survey:
        named = _SELECT.fullmatch(cell(row, "type"))
        if named is not None and named["list"] not in known and not re.search(r"[.$]", named["list"]):
            cure = "请在 choices 表补上这个 list_name，或改正拼写。"
            yield Fault(f"选项表里没有选项组“{named['list']}”。", cure, "survey", number, "type")
