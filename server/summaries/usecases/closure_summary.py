"""Answers the closure summary for a reader, now or as of the past, and opens every figure into its cases."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from server.db import training_flag
from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.forms.store import codes
from server.grid.domain import areas as grid
from server.grid.domain.areas import Area, Level, Place
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import area_rows, figure_definitions, periods, summary_rows
from server.summaries.domain.area_rows import ELSEWHERE, Ground
from server.summaries.domain.periods import Period
from server.summaries.domain.summary_rows import Row, Summary
from server.summaries.store import counted_cases, rollup_sums
from server.summaries.store.counted_cases import Mark, Own
from server.summaries.store.rollup_sums import Inside
from server.summaries.usecases import live_summary

CATEGORIES = "hazard_categories"
COMMON = "common"
"""The first of that list, which is no category: it offers the common items of all (``kobo_forms/README.md``)."""
"""Code list that names the rows by category."""


class By(StrEnum):
    """What a summary has a row for."""

    TOWN = "town"
    VILLAGE = "village"
    UNIT = "unit"
    CATEGORY = "category"
    MONTH = "month"


LEVELS = {By.TOWN: Level.TOWN, By.VILLAGE: Level.VILLAGE, By.UNIT: Level.UNIT}
BELOW = {Level.COUNTY: By.TOWN, Level.TOWN: By.VILLAGE, Level.VILLAGE: By.UNIT, Level.UNIT: By.UNIT}
"""What is asked for when nothing is: the level below."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader wants to know.

    scope: what they may see: places, or else the cases assigned to them. area: code, None for all of their scope.
    by: None for the level below. as_of: None for now.
    """

    scope: Scope
    area: Area | None
    by: By | None
    period: Period
    as_of: Instant | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A summary, and what it was asked of.

    visited: premises that patrols looked at. training: all is practice, so that nothing of it is counted.
    """

    area: Area | None
    by: By
    period: Period
    as_of: Instant
    summary: Summary
    visited: int
    training: bool = False


@dataclass(frozen=True, slots=True)
class Behind:
    """One page of the cases behind a figure, after: where the next one begins.

    A figure of dispatches shows a case once for each.
    """

    cases: tuple[CaseFacts, ...]
    after: Mark | None


def summarise(reading: Reading, asked: Asked) -> Told:
    """Return the summary that was asked for.

    Raises Invalid when ``as_of`` lies ahead, or when no area of the level lies in what was asked for.
    """
    view = _view(reading, asked)
    if training_flag.is_on(reading):
        return Told(asked.area, view.by, asked.period, view.as_of, view.of(()), 0, training=True)
    # Of a period that begins after the instant there is nothing but the stock, and no sum of what came later helps.
    ahead = periods.day_of(view.as_of) < asked.period.first
    if view.ground is None or (ahead and view.as_of < reading.now):
        summary = view.recounted(reading)
    else:
        summary = view.live(reading, view.ground)
    return Told(asked.area, view.by, asked.period, view.as_of, summary, _visited(reading, view))


def behind(reading: Reading, asked: Asked, figure: str, row: str | None, after: Mark, limit: int) -> Behind:
    """Return up to ``limit`` of the cases that a figure counts in a row; their number, over all pages, is the figure.

    row: its key, ELSEWHERE for the rest; None for the total. Raises Invalid for what is no count, or no row.
    """
    view = _view(reading, asked)
    times = figure_definitions.counted(figure, view.as_of)
    if row is not None:
        view = view.of_row(row)
    if training_flag.is_on(reading):
        return Behind((), None)
    seen = figure_definitions.window(view.period, view.as_of)
    found: list[CaseFacts] = []
    marks: list[Mark] = []
    for case in counted_cases.behind(reading, view.inside, figure, view.period, view.as_of, after):
        skipped = after.times if case.id == after.id else 0
        counted = times(case, seen) if view.counts(case) else 0
        found += [case] * (counted - skipped)
        marks += [Mark(case.received_at, case.id, n + 1) for n in range(skipped, counted)]
        if len(found) > limit:
            break
    more = len(found) > limit
    return Behind(tuple(found[:limit]), marks[limit - 1] if more else None)


def category_names(reading: Reading, as_of: Instant) -> dict[str, str]:
    """Return the label of every category, those retired by now too, in the order of the list."""
    known = codes.of_list(reading, CATEGORIES)
    return {code: rows[-1].label for code, rows in known.items() if code != COMMON}


