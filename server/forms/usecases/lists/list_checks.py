"""Checks that a form and its lists fit: phones take a column that is not there for an empty one, without a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from lxml import etree

from kobo_forms.code_lists import DATE_COLUMNS, read_day
from server.forms.domain.definitions import Fault
from server.forms.domain.invisible import invisible_in, shown
from server.forms.usecases.lists.list_files import ListFile, ListRow, Origin, limited
from server.forms.usecases.lists.uses import ColumnUse, choices_lists, column_uses
from server.forms.usecases.xlsform.sheets import Sheets, rows_by_path


def list_faults(html: etree._Element, lists: Mapping[str, ListFile], sheets: Sheets) -> Iterator[Fault]:
    """Yield everything for which phones could not open the form, or would offer nothing, because of its lists.

    html: root of the XForm. lists: by file name, those that come with the form, lie beside it, or are the server's.
    sheets: the XLSForm, to name rows.
    """
    uses, rows = column_uses(html), rows_by_path(sheets)
    for name in sorted(lists):
        yield from lists[name].faults
    for use, lacking in _absent(uses, {**choices_lists(html), **lists}):
        if not _may_be_absent(use):
            yield _column_absent(use, lacking, rows)
    twice_allowed = sheets.setting("allow_choice_duplicates").lower() in {"yes", "true", "true()"}
    for use in uses:
        beside = lists.get(use.file)
        if (
            use.value
            and beside is not None
            and beside.origin is Origin.ATTACHED
            and use.column in (beside.columns or ())
        ):
            yield from _code_faults(beside, use, twice_allowed=twice_allowed)
            if not beside.rows and beside.name.endswith(".csv"):
                message = f"名单 {beside.name} 只有列名，没有一行选项，手机打不开表单。"
                yield Fault(message, "请在列名下面至少写一个选项。", row=2, column=use.column, file=beside.name)


def list_warnings(html: etree._Element, lists: Mapping[str, ListFile]) -> Iterator[str]:
    """Yield what phones can work with, but its author hardly meant: choices without a text, columns always empty."""
    uses = column_uses(html)
    for use, lacking in _absent(uses, {**choices_lists(html), **lists}):
        if _may_be_absent(use):
            name = use.path.rpartition("/")[2]
            where = f"{lacking.origin} {lacking.name}"
            yield f"{where} 里没有一项带有“{use.column}”，问题 {name} 的 {use.written_in} 得到的是空白。"
    filtered_by = {(use.file, column) for use in uses if use.value for column in use.filters}
    for file, column in sorted(filtered_by):
        yield from _hidden_in_filters(lists.get(file), column)
    shown_as = {(use.file, use.column) for use in uses if use.label}
    for file, column in sorted(shown_as):
        beside = lists.get(file)
        if beside is None or beside.columns is None or beside.origin is not Origin.ATTACHED:
            continue
        bare = [row for row in beside.rows if not row.cells.get(column, "").strip()]
        if bare:
            yield f"名单 {file} {bare[0].place}等 {len(bare)} 行没有显示文字 ({column})，手机上是空白的选项。"


def _hidden_in_filters(beside: ListFile | None, column: str) -> Iterator[str]:
    """Yield a warning of cells that a choice filter compares and that hold more than one sees."""
    if beside is None or beside.origin is not Origin.ATTACHED:
        return
    cells = [(row.place, row.cells.get(column, "")) for row in beside.rows]
    hidden = [(place, cell) for place, cell in cells if invisible_in(cell) or cell != cell.strip()]
    if hidden:
        (place, cell), more = hidden[0], f"等 {len(hidden)} 行" if len(hidden) > 1 else ""
        yield (
            f"名单 {beside.name} {place}{more}的 {column} 是“{shown(cell)}”，前后有空格或里面有看不见的字符，"
            "choice_filter 对不上，这个选项不会出现；请删去整格，重新输入。"
        )


def dates_dropped(earlier: Iterable[str], new: ListFile) -> Iterator[Fault]:
    """Yield a fault for each date column that a list had and its successor has not.

    earlier: the columns of the list so far. Without its dates every code would be offered for ever, and the phones'
    list would lose the column ``active`` that forms filter by (``domain.md`` S19).
    """
    for column in sorted((DATE_COLUMNS & set(earlier)) - set(new.header)):
        if new.columns is not None:
            message = f"名单 {new.name} 少了日期列 {column}，原来的名单有；没有它，停用的代码会重新出现。"
            cure = f"请在第 1 行补上 {column} 并填好日期，不限日期的格子留空。firegrid form export 可取回原来的名单。"
            yield Fault(message, cure, row=1, column=column, file=new.name)


def nothing_offered(new: ListFile, today: date) -> Iterator[Fault]:
    """Yield a fault for a dated list all of whose codes have ended: its questions could not be answered any more."""
    if new.faults or not new.rows or "active_to" not in new.header:
        return
    ends = [read_day(row.cells.get("active_to", "")) for row in new.rows]
    if all(end is not None and end < today for end in ends):
        message = f"名单 {new.name} 的代码全部已经停用，手机上没有一个可选的答案。"
        cure = "请给还要用的代码清空停用日期 (active_to)，或写今天以后的日期。"
        yield Fault(message, cure, row=2, column="active_to", file=new.name)


def _absent(uses: Iterable[ColumnUse], lists: Mapping[str, ListFile]) -> Iterator[tuple[ColumnUse, ListFile]]:
    """Yield each column that a form names and its list lacks, with the list."""
    for use in uses:
        beside = lists.get(use.file)
        if beside is not None and beside.columns is not None and use.column not in beside.columns:
            yield use, beside


def _may_be_absent(use: ColumnUse) -> bool:
    """Return whether the list may well lack the column: GeoJSON and XML leave out what is empty, but no choice."""
    return not (use.file.endswith(".csv") or use.value or use.label or use.written_in == "choice_filter")


def _column_absent(use: ColumnUse, beside: ListFile, rows: Mapping[str, int]) -> Fault:
    there = "、".join(beside.columns or ()) or "（没有列）"
    if use.by_default and beside.origin is Origin.ATTACHED:
        what = "选项的代码" if use.value else "选项的显示文字"
        message = f"名单 {beside.name} 没有 {use.column} 这一列（{what}），手机打不开表单；它有的列是 {there}。"
        cure = f"请把列名改成 {use.column}，或在 parameters 里写明 {'value' if use.value else 'label'}=列名。"
        return Fault(message, cure, row=1, column=use.column, file=beside.name)
    row = rows.get("/" + "/".join(use.path.split("/")[2:]))
    sheet = "survey" if row is not None else ("entities" if "/meta/entity" in use.path else None)
    add = {Origin.ATTACHED: "，或在名单里补上这一列", Origin.FORM: "，或在 choices 表补上这一列", Origin.SERVER: ""}
    return Fault(
        f"{beside.origin} {beside.name} 没有“{use.column}”这一列；它有的列是 {there}。",
        f"请把这里的 {use.column} 改成其中一列{add[beside.origin]}。",
        sheet,
        row,
        use.written_in,
    )


def _code_faults(beside: ListFile, use: ColumnUse, *, twice_allowed: bool) -> Iterator[Fault]:
    """Yield what is wrong with codes, judged as pyxform judges those that are written in the form itself.

    A code may come again in a row that the choice filter tells from the first one.
    """
    kinds: dict[str, list[Fault]] = {"empty": [], "hidden": [], "spaces": [], "twice": []}
    seen: dict[tuple[str, ...], ListRow] = {}
    for row in beside.rows:
        code = row.cells.get(use.column, "")
        first = seen.setdefault((code, *(row.cells.get(column, "") for column in use.filters)), row)
        kind = _wrong_with(code, multiple=use.multiple, again=first is not row and not twice_allowed)
        if kind is not None:
            kinds[kind].append(_code_fault(beside, use.column, row, kind, first))
    for faults in kinds.values():
        yield from limited(faults)


def _wrong_with(code: str, *, multiple: bool, again: bool) -> str | None:
    if not code.strip():
        return "empty"
    if invisible_in(code) or code != code.strip():
        return "hidden"
    if multiple and " " in code:
        return "spaces"
    return "twice" if again else None


def _code_fault(beside: ListFile, column: str, row: ListRow, kind: str, first: ListRow) -> Fault:
    code = row.cells.get(column, "")
    hidden = "、".join(invisible_in(code)) or "空格（在前面或后面）"
    message, cure = {
        "empty": ("没有代码", "请填上代码；如果是空行，请整行删去。"),
        "hidden": (f"的代码“{shown(code)}”里有看不见的字符 {hidden}", "请删去整格，重新输入代码。"),
        "spaces": (f"的代码“{code}”里有空格，多选题会把它当成几个代码", "请去掉空格，可用下划线代替。"),
        "twice": (
            f"的代码“{code}”与{first.place}的重复",
            "请改成不同的代码；确实要重复时，在 settings 表写 allow_choice_duplicates 为 yes。",
        ),
    }[kind]
    fault = Fault(f"名单 {beside.name} {row.place}{message} ({column})。", cure, column=column, file=beside.name)
    return replace(fault, row=row.line)
