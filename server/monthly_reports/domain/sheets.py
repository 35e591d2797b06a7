"""Say what a sheet holds: a line for each town and their total, with what it was counted by and as of when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from server.grid.domain.areas import short_name
from server.instants import Instant
from server.monthly_reports.domain.definition import Column, Definition, rate_of
from server.summaries.domain import sentences
from server.summaries.domain.periods import Period
from server.summaries.domain.summary_rows import Figures, Rate

TOTAL = ""
"""Key of the total."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the sheet. key: code of the area, ``-`` for what lies in none of them, TOTAL for the total.

    counts: by code of the column.
    """

    key: str
    name: str
    counts: Mapping[str, int]

    def rate(self, column: Column) -> Rate:
        return rate_of(column, self.counts)


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """Which version of a table of rules a sheet was counted by.

    table: its name. since: first day of the newest row in force, ``2026-01-01``; empty where rows have none.
    sha256: of the canonical form of its rows in force.
    """

    table: str
    since: str
    sha256: str


class Carried(NamedTuple):
    """上年结转 of the year until the end of the month. taken, closed: of those carried over. cases,
    cases_closed: found this year.
    """

    taken: int
    closed: int
    cases: int
    cases_closed: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet of a month.

    month: ``2026-04``. area: code of the county. title, unit: what stands above it, and who hands it in. as_of: the
    instant of the count. sentence: for the brigade's report. late_reports: 补报, reports of the month that had been
    discovered before it began. program: version that counted. carried: None where nothing was carried over.
    """

    month: str
    area: str
    title: str
    unit: str
    period: Period
    as_of: Instant
    sentence: str
    late_reports: int
    definition: Definition
    lines: tuple[Line, ...]
    total: Line
    rules: tuple[RuleVersion, ...]
    program: str
    carried: Carried | None = None

    @property
    def rows(self) -> tuple[Line, ...]:
        """Every line, the total last."""
        return (*self.lines, self.total)

    @property
    def is_over(self) -> bool:
        """Whether the month had ended by the instant of the count."""
        return self.as_of >= self.period.ends_at


def line_of(definition: Definition, key: str, name: str, figures: Figures) -> Line:
    """Return the line of a set of figures."""
    return Line(key, name, {column.code: figures.counts[column.code] for column in definition.counts})


def cells(definition: Definition, line: Line) -> tuple[str, ...]:
    """Return the cells of a line as they are printed, in the order of the columns."""
    return tuple(
        sentences.share(line.rate(column)) if column.is_rate else str(line.counts[column.code])
        for column in definition.columns
    )


LATE = "补报（以前月份发现、本月收到，已计在本月上报内）：{n} 件。"
"""The memo line below a sheet, with ``late_reports``."""

CARRIED = "上年结转：今年接收 {taken} 件，已办结 {closed} 件，不计入上表；今年闭环率 {without}，含结转 {with_them}。"
"""The memo line where hazards of last year were carried over, with ``carried_words``."""


def carried_words(carried: Carried) -> dict[str, str | int]:
    """Return what CARRIED says."""
    taken, closed, cases, cases_closed = carried
    return {
        "taken": taken,
        "closed": closed,
        "without": sentences.share(Rate(cases_closed, cases)),
        "with_them": sentences.share(Rate(cases_closed + closed, cases + taken)),
    }


def heading(place: str, stated: str, definition: Definition) -> str:
    """Return the title. stated: the one that the county has set, empty for the usual one."""
    return stated or f"{short_name(place)}{definition.title}"
