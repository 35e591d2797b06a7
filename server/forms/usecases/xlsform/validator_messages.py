"""Says in Chinese what ODK Validate complains of, with sheet, row, column and cure; what is rare stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

from lxml import etree

from server.forms.domain.definitions import Fault
from server.forms.usecases.xform.xml_parsing import children, local_path, parse
from server.forms.usecases.xlsform.sheets import FIRST_ROW, Sheets, cell, row_with, rows_by_path
from server.forms.usecases.xlsform.validator_phrases import PHRASES

_COLUMNS = ("relevant", "constraint", "calculation", "required", "readonly", "choice_filter", "repeat_count", "default")
_SAID_OF = {
    "constraint expression": "constraint",
    "display condition": "relevant",
    "relevant expression": "relevant",
    "require condition": "required",
    "readonly condition": "readonly",
    "calculate expression": "calculation",
    "calculate for the bind": "calculation",
    "unsupported nodeset expression": "choice_filter",
    'event="xforms-value-changed"': "calculation",
    "value set action declaration": "default",
}
"""Words of ODK Validate, in lower case, and the column of the XLSForm that they speak of."""


def validator_fault(stderr: str, complaint: str, sheets: Sheets) -> Fault:
    """Return as one fault what ODK Validate says of a form that no phone can open.

    stderr: all that it wrote. complaint: the same without stack traces. sheets: the XLSForm, to name row and column.
    """
    list_absent = re.search(r"Instance referenced by instance\(([^)]+)\)\S* does not exist", stderr)
    if list_absent:
        return _list_absent(list_absent[1].strip("'\""), stderr, sheets)
    if "/meta/entity" in _path_in(stderr):
        return _of_entity(stderr, complaint, sheets)
    row, column, name = _written_at(stderr, sheets)
    place = f"，问题 {name}{f' 的 {column}' if column else ''}" if name else ""
    path = _path_in(stderr)
    if not path.isascii():
        message = f"手机打不开这张表单{place}：算式里有中文名“{path.rpartition('/')[2]}”，手机不认。"
        return _fault(message, "问题名 (name) 请只用英文字母、数字和下划线，中文写在 label 里。", row, column)
    for said in PHRASES:
        found = re.search(said.pattern, stderr, re.MULTILINE)
        if found:
            named = {name: text or "" for name, text in found.groupdict().items()}
            known = {"cycle": _cycle(stderr), **named}
            cure = said.cure.format(**known) or _cure_of_fragment(row, column, sheets)
            return _fault(f"手机打不开这张表单{place}：{said.message.format(**known)}", cure, row, column)
    message = f"手机打不开这张表单{place}：没有通过检查。检查工具 (ODK Validate) 的原话是：{complaint}"
    return _fault(message, "请检查这里的算式和所引用的问题名；看不明白时把原话发给管理员。", row, column)


_BIND_ATTRIBUTES = {
    "relevant": "relevant",
    "constraint": "constraint",
    "calculation": "calculate",
    "required": "required",
    "readonly": "readonly",
    "repeat_count": "calculate",
}


def without_expression(xml: bytes, fault: Fault, sheets: Sheets) -> bytes | None:
    """Return the XForm without the expression that a fault is about; None where it names none that is there.

    Only to be asked what else is wrong: such a form is published nowhere.
    """
    path = next((path for path, row in rows_by_path(sheets).items() if row == fault.row), None)
    if fault.sheet != "survey" or path is None or fault.column is None:
        return None
    html, removed = parse(xml), False
    if fault.column == "choice_filter":
        for control in html.iter("{*}select", "{*}select1", "{*}rank"):
            for itemset in children(control, "itemset") if _below_root(control.get("ref", "")) == path else ():
                itemset.set("nodeset", re.sub(r"\[.*\]", "", itemset.get("nodeset", "")))
                removed = True
    attribute = _BIND_ATTRIBUTES.get(fault.column)
    for bind in html.iter("{*}bind"):
        is_of_path = _below_root(bind.get("nodeset", "")) in {path, f"{path}_count"}
        if is_of_path and attribute is not None and attribute in bind.attrib:
            del bind.attrib[attribute]
            removed = True
    return etree.tostring(html, encoding="utf-8", xml_declaration=True) if removed else None


def _below_root(nodeset: str) -> str:
    return "/" + local_path(nodeset).strip("/").partition("/")[2]


_ENTITY_COLUMNS = {"label": "label", "@create": "create_if", "@update": "update_if"}


def _of_entity(stderr: str, complaint: str, sheets: Sheets) -> Fault:
    """Return what is said of an expression on the sheet entities; its row where the form has one, or the text tells."""
    attribute = re.search(r"/meta/entity/(@?\w+)", re.sub(r"\[\d+\]", "", stderr))
    column = _ENTITY_COLUMNS.get(attribute[1] if attribute else "", "entity_id")
    rows = list(enumerate(sheets.rows.get("entities", ()), FIRST_ROW))
    holding = [number for number, row in rows if cell(row, column) and cell(row, column) in stderr]
    numbers = holding or [number for number, _ in rows]
    said = next((each for each in PHRASES if re.search(each.pattern, stderr, re.MULTILINE)), None)
    named = re.search(said.pattern, stderr, re.MULTILINE) if said else None
    known = {} if named is None else {name: text or "" for name, text in named.groupdict().items()}
    message = f"检查工具 (ODK Validate) 的原话是：{complaint}"
    if said is not None:
        message = said.message.format(cycle="", **known)
    return Fault(
        f"手机打不开这张表单，entities 表的 {column}：{message}",
        "请检查这里的算式；如果是文字，请加英文引号，例如 '消火栓'。",
        "entities",
        numbers[0] if len(numbers) == 1 else None,
        column,
    )


def _fault(message: str, cure: str, row: int | None, column: str | None) -> Fault:
    return Fault(message, cure, "survey" if row else None, row, column if row else None)


def _list_absent(name: str, stderr: str, sheets: Sheets) -> Fault:
    row, column, _ = _written_at(stderr, sheets)
    sheet, message = "survey", f"表单的算式用到名单 {name}，却没有带上它。"
    if row is None:
        row = row_with(sheets, "entities", name)
        sheet, column = "entities" if row else "survey", None
    cure = f"请在 survey 表加一行 csv-external，name 写 {name}，或用 select_one_from_file {name}.csv 选择。"
    return Fault(message, cure, sheet, row, column)


def _cure_of_fragment(row: int | None, column: str | None, sheets: Sheets) -> str:
    written = cell(sheets.rows["survey"][row - FIRST_ROW], column) if row and column else ""
    if "==" in written or re.search(r"=\s+=", written):
        return "比较是否相等请只写一个 =。"
    if re.search(r"jr:choice-name\(", written):
        return "jr:choice-name 的第二个参数要加引号：jr:choice-name(${问题}, '${问题}')。"
    if re.search(r"[-+*=<>(,]\s*$|\b(and|or|div|mod)\s*$", written):
        return f"算式“{written}”的末尾缺少一个值，请补全。"
    return "请检查算式里的符号、引号和括号，看是否少写或多写了什么。"


def _cycle(stderr: str) -> str:
    listed = stderr.partition("involved in the loop:")[2]
    paths = re.findall(r"^\s*(/\S+)\s*$", listed, re.MULTILINE)
    names = "、".join(dict.fromkeys(path.rpartition("/")[2] for path in paths))
    return f"：{names}" if names else ""


def _path_in(stderr: str) -> str:
    """Return the path below the root of the first question that is named."""
    set_at = re.search(r'With element <set\w+ [^>]*?ref="([^"]+)"', stderr)
    said = stderr if set_at is None else set_at[1]  # else the first path is that of the element in the XForm
    named = re.search(r"/[\w.\-]+((?:/@?[\w.\-:]+)+)", re.sub(r"\[\d+\]", "", said))
    return local_path(named[1]) if named else ""


def _written_at(stderr: str, sheets: Sheets) -> tuple[int | None, str | None, str]:
    """Return survey row, column and question of what ODK Validate complains of; what it does not tell is looked for."""
    rows, path = rows_by_path(sheets), _path_in(stderr)
    column = next((column for said, column in _SAID_OF.items() if said in stderr.lower()), None)
    row = rows.get(path)
    counted = rows.get(path.removesuffix("_count"))  # pyxform makes a question of a repeat's count
    if row is None and counted is not None:
        row, column = counted, "repeat_count"
    if row is None:
        row, column = _only_place(stderr, sheets)
    elif column is None:
        column = _only_column(stderr, sheets.rows["survey"][row - FIRST_ROW])
    name = cell(sheets.rows["survey"][row - FIRST_ROW], "name") if row else path.rpartition("/")[2]
    return row, column, name


def _only_column(stderr: str, row: Mapping[str, str]) -> str | None:
    """Return the column of a row whose expression holds what is complained of, or that alone holds one."""
    written = {column: text for column in _COLUMNS if (text := cell(row, column))}
    holding = [column for column, text in written.items() if any(word in text for word in _words_in(stderr))]
    found = holding or list(written)
    return found[0] if len(found) == 1 else None


def _only_place(stderr: str, sheets: Sheets) -> tuple[int | None, str | None]:
    """Return row and column of the only expression of the form that holds what is complained of."""
    chosen, words = re.search(r"nodeset expression: instance\('([^']+)'\)", stderr), _words_in(stderr)
    found = [
        (number, column)
        for number, row in enumerate(sheets.rows.get("survey", ()), FIRST_ROW)
        for column in _COLUMNS
        if (text := cell(row, column))
        and (
            any(word in text for word in words) or (chosen and column == "choice_filter" and _list_of(row) == chosen[1])
        )
    ]
    return found[0] if len(found) == 1 else (None, None)


def _list_of(row: Mapping[str, str]) -> str:
    return PurePath(cell(row, "type").split(" ")[-1]).stem


def _words_in(stderr: str) -> list[str]:
    """Return the functions and texts that ODK Validate quotes."""
    functions = [f"{name}(" for name in re.findall(r"cannot handle function '([^']+)'", stderr)]
    return functions + re.findall(r"The value \"([^\"]+)\"", stderr)
