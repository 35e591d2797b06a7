"""Prepares the figures of a summary as the page shows them: every number with the address of its cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from server.db.transactions import Reading
from server.grid.domain.areas import short_name
from server.office.figures.asked import Asked, cases_address
from server.summaries.domain import differences, figure_definitions, periods, sentences
from server.summaries.domain.differences import Change
from server.summaries.domain.periods import Period
from server.summaries.domain.summary_rows import Figures, Rate, Row, Summary
from server.summaries.usecases import summary_tables, untimed
from server.summaries.usecases.closure_summary import Query, Result
from server.summaries.usecases.daily import DayCount
from server.summaries.usecases.groupings import LEVELS, Grouping
from server.summaries.usecases.handlers import FIGURE, Overdue

COUNTS = ("cases", "spot_closed", "closed", "open", "suspended", "transferred", "void", "handling_overdue")
"""Counts of the table by area, in the order of its columns."""

CONTROLS = (
    "return_rate", "extension_rate", "suspended_rate", "transferred_rate", "void_rate", "merge_rate",
    "merged_cases_rate", "rework_rate", "came_back_rate", "recurrence_rate", "reopen_rate", "relaxed_rate",
    "late_report_rate", "filed_reply_rate", "site_closed_rate", "recheck_pass_rate", "supervised_closure_rate",
)  # fmt: skip
"""Shares that say whether approvals are used to hide work: 退延挂移废占比, rework, and what comes
back after its closing."""

MONTHS = 6
"""Months of the chart by month of registration, the last of them that of the instant."""


class Cell(NamedTuple):
    """A number with the address of its cases."""

    text: str
    address: str


class Beside(NamedTuple):
    """A number of the period beside, with the address of its cases. change: by how much the shown one is more."""

    text: str
    address: str
    change: str
    is_points: bool


class ShownRow(NamedTuple):
    """A row of the table. address: of the figures of its area, empty where there is none below. below: of its rows."""

    key: str
    name: str
    address: str
    below: str
    counts: tuple[Cell, ...]
    closure: Cell
    on_time: Cell
    width: str
    is_overdue: bool
    has_cases: bool


def table(asked: Asked, result: Result, names: Mapping[str, str]) -> list[ShownRow]:
    """Return the rows of a summary; a month that is still to come has no figures. names: as for ``category_lines``."""
    begun = _begun_rows(result)
    return [_row(asked, result, row, names) for row in result.summary.rows if row.key in begun]


def total(asked: Asked, result: Result) -> ShownRow:
    """Return the total of a summary as a row."""
    return _shown(asked, result, "", "", result.summary.total, {})


def _row(asked: Asked, result: Result, row: Row, names: Mapping[str, str]) -> ShownRow:
    key = summary_tables.written_key(result.by, row.key)
    return _shown(
        asked, result, key, names.get(key, short_name(row.name)), row.figures, {"by": result.by.value, "row": key}
    )


def _shown(asked: Asked, result: Result, key: str, name: str, figures: Figures, place: dict[str, str]) -> ShownRow:
    behind = asked.cases("", result.as_of, **place)  # written once for the dozen figures of a row

    def cell(text: str, figure: str) -> Cell:
        return Cell(text, f"{behind}&figure={figure}")

    opens = result.by in LEVELS and result.by is not Grouping.UNIT and key not in ("", summary_tables.REST)
    closure, on_time = figures.rates["closure_rate"], figures.rates["on_time_closure_rate"]
    return ShownRow(
        key,
        name,
        asked.address(area=key, by="") if opens else "",
        asked.address("/office/figures/rows", area=key, by="", as_of=result.as_of) if opens else "",
        tuple(cell(str(figures.counts[code]), code) for code in COUNTS),
        cell(sentences.share(closure), "closed"),
        cell(sentences.share(on_time), "closed_on_time"),
        width(closure),
        figures.counts["handling_overdue"] > 0,
        figures.counts["cases"] > 0,
    )


def _begun_rows(result: Result) -> set[str]:
    if result.by is not Grouping.MONTH:
        return {row.key for row in result.summary.rows}
    return {month for month, part in periods.months_of(result.period) if part.starts_at <= result.as_of}


def width(rate: Rate) -> str:
    """Return a share as the length of a bar of 100."""
    return f"{rate.n / rate.d * 100:.2f}" if rate.d else "0"


def kpis(asked: Asked, result: Result, before: Result | None) -> dict[str, Any]:
    """Return the numbers of the strip, by code, each with its cases; before: what stands beside, empty for nothing."""
    figures = result.summary.total
    counts = {code: Cell(str(n), asked.cases(code, result.as_of)) for code, n in figures.counts.items()}
    rates = {code: sentences.share(rate) for code, rate in figures.rates.items()}
    days = {code: sentences.days(length) for code, length in figures.days.items()}
    return {"counts": counts, "rates": rates, "days": days, "before": beside(asked, result, before)}


def beside(asked: Asked, result: Result, before: Result | None) -> dict[str, Beside]:
    """Return the figures of the strip, and the control shares, of the period beside; empty without one."""
    if before is None or not summary_tables.has_begun(before):
        return {}
    now, then, known = result.summary.total, before.summary.total, _figures_by_code(before)
    found = dict[str, Beside]()

    def put(code: str, text: str, figure: str, change: Change) -> None:
        address = cases_address(asked.request, before.period, before.as_of, figure)
        found[code] = Beside(text, address, differences.printed(change), change.is_points)

    for code in ("cases", "handling_overdue"):
        n = then.counts[code]
        put(code, str(n), code, differences.of_counts(now.counts[code], n))
    for code in ("on_time_closure_rate", *CONTROLS):
        rate = then.rates[code]
        put(code, sentences.share(rate), known[code].numerator, differences.of_rates(now.rates[code], rate))
    return found


class Control(NamedTuple):
    """A control share. formula: the labels of its two counts. n, d: with their cases. share: as it is printed."""

    code: str
    name: str
    formula: tuple[str, str]
    n: Cell
    d: Cell
    share: str


def controls(asked: Asked, result: Result, language: str) -> list[Control]:
    """Return the control shares with what they are made of."""
    known = _figures_by_code(result)
    found = []
    for code in CONTROLS:
        figure, rate = known[code], result.summary.total.rates[code]
        n = Cell(str(rate.n), asked.cases(figure.numerator, result.as_of))
        d = Cell(str(rate.d), asked.cases(figure.denominator, result.as_of))
        formula = tuple(label(known[end], language) for end in (figure.numerator, figure.denominator))
        found.append(Control(code, label(figure, language), (formula[0], formula[1]), n, d, sentences.share(rate)))
    return found


def label(figure: figure_definitions.Figure, language: str) -> str:
    """Return what a figure is called."""
    return figure.label_en if language == "en" else figure.label


def _figures_by_code(result: Result) -> dict[str, figure_definitions.Figure]:
    return {figure.code: figure for figure in figure_definitions.list_figures(result.as_of)}


class Line(NamedTuple):
    """A line of bars: its name, its number with its cases, and the lengths of its parts as shares of the longest."""

    name: str
    number: Cell
    parts: tuple[str, ...]
    note: int


def overdue_lines(asked: Asked, as_of: str, found: Sequence[Overdue]) -> list[Line]:
    """Return who has what is overdue; note: how many days the longest is over."""
    most = max((each.cases for each in found), default=0)
    return [
        Line(
            each.name,
            Cell(str(each.cases), asked.cases(FIGURE, as_of, handler=each.key)),
            (_part(each.cases, most),),
            each.days,
        )
        for each in found
    ]


def category_lines(asked: Asked, as_of: str, summary: Summary, names: Mapping[str, str]) -> list[Line]:
    """Return the categories that have cases, the most first; parts: closed, not closed, overdue; note: how many are.

    summary: by category. names: of the categories, in the reader's language.
    """
    by = Grouping.CATEGORY
    rows = [row for row in summary.rows if row.figures.counts["cases"]]
    most = max((row.figures.counts["cases"] for row in rows), default=0)
    found = []
    for row in sorted(rows, key=lambda each: -each.figures.counts["cases"]):
        counts = row.figures.counts
        key = summary_tables.written_key(by, row.key)
        late, closed = counts["handling_overdue"], counts["closed"]
        lengths = (closed, counts["cases"] - closed - late, late)
        address = asked.cases("cases", as_of, by=by.value, row=key)
        parts = tuple(_part(each, most) for each in lengths)
        found.append(Line(names.get(key, row.name), Cell(str(counts["cases"]), address), parts, late))
    return found


def _part(n: int, most: int) -> str:
    return f"{n / most * 100:.2f}" if most else "0"


class Month(NamedTuple):
    """A month of registration. is_running: it is not over, so it has no rate yet."""

    name: str
    cases: Cell
    closed: Cell
    share: str
    is_running: bool


def months(reading: Reading, asked: Asked, query: Query, as_of: str) -> list[Month]:
    """Return the closure of the six months up to that of the instant, or of the period's end where that is earlier."""
    last = min(periods.day_of(as_of), query.period.last)
    first = periods.comparison(_month_of(last), last).previous
    for _ in range(MONTHS - 2):
        first = periods.comparison(first, last).previous
    whole = Period(first.first, _month_of(last).last)
    summary = untimed.summarise(reading, Query(query.scope, query.area, Grouping.MONTH, whole, query.as_of))
    parts = dict(periods.months_of(whole))
    return [
        Month(
            row.key,
            _of_month(row, "cases", query, parts, as_of),
            _of_month(row, "closed", query, parts, as_of),
            sentences.share(row.figures.rates["closure_rate"]),
            as_of < parts[row.key].ends_at,
        )
        for row in summary.rows
    ]


