"""Compute the closure summary for a reader, now or as of the past, and list the cases behind every figure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from server.db import training
from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.grid.domain import areas as grid
from server.grid.domain.areas import Area, Level, Place
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import area_rows, case_sums, count_rules, figure_definitions, periods, summary_rows
from server.summaries.domain.area_rows import ELSEWHERE, AreaScope
from server.summaries.domain.patrols import Patrol
from server.summaries.domain.periods import Period
from server.summaries.domain.summary_rows import Summary
from server.summaries.store import counted_cases, patrol_facts
from server.summaries.store.counted_cases import AssigneeCondition, Condition, Cursor
from server.summaries.store.held_cases import HeldCondition
from server.summaries.store.rollup_sums import AreaCondition
from server.summaries.usecases import dimensions, live_summary
from server.summaries.usecases.dimensions import Dimension
from server.summaries.usecases.groupings import BY_CASE, GROUPING_BELOW, LEVELS, Grouping


@dataclass(frozen=True, slots=True)
class Query:
    """Which summary to compute.

    scope: what the reader may see: places, or else the cases assigned to them. area: None for all of their scope.
    by: None for the level below. as_of: None for now. as_recorded: a case counts in the area in which it was recorded,
    and not in the one that has taken it over since.
    """

    scope: Scope
    area: Area | None
    by: Grouping | None
    period: Period
    as_of: Instant | None = None
    as_recorded: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A summary with the query that it answers.

    visited: premises that patrols inspected, each place once. training: mode in which nothing is counted.
    """

    area: Area | None
    by: Grouping
    period: Period
    as_of: Instant
    summary: Summary
    visited: int
    training: bool = False

    @property
    def over(self) -> bool:
        """Whether the period had ended by the instant of the count."""
        return self.as_of >= self.period.ends_at


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page of the cases behind a figure. after: where the next page begins, None for the last.

    A figure of dispatches lists a case once for each.
    """

    cases: tuple[CaseFacts, ...]
    after: Cursor | None


def summarise(reading: Reading, query: Query) -> Result:
    """Return the summary of a query.

    Raises Invalid when ``as_of`` lies ahead, or when no area of the level lies in the area of the query.
    """
    view = view_of(reading, query)
    if training.is_on(reading):
        return Result(query.area, view.by, query.period, view.as_of, view.summary_of(()), 0, training=True)
    scope = view.area_scope
    is_read = scope is None or view.is_ahead(reading.now) or view.by in BY_CASE
    summary = view.recomputed(reading) if is_read or scope is None else view.live(reading, scope)
    visited = patrol_facts.premises(reading, view.inside, query.period, view.as_of)
    return Result(query.area, view.by, query.period, view.as_of, summary, visited)


def drill_down(
    reading: Reading, query: Query, figure: str, row: str | None, after: Cursor, limit: int, held_by: str | None = None
) -> CasePage:
    """Return up to ``limit`` of the cases that a figure counts in a row; their number, over all pages, is the figure.

    row: its key, ELSEWHERE for the rest; None for the total. held_by: as in ``HeldCondition``. Raises Invalid for what
    is no count, or no row.
    """
    whole = view_of(reading, query)
    count_rule, view = figure_definitions.count_rule(figure, whole.as_of), whole if row is None else whole.of_row(row)
    if training.is_on(reading):
        return CasePage((), None)
    window = count_rules.window_of(view.period, view.as_of)
    found, cursors = list[CaseFacts](), list[Cursor]()
    inside = view.inside if held_by is None else HeldCondition(view.inside, held_by)
    for case in view.included(
        reading, counted_cases.candidates(reading, inside, figure, view.period, view.as_of, after)
    ):
        skipped = after.times if case.id == after.id else 0
        counted = count_rule(case, window)
        found += [case] * (counted - skipped)
        cursors += [Cursor(case.received_at, case.id, n + 1) for n in range(skipped, counted)]
        if len(found) > limit:
            break
    return CasePage(tuple(found[:limit]), cursors[limit - 1] if len(found) > limit else None)


def patrols_behind(reading: Reading, query: Query) -> list[Patrol]:
    """Return the patrols that 检查N家 counts, those received first first; their premises add up to the number."""
    view = view_of(reading, query)
    return [] if training.is_on(reading) else patrol_facts.counted(reading, view.inside, query.period, view.as_of)


@dataclass(frozen=True, slots=True)
class View:
    """The cases that a query covers, and how they are grouped.

    area_scope: None for a reader who sees cases by assignment alone. only: what a row narrows it to.
    dimension: the rows of a grouping by what cases say; row: the one it is narrowed to.
    """

    area_scope: AreaScope | None
    inside: Condition
    grid: Mapping[str, Area]
    by: Grouping
    categories: Mapping[str, str]
    period: Period
    as_of: Instant
    area: Area | None
    only: Callable[[CaseFacts], bool] | None = None
    dimension: Dimension | None = None
    row: str | None = None

    def is_ahead(self, now: Instant) -> bool:
        """Say whether the period begins after a past instant: there is nothing but the stock, and no sum helps."""
        return periods.day_of(self.as_of) < self.period.first and self.as_of < now

    def live(self, reading: Reading, area_scope: AreaScope) -> Summary:
        if self.by is Grouping.MONTH:
            return live_summary.by_month(reading, area_scope, self.period)
        if self.by is Grouping.CATEGORY:
            return live_summary.by_category(reading, area_scope, self.categories, self.period)
        return live_summary.by_area(reading, area_scope, LEVELS[self.by], self.period)

    def recomputed(self, reading: Reading) -> Summary:
        """Return the summary by reading every case that can matter, with its facts as of the instant."""
        cases = counted_cases.all_candidates(reading, self.inside, self.period, self.as_of)
        found = [case for case in cases if self.includes(case)]
        if self.dimension is None:
            return self.summary_of(found)
        return self.dimension.summary(reading, found, self.period, self.as_of)

    def summary_of(self, cases: Collection[CaseFacts]) -> Summary:
        """Return the summary of these cases, whose facts are as of the instant; none of a dimension without them."""
        if self.by is Grouping.MONTH:
            return summary_rows.by_month(cases, self.period, self.as_of)
        if self.by is Grouping.CATEGORY:
            summary = summary_rows.by_category(cases, self.categories, self.period, self.as_of)
            return _without_empty(summary, set(self.categories))
        if self.dimension is not None:
            return case_sums.by_key([], {}, "", self.period, self.as_of)
        level = LEVELS[self.by]
        summary = summary_rows.by_area(cases, list(self.grid.values()), level, self.period, self.as_of)
        return _without_empty(summary, set(_rows_of(self, level)))

    def includes(self, case: CaseFacts) -> bool:
        """Return whether a case that was read is covered: mergers of areas may have moved it in or out."""
        if self.only is not None and not self.only(case):
            return False
        return self.area_scope is None or self.area_scope.holds(case.path)

    def included(self, reading: Reading, cases: Iterable[CaseFacts]) -> Iterator[CaseFacts]:
        """Return those of ``cases`` that are covered, in their order."""
        covered = filter(self.includes, cases)
        if self.dimension is None or self.row is None:
            return covered
        return self.dimension.of_row(reading, self.row, covered, self.as_of)

    def of_row(self, row: str) -> View:
        """Return the view narrowed to one row. Raises Invalid when there is no such row."""
        if self.dimension is not None:
            if row != ELSEWHERE and row not in self.dimension.names:
                raise _no_row(row, "应为表中一行的代码。")
            return replace(self, row=row)
        if self.by is Grouping.MONTH:
            part = dict(periods.months_of(self.period)).get(row)
            if part is None:
                raise _no_row(row, "应为时段内的月份，如 2026-04。")
            return replace(self, period=part)
        if self.by is Grouping.CATEGORY:
            if row != ELSEWHERE and row not in self.categories:
                raise _no_row(row, f"可选：{'、'.join(self.categories)}。")
            return replace(self, only=lambda case: _category_of(case, self.categories) == row)
        names = _names(self, LEVELS[self.by])
        home = (self.area_scope or AreaScope(self.grid, (), self.as_of)).current_path
        if row == ELSEWHERE:
            return replace(self, only=lambda case: area_rows.row_containing(home(case.path), names) == ELSEWHERE)
        if row not in names:
            raise _no_row(row, "应为表中一行的网格代码。")
        if self.area_scope is None:
            return replace(self, only=lambda case: Place(row).holds(home(case.path)))
        area_scope = self.area_scope.narrowed(row)
        return replace(self, area_scope=area_scope, inside=AreaCondition(area_scope))


def view_of(reading: Reading, query: Query) -> View:
    as_of = reading.now if query.as_of is None else query.as_of
    if as_of > reading.now:
        raise Invalid("统计时刻还没有到；请改用现在或更早的时刻。", field="as_of", value=as_of)
    known = reading.cached(("grid by path", query.as_recorded), lambda each: _grid(each, as_recorded=query.as_recorded))
    by = grouping_of(query)
    categories, dimension = dimensions.category_names(reading), dimensions.of(reading, by)
    if not query.scope.places:
        condition = AssigneeCondition(query.scope.assignees)
        view = View(None, condition, known, by, categories, query.period, as_of, query.area, dimension=dimension)
        if query.area is not None:
            wanted = AreaScope(known, (query.area.place,), as_of)
            view = replace(view, only=lambda case: wanted.holds(case.path))
        return view
    area_scope = AreaScope(known, _places(query), as_of)
    inside = AreaCondition(area_scope)
    view = View(area_scope, inside, known, by, categories, query.period, as_of, query.area, dimension=dimension)
    if by in LEVELS and not _names(view, LEVELS[by]):
        others = "、".join(each for each in Grouping if each not in LEVELS or area_scope.names(LEVELS[each]))
        raise Invalid(f"这个范围里没有这一级网格，不能这样分行；可选：{others}。", field="by", value=by)
    return view


def _grid(reading: Reading, *, as_recorded: bool) -> dict[str, Area]:
    """Return every area by its path; as_recorded: as if none had been taken over by another."""
    found = areas.whole_grid(reading).values()
    return {area.path: replace(area, successor=None) if as_recorded else area for area in found}


def _places(query: Query) -> tuple[Place, ...]:
    """Return what lies both in the reader's places and in the area of the query. Raises NotFound when nothing does."""
    if query.area is None:
        return query.scope.places
    wanted = query.area.place
    if any(place.holds(wanted.path) for place in query.scope.places):
        return (wanted,)
    inside = tuple(place for place in query.scope.places if wanted.holds(place.path))
    if not inside:
        raise NotFound("没有这个网格，或它不在您的管辖范围内；请核对代码。", area=query.area.code)
    return inside