@dataclass(frozen=True, slots=True)
class _View:
    """What is looked at.

    ground: None for a reader who sees cases by assignment alone. only: what a row narrows it to.
    """

    ground: Ground | None
    inside: Inside | Own
    grid: Mapping[str, Area]
    by: By
    categories: Mapping[str, str]
    period: Period
    as_of: Instant
    area: Area | None
    only: Callable[[CaseFacts], bool] | None = None

    def live(self, reading: Reading, ground: Ground) -> Summary:
        if self.by is By.MONTH:
            return live_summary.by_month(reading, ground, self.period)
        if self.by is By.CATEGORY:
            return live_summary.by_category(reading, ground, self.categories, self.period)
        return live_summary.by_area(reading, ground, LEVELS[self.by], self.period)

    def recounted(self, reading: Reading) -> Summary:
        """Return the summary by reading every case that can matter, with its facts as of the instant."""
        cases = counted_cases.known(reading, self.inside, self.period, self.as_of)
        return self.of([case for case in cases if self.counts(case)])

    def of(self, cases: Collection[CaseFacts]) -> Summary:
        """Return the summary of these cases, whose facts are as of the instant."""
        if self.by is By.MONTH:
            return summary_rows.by_month(cases, self.period, self.as_of)
        if self.by is By.CATEGORY:
            summary = summary_rows.by_category(cases, self.categories, self.period, self.as_of)
            return _without_empty(summary, set(self.categories))
        level = LEVELS[self.by]
        summary = summary_rows.by_area(cases, list(self.grid.values()), level, self.period, self.as_of)
        shown = set(_rows_of(self, level))
        return _without_empty(summary, shown)

    def counts(self, case: CaseFacts) -> bool:
        """Say whether a case that was read belongs to what is looked at: mergers may have moved it in or out."""
        if self.only is not None and not self.only(case):
            return False
        return self.ground is None or self.ground.holds(case.path)

    def of_row(self, row: str) -> _View:
        """Return what one row looks at. Raises Invalid when there is no such row."""
        if self.by is By.MONTH:
            part = dict(periods.months_of(self.period)).get(row)
            if part is None:
                raise _no_row(row, "应为时段内的月份，如 2026-04。")
            return replace(self, period=part)
        if self.by is By.CATEGORY:
            if row != ELSEWHERE and row not in self.categories:
                raise _no_row(row, f"可选：{'、'.join(self.categories)}。")
            return replace(self, only=lambda case: _category_of(case, self.categories) == row)
        names = _names(self, LEVELS[self.by])
        home = (self.ground or Ground(self.grid, (), self.as_of)).home
        if row == ELSEWHERE:
            return replace(self, only=lambda case: area_rows.cut(home(case.path), names) == ELSEWHERE)
        if row not in names:
            raise _no_row(row, "应为表中一行的网格代码。")
        if self.ground is None:
            return replace(self, only=lambda case: Place(row).holds(home(case.path)))
        ground = self.ground.narrowed(row)
        return replace(self, ground=ground, inside=Inside(ground))


def _view(reading: Reading, asked: Asked) -> _View:
    as_of = reading.now if asked.as_of is None else asked.as_of
    if as_of > reading.now:
        raise Invalid("统计时刻还没有到；请改用现在或更早的时刻。", field="as_of", value=as_of)
    known = reading.remembered(("grid by path",), _by_path)
    by = by_of(asked)
    categories = category_names(reading, as_of)
    if not asked.scope.places:
        own = Own(asked.scope.assignees)
        view = _View(None, own, known, by, categories, asked.period, as_of, asked.area)
        if asked.area is not None:
            inside = Ground(known, (asked.area.place,), as_of)
            view = replace(view, only=lambda case: inside.holds(case.path))
        return view
    ground = Ground(known, _places(asked), as_of)
    view = _View(ground, Inside(ground), known, by, categories, asked.period, as_of, asked.area)
    if by in LEVELS and not _names(view, LEVELS[by]):
        others = "、".join(each for each in By if each not in LEVELS or ground.names(LEVELS[each]))
        raise Invalid(f"这个范围里没有这一级网格，不能这样分行；可选：{others}。", field="by", value=by)
    return view


def _places(asked: Asked) -> tuple[Place, ...]:
    """Return what lies both in the reader's places and in the area asked for. Raises NotFound when nothing does."""
    if asked.area is None:
        return asked.scope.places
    wanted = asked.area.place
    if any(place.holds(wanted.path) for place in asked.scope.places):
        return (wanted,)
    inside = tuple(place for place in asked.scope.places if wanted.holds(place.path))
    if not inside:
        raise NotFound("没有这个网格，或它不在您的管辖范围内；请核对代码。", area=asked.area.code)
    return inside


def by_of(asked: Asked) -> By:
    """Return what has a row each: what was asked for, else the level below the widest area."""
    if asked.by is not None:
        return asked.by
    if asked.area is not None:
        return BELOW[asked.area.level]
    if not asked.scope.places:
        return By.TOWN
    widest = min(asked.scope.places, key=lambda place: place.path.count("/"))
    return BELOW[grid.level_of(grid.code_of(widest.path))]


def _names(view: _View, level: Level) -> dict[str, str]:
    if view.ground is not None:
        return view.ground.names(level)
    return {path: area.name for path, area in view.grid.items() if area.level is level}


def _rows_of(view: _View, level: Level) -> list[str]:
    """Return the paths that have a row whatever happened; of cases seen by assignment, none has."""
    return view.ground.in_force(level) if view.ground is not None else []


def _without_empty(summary: Summary, shown: set[str]) -> Summary:
    """Leave out rows that nobody asked for and that say nothing: areas outside, ended areas, the rest."""
    return Summary(tuple(row for row in summary.rows if row.key in shown or _says_something(row)), summary.total)


def _says_something(row: Row) -> bool:
    return any(row.figures.counts.values())


def _category_of(case: CaseFacts, categories: Mapping[str, str]) -> str:
    return case.category if case.category in categories else ELSEWHERE


def _no_row(row: str, cure: str) -> Invalid:
    return Invalid(f"表里没有“{row}”这一行；{cure}", field="row", value=row)


def _by_path(reading: Reading) -> dict[str, Area]:
    return {area.path: area for area in areas.whole_grid(reading).values()}


def _visited(reading: Reading, view: _View) -> int:
    """Return the premises that patrols looked at, up to the end of the day of reading; none for who sees no place."""
    last = periods.day_of(view.as_of)
    if not isinstance(view.inside, Inside) or last < view.period.first:
        return 0
    until = replace(view.period, last=min(view.period.last, last))
    return rollup_sums.visits(reading, view.inside, periods.spans_of(until))