def _of_month(row: Row, code: str, query: Query, parts: Mapping[str, Period], as_of: str) -> Cell:
    return Cell(str(row.figures.counts[code]), cases_address(query, parts[row.key], as_of, code))


def _month_of(day: Any) -> Period:
    return periods.containing(periods.Span.MONTH, day)


class ShownDay(NamedTuple):
    """A day. mean: of the closings of the seven days up to it; all empty for a day that is still to come."""

    day: str
    received: Cell
    closed: Cell
    mean: str


def days(asked: Asked, as_of: str, found: Iterable[DayCount]) -> list[ShownDay]:
    """Return each day with the address of its cases."""
    # A year has two addresses a day, which differ by the day alone.
    pattern = Period(date.min, date.min)
    received, closed = (
        cases_address(asked.request, pattern, as_of, figure) for figure in ("reports", "closed_in_period")
    )
    return [_day(received, closed, each) for each in found]


def _day(of_received: str, of_closed: str, count: DayCount) -> ShownDay:
    """Return a day. of_received, of_closed: addresses of the cases of the first day that a date can be."""
    if count.received is None or count.closed is None or count.closed_week is None:
        return ShownDay(count.day.isoformat(), Cell("", ""), Cell("", ""), "")
    day = count.day.isoformat()
    received, closed = (
        Cell(str(n), pattern.replace(date.min.isoformat(), day))
        for n, pattern in ((count.received, of_received), (count.closed, of_closed))
    )
    return ShownDay(day, received, closed, f"{count.closed_week / 7:.1f}")