def grouping_of(query: Query) -> Grouping:
    """Return what has a row each: what the query names, else the level below the widest area."""
    if query.by is not None:
        return query.by
    if query.area is not None:
        return GROUPING_BELOW[query.area.level]
    if not query.scope.places:
        return Grouping.TOWN
    widest = min(query.scope.places, key=lambda place: place.path.count("/"))
    return GROUPING_BELOW[grid.level_of(grid.code_of(widest.path))]


def _names(view: View, level: Level) -> dict[str, str]:
    if view.area_scope is not None:
        return view.area_scope.names(level)
    return {path: area.name for path, area in view.grid.items() if area.level is level}


def _rows_of(view: View, level: Level) -> list[str]:
    """Return the paths that have a row whatever happened; of cases seen by assignment, none has."""
    return view.area_scope.in_force(level) if view.area_scope is not None else []


def _without_empty(summary: Summary, shown: set[str]) -> Summary:
    """Leave out rows that are not among ``shown`` and hold nothing: areas outside, ended areas, the rest."""
    rows = (row for row in summary.rows if row.key in shown or any(row.figures.counts.values()))
    return Summary(tuple(rows), summary.total)


def _category_of(case: CaseFacts, categories: Mapping[str, str]) -> str:
    return case.category if case.category in categories else ELSEWHERE


def _no_row(row: str, cure: str) -> Invalid:
    return Invalid(f"表里没有“{row}”这一行；{cure}", field="row", value=row)
