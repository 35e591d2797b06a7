"""Draw up the sheet of a month as of an instant, from the figures of the closure summary by their names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import NamedTuple

from server import dated, instants
from server.cases.store import calendars
from server.db import training
from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.grid.domain.areas import Area
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import Instant
from server.monthly_reports.domain import canonical, definition, months, sheets
from server.monthly_reports.domain.definition import TABLE
from server.monthly_reports.domain.sheets import TOTAL, Carried, RuleVersion, Sheet
from server.monthly_reports.store import late_reports
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.summaries.domain.periods import Period
from server.summaries.usecases import closure_summary, requests, summary_tables
from server.summaries.usecases.closure_summary import Query, View
from server.summaries.usecases.groupings import Grouping

RULES = ("figures", TABLE, "time_limits", "major_rules", "recheck_shares", "rights", "roles")
"""The dated tables that a sheet is counted by, or that say who may do what it counts."""

CALENDAR = "calendar"
"""Stands beside them for the holidays of the year."""


class Heading(NamedTuple):
    """What the county has set to stand above a sheet, empty for the usual. title: of it; unit: who hands it in."""

    title: str
    unit: str


def reading_scope(by: Actor) -> Scope:
    """Return where somebody may read the county's sheet. Raises NotFound for who does not see all of its figures."""
    return whole(rights.scope_for(by, *requests.READ))


def whole(scope: Scope) -> Scope:
    """Return a scope that is the whole county. Raises NotFound for any other: its sheet is not theirs."""
    if not is_whole(scope):
        raise NotFound("月报是全县的，不在您的管辖范围内；本辖区的数请看“汇总”，可在那里打印。")
    return scope


def may(by: Actor, action: str) -> bool:
    """Say whether somebody may ``freeze`` or ``correct`` the county's sheet."""
    return is_whole(rights.scope_for(by, "monthly_report", action))


def require(by: Actor, action: str) -> Scope:
    """Return the scope of the county for who may ``freeze`` or ``correct`` its sheet. Raises NotAllowed, NotFound."""
    scope = reading_scope(by)
    if not may(by, action):
        raise rights.refusal(by, "monthly_report", action)
    return scope


def is_whole(scope: Scope) -> bool:
    """Say whether a scope is the whole county."""
    return any("/" not in place.path for place in scope.places)


def draw(reading: Reading, scope: Scope, month: str, heading: Heading, as_of: Instant | None = None) -> Sheet:
    """Return the sheet of a month as of an instant, None for now.

    scope: of the whole county. month: ``2026-04``. Raises Invalid for what is no month, one that has not begun, or an
    instant that is to come, and for a county of practice, which counts nothing.
    """
    period = months.period_of(month)
    at = reading.now if as_of is None else as_of
    if training.is_on(reading):
        raise Invalid("这是培训练习，什么都不计入统计，没有月报；请在正式的系统里打开。")
    if at < period.starts_at:
        raise Invalid(
            f"{months.words(month)}还没有开始，没有可报的数；请选已经开始的月份。", field="month", value=month
        )
    result = closure_summary.summarise(reading, query_of(scope, period, at, reading.now))
    known, county = definition.definition_at(at), county_of(reading)
    lines = [
        sheets.line_of(known, summary_tables.written_key(Grouping.TOWN, row.key), row.name, row.figures)
        for row in result.summary.rows
    ]
    return Sheet(
        month=month,
        area=county.code,
        title=sheets.heading(county.name, heading.title, known),
        unit=heading.unit,
        period=period,
        as_of=at,
        sentence=summary_tables.sentence(result),
        late_reports=late_reports.received_within(reading, view_of(reading, scope, period, at).inside, period, at),
        definition=known,
        lines=tuple(lines),
        total=sheets.line_of(known, TOTAL, summary_tables.TOTAL, result.summary.total),
        rules=tuple(_rules(reading, period, at)),
        program=version("firegrid"),
        carried=_carried(reading, scope, period, at),
    )


def _carried(reading: Reading, scope: Scope, period: Period, at: Instant) -> Carried | None:
    """Return what was carried over in the year of a month until its end, None for nothing."""
    year = Period(period.first.replace(month=1), period.last)
    counts = closure_summary.summarise(reading, query_of(scope, year, at, reading.now)).summary.total.counts
    if not counts["carried"]:
        return None
    return Carried(counts["carried"], counts["carried_closed"], counts["cases"], counts["closed"])


def query_of(scope: Scope, period: Period, at: Instant, now: Instant) -> Query:
    """Return the query of the summary that a sheet shows: towns of the county, as of an instant."""
    return Query(scope, None, Grouping.TOWN, period, None if at == now else at)


def view_of(reading: Reading, scope: Scope, period: Period, at: Instant) -> View:
    """Return the cases that a sheet covers."""
    return closure_summary.view_of(reading, query_of(scope, period, at, reading.now))


def county_of(reading: Reading) -> Area:
    """Return the area that has none above it. Raises NotFound before there is a grid."""
    county = next((area for area in areas.whole_grid(reading).values() if area.parent is None), None)
    if county is None:
        raise NotFound("还没有网格；请管理员先读入网格文件。")
    return county


def _rules(reading: Reading, period: Period, at: Instant) -> list[RuleVersion]:
    found = [_version(name, dated.rows_at(name, at)) for name in RULES]
    year = period.first.year
    days = [
        {"day": day.day.isoformat(), "kind": str(day.kind), "name": day.name} for day in calendars.days(reading, year)
    ]
    return [*found, _version(f"{CALENDAR} {year}", days)]


def _version(table: str, rows: Sequence[dated.Row]) -> RuleVersion:
    since = max((row.get("active_from", "") for row in rows), default="")
    return RuleVersion(table, since, canonical.digest(canonical.encoded({"rows": list(rows)})))


def instant_of(written: str | None, period: Period, now: Instant) -> Instant:
    """Return as of when a month is to be kept: what is written, else the last full minute, ten seconds ago at least.

    So every commit that had begun by then is over, and a recount as of that instant finds what the sheet says; and
    the instant is one that can be written down. Raises Invalid for what is no instant, lies ahead, or within the month.
    """
    at = requests.instant_of(written, now)
    if at is None:
        at = instants.text((instants.parse(now) - _SETTLED).replace(second=0, microsecond=0))
        at = max(at, period.ends_at)
    if at < period.ends_at or at > now:
        raise Invalid(
            f"{months.words(months.month_of(period))}还没有结束，不能报送；统计时刻应在 {period.last} 24 时或以后。",
            field="as_of",
            value=written or at,
        )
    return at


_SETTLED = timedelta(seconds=10)
