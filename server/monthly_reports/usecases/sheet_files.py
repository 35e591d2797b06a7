"""Write a sheet as a workbook to print and sign, and as CSV for machines."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from server import instants, table_files
from server.instants import BEIJING, Instant
from server.monthly_reports.domain import sheets
from server.monthly_reports.domain.definition import Column, Terms
from server.monthly_reports.domain.frozen import FrozenReport
from server.monthly_reports.domain.sheets import Line, Sheet
from server.summaries.domain import sentences
from server.table_files import fitting

SHEET = "月报"
FEW = 10
"""Of fewer cases no percentage is written."""

LEADING = ("序号", "乡镇")
SIGNED = "　　　　　　　　".join(
    ("单位负责人（签字）：", "审核人（签字）：", "制表人（签字）：", "报出日期：　　　年　　月　　日")
)
ROWS_OF_ONE_PAGE = 24
"""So many rows of a county are printed on one page, however small; more go on to the next."""
_A4 = 9
_HEAD = 4
"""Lines above the headings of the columns."""


def file_name(sheet: Sheet, ending: str) -> str:
    """Return the name of a file of a sheet."""
    return f"monthly-report-{sheet.month}.{ending}"


def as_csv(sheet: Sheet) -> bytes:
    """Return a sheet as CSV for machines: codes as headings, instants in UTC, a rate as ``6/9``; the total last.

    The total has no code of an area.
    """
    columns = sheet.definition.columns
    rows: list[Sequence[str]] = [("month", "as_of", "area", "name", *(column.code for column in columns))]
    for line in sheet.rows:
        cells = (_exact(line, column) for column in columns)
        rows.append((sheet.month, sheet.as_of, line.key, line.name, *cells))
    return table_files.BOM + table_files.csv_lines(rows)


def _exact(line: Line, column: Column) -> str:
    if not column.is_rate:
        return str(line.counts[column.code])
    rate = line.rate(column)
    return f"{rate.n}/{rate.d}"


def as_xlsx(sheet: Sheet, told: Sequence[str] = ()) -> bytes:
    """Return a sheet as a workbook of one page of A4 lying; its rates are formulas over the columns beside them.

    told: further lines below the sentence, such as the hash.
    """
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"strings_to_formulas": False, "strings_to_urls": False})
    _Page(book, sheet).write(told)
    book.close()
    return content.getvalue()


def filed_words(report: FrozenReport | None) -> tuple[str, ...]:
    """Return the line that says when a sheet was filed and with which hash; none for one that was not."""
    if report is None:
        return ()
    return (f"报送（冻结）时间：{clock(report.frozen_at)}；校验码（SHA-256）：{report.sha256}",)


class _Page:
    """The one page of the workbook."""

    def __init__(self, book: Any, sheet: Sheet) -> None:
        self._sheet = sheet
        self._page = book.add_worksheet(SHEET)
        edge = {"border": 1, "valign": "vcenter"}
        self._title = book.add_format({"bold": True, "font_size": 16, "align": "center"})
        self._text = book.add_format({"text_wrap": True, "valign": "top"})
        self._plain = book.add_format({})
        self._heading = book.add_format({**edge, "bold": True, "text_wrap": True, "align": "center"})
        self._name, self._number = book.add_format(edge), book.add_format({**edge, "num_format": "0"})
        self._share = book.add_format({**edge, "num_format": "0.00%", "align": "right"})
        self._columns = sheet.definition.columns
        self._last = len(LEADING) + len(self._columns) - 1
        self._at = {column.code: len(LEADING) + n for n, column in enumerate(self._columns)}

    def write(self, told: Sequence[str]) -> None:
        self._set_up()
        self._write_head()
        for n, line in enumerate(self._sheet.rows, start=1):
            self._write_line(_HEAD + 1 + n, "" if line.key == sheets.TOTAL else str(n), line)
        notes = "说明：" + "".join(note.text for note in self._sheet.definition.notes)
        late = sheets.LATE.format(n=self._sheet.late_reports)
        carried = self._sheet.carried
        memo = () if carried is None else (sheets.CARRIED.format(**sheets.carried_words(carried)),)
        below = (notes, self._sheet.sentence, late, *memo, *told, SIGNED)
        for n, text in enumerate(below):
            at = _HEAD + 2 + len(self._sheet.rows) + n
            self._page.merge_range(at, 0, at, self._last, "", self._text)
            self._page.write_string(at, 0, fitting(text), self._text)
            self._page.set_row(at, 48 if n == 0 else 24)

    def _set_up(self) -> None:
        page = self._page
        page.set_landscape()
        page.set_paper(_A4)
        page.fit_to_pages(1, 1 if len(self._sheet.rows) <= ROWS_OF_ONE_PAGE else 0)
        page.set_margins(0.4, 0.4, 0.5, 0.5)
        page.repeat_rows(_HEAD, _HEAD + 1)
        page.set_column(0, 0, 5)
        page.set_column(1, 1, 20)
        page.set_column(2, self._last, 8)

    def _write_head(self) -> None:
        sheet = self._sheet
        head = (
            (sheet.title, self._title),
            (
                days(sheet.period.first, sheet.period.last) + ("" if sheet.is_over else "（未结束，非最终数）"),
                self._title,
            ),
            (
                f"填报单位：{sheet.unit}（盖章）    统计时刻：{clock(sheet.as_of)}（北京时间）    单位：处、%",
                self._plain,
            ),
        )
        for at, (text, format) in enumerate(head):
            self._page.merge_range(at, 0, at, self._last, "", format)
            self._page.write_string(at, 0, fitting(text), format)
        for at, word in enumerate(LEADING):
            self._page.merge_range(_HEAD, at, _HEAD + 1, at, word, self._heading)
        for column in self._columns:
            self._write_heading(column)

    def _write_heading(self, column: Column) -> None:
        at = self._at[column.code]
        if not column.group:
            self._page.merge_range(_HEAD, at, _HEAD + 1, at, column.label, self._heading)
            return
        self._page.write_string(_HEAD + 1, at, column.label, self._heading)
        group = [self._at[each.code] for each in self._columns if each.group == column.group]
        if at == group[0]:
            self._page.merge_range(_HEAD, at, _HEAD, group[-1], column.group, self._heading)

    def _write_line(self, row: int, number: str, line: Line) -> None:
        self._page.write_string(row, 0, number, self._name)
        self._page.write_string(row, 1, fitting(line.name), self._name)
        for column in self._columns:
            at = self._at[column.code]
            if column.is_rate:
                self._page.write_formula(row, at, self._formula(row, column), self._share, _shown(line, column))
            else:
                self._page.write_number(row, at, line.counts[column.code], self._number)

    def _formula(self, row: int, column: Column) -> str:
        n, d = self._sum(row, column.numerator), self._sum(row, column.denominator)
        return f'=IF({d}=0,"{sentences.NOTHING}",IF({d}<{FEW},{n}&"/"&{d},{n}/{d}))'

    def _sum(self, row: int, terms: Terms) -> str:
        signed = "".join(f"{'-' if sign < 0 else '+'}{xl_rowcol_to_cell(row, self._at[code])}" for sign, code in terms)
        return f"({signed.removeprefix('+')})"


def _shown(line: Line, column: Column) -> str | float:
    """Return what the formula of a rate comes to, for programs that do not compute."""
    rate = line.rate(column)
    return sentences.share(rate) if rate.value is None or rate.d < FEW else float(rate.value)


def days(first: date, last: date) -> str:
    """Return the days of a sheet as it is headed: 2026年4月1日至4月30日."""
    return f"{first.year}年{first.month}月{first.day}日至{last.month}月{last.day}日"


def clock(at: Instant) -> str:
    """Return an instant by Beijing's clock, to the second."""
    return f"{instants.parse(at).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
