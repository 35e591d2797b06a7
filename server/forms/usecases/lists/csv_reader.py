"""Reads the CSV lists that come with a form as the phones' form engine reads them.

What that engine does was tried with JavaRosa 5.1: it takes a header to the letter, refuses two columns of one name and
an unclosed quote, and splits at semicolons as soon as the first line has one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date

from kobo_forms.code_lists import DATE_COLUMNS, OFFICE_COLUMNS, BadCodeList, read_day, served
from server.forms.domain.definitions import Fault
from server.forms.domain.invisible import invisible_in, is_invisible, shown
from server.forms.usecases.lists.list_files import ListFile, ListRow, limited

SAVE_AS_CSV = "请在 Excel 或 WPS 里另存为“CSV UTF-8（逗号分隔）”再附上。"


def read_csv(name: str, content: bytes) -> ListFile:
    """Return a CSV list. content: UTF-8, with or without byte order mark; the first line names the columns.

    A dated list is returned with the columns that phones get of it (``kobo_forms.served``).
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _unreadable(name, "不是 UTF-8 编码", SAVE_AS_CSV)
    first_line = re.split(r"[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]
    if not first_line.strip():
        return _unreadable(name, "是空的", "请在第一行写列名，例如 name,label，下面每行写一个选项。")
    if ";" in first_line:
        return _unreadable(name, "的第一行含有分号", f"列名之间要用逗号。{SAVE_AS_CSV}")
    if "\t" in first_line and "," not in first_line:
        return _unreadable(name, "的列之间是制表符 (tab)", f"列之间要用逗号。{SAVE_AS_CSV}")
    try:
        lines = list(_lines(text))
    except _BrokenCsv as broken:
        cure = '请检查这一行的引号：成对出现，格子里的引号写两遍 ("")。'
        fault = Fault(
            f"名单 {name} 第 {broken.line} 行的引号没有配好，这一行读不出。", cure, row=broken.line, file=name
        )
        return ListFile(name, faults=(fault,))
    written = lines[0][1]
    # With what nobody sees left out: that is a fault already, and no reason to miss the column besides.
    header = tuple("".join(each for each in column if not is_invisible(each)).strip() for column in written)
    faults = [*_header_faults(name, written), *_cell_faults(name, header, lines[1:])]
    if not faults:
        faults.extend(_dated_list_faults(name, content))
    return _as_phones_get_it(name, header, lines[1:], faults)


class _BrokenCsv(Exception):
    """A CSV file breaks off; line: where the row begins that cannot be read, from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begun = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _BrokenCsv(begun) from error
        if cells:  # a line with nothing in it is no row
            yield begun, cells
        begun = reader.line_num + 1


def _header_faults(name: str, written: Sequence[str]) -> Iterator[Fault]:
    for number, column in enumerate(written, 1):
        hidden = invisible_in(column)
        if hidden:
            message = f"名单 {name} 第 {number} 列的列名“{shown(column)}”里有看不见的字符 {'、'.join(hidden)}。"
            yield Fault(message, "请删去整个列名，重新输入。", row=1, column=shown(column), file=name)
        elif column != column.strip():
            message = f"名单 {name} 第 {number} 列的列名“{column}”前后有空格，手机找不到这一列。"
            yield Fault(message, f"请把列名改成“{column.strip()}”。", row=1, column=column.strip(), file=name)
    bare = [column.strip() for column in written]
    for column in dict.fromkeys(column for column in bare if bare.count(column) > 1):
        places = "、".join(str(number) for number, each in enumerate(bare, 1) if each == column)
        what = f"列名“{column}”出现了 {bare.count(column)} 次" if column else "有几列没有列名"
        cure = "请只留一列。" if column else "请选中这些列，整列删除。"
        yield Fault(
            f"名单 {name} {what}（第 {places} 列），手机打不开表单。", cure, row=1, column=column or None, file=name
        )


def _cell_faults(name: str, header: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> list[Fault]:
    long = [
        Fault(
            f"名单 {name} 第 {line} 行有 {len(cells)} 格，多于第 1 行的 {len(header)} 列，多出的内容手机看不到。",
            "含逗号的内容请加双引号，或删去多出的格子。",
            row=line,
            file=name,
        )
        for line, cells in lines
        if any(cell.strip() for cell in cells[len(header) :])
    ]
    dates = [(place, column) for place, column in enumerate(header) if column in DATE_COLUMNS]
    undated = [
        Fault(
            f"名单 {name} 第 {line} 行的 {column} 是“{shown(cells[place])}”，不是日期。",
            "请写成 2026-11-24 或 2026/11/24 这样，不限日期就留空。",
            row=line,
            column=column,
            file=name,
        )
        for line, cells in lines
        for place, column in dates
        if place < len(cells) and cells[place].strip() and read_day(cells[place].strip()) is None
    ]
    return [*limited(long), *limited(undated), *limited(_reversed_spans(name, header, lines))]


def _reversed_spans(name: str, header: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> list[Fault]:
    """Return a fault for each code that would end before it begins, and so be offered on no day."""
    found = []
    for line, cells in lines:
        row = dict(zip(header, map(str.strip, cells), strict=False))
        first, last = (read_day(row.get(column, "")) for column in ("active_from", "active_to"))
        if first is not None and last is not None and last < first:
            message = f"名单 {name} 第 {line} 行的停用日期 {last} 早于启用日期 {first}，这个代码哪一天都选不到。"
            cure = "请改正其中一个日期；只用一天的代码，两个日期写同一天。"
            found.append(Fault(message, cure, row=line, column="active_to", file=name))
    return found


def _as_phones_get_it(
    name: str, header: tuple[str, ...], lines: Sequence[tuple[int, list[str]]], faults: list[Fault]
) -> ListFile:
    dated = bool(DATE_COLUMNS & {*header})
    own = tuple(column for column in header if column not in OFFICE_COLUMNS | {"name", "label", "active"})
    columns = ("name", "label", "active", *own) if dated else header
    rows = []
    for line, cells in lines:
        padded = [*cells, *[""] * (len(header) - len(cells))]
        row = dict(zip(header, map(str.strip, padded) if dated else padded, strict=False))
        rows.append(ListRow(f"第 {line} 行", line, {**row, "active": "1"} if dated else row))
    return ListFile(name, header, columns, tuple(rows), tuple(faults))


def _dated_list_faults(name: str, content: bytes) -> Iterator[Fault]:
    """Yield what still keeps a dated list from becoming the list of a day: a code that is empty or there twice."""
    try:
        served(content, date.min)  # any day will do: what is wrong with the list is wrong on every day
    except BadCodeList as error:
        yield Fault(f"名单 {name} 读不出：{error}", "请按提示改正这一行。", file=name)


def _unreadable(name: str, what: str, cure: str) -> ListFile:
    return ListFile(name, faults=(Fault(f"名单 {name} {what}，手机读不出。", cure, row=1, file=name),))
