"""Turn what somebody asks of the summary into a query that is limited to what they may see."""

from __future__ import annotations

from dataclasses import dataclass

from server.db.transactions import Reading
from server.errors import Invalid, NotAllowed
from server.grid.domain.areas import Area
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.domain import rights, roles
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.summaries.domain import periods
from server.summaries.domain.periods import Against, Comparison, Named, Period
from server.summaries.usecases.closure_summary import Query, Result
from server.summaries.usecases.groupings import Grouping

READ = ("summary", "read")
"""Row of the matrix of rights."""


@dataclass(frozen=True, slots=True)
class Request:
    """A summary that somebody asks for. comparison: its period with what stands beside it, None beside nothing.

    as_recorded: as of ``Query``.
    """

    scope: Scope
    area: Area | None
    by: Grouping | None
    period: Period
    as_of: Instant | None
    comparison: Comparison | None
    as_recorded: bool = False

    def query(self, now: Instant) -> Query:
        """Return the query of the summary."""
        as_of = self.as_of if self.as_of is not None and self.as_of != now else None
        return Query(self.scope, self.area, self.by, self.period, as_of, self.as_recorded)

    def query_beside(self, result: Result, comparison: Comparison) -> Query:
        """Return the query of what stands beside a summary: counted as of as far into its own days."""
        as_of = comparison.as_of(result.as_of)
        return Query(self.scope, self.area, result.by, comparison.previous, as_of, self.as_recorded)


def reading_scope(by: Actor) -> Scope:
    """Return in which part of what they see somebody may read summaries. Raises NotAllowed for nowhere."""
    scope = rights.scope_for(by, *READ)
    if not scope.places and not scope.assignees:
        names = "、".join(roles.label(role, by.at) for role in rights.holders_of(*READ, by.at))
        raise NotAllowed(f"您的岗位不能查看汇总；可以查看的有：{names}。", object="summary", action="read")
    return scope


def request_for(
    reading: Reading,
    by: Actor,
    scope: Scope,
    *,
    days: Period | Named,
    area: str | None = None,
    grouping: Grouping | None = None,
    against: Against | None = None,
    as_of: str | None = None,
    as_recorded: bool = False,
) -> Request:
    """Return what ``by`` asks for.

    scope: from ``reading_scope``, or where ``by`` may export them. days: by their name as of the instant, or any.
    area: a code. against: what is to stand beside it. as_of: an instant, or a date for the end of that day, as it was
    written. as_recorded: as of ``Query``.

    Raises NotFound for an area that ``by`` is not shown, Invalid for an instant that is none or is to come.
    """
    found = None if area is None else visibility.get_visible(reading, area, by)
    at = instant_of(as_of, reading.now)
    beside = periods.comparison(days, periods.day_of(at or reading.now), against or Against.PREVIOUS)
    return Request(scope, found, grouping, beside.current, at, None if against is None else beside, as_recorded)


def instant_of(written: str | None, now: Instant) -> Instant | None:
    """Return the instant that is written, or the end of the day; None for now. Raises Invalid, which says the cure."""
    if written is None:
        return None
    try:
        return periods.as_of_instant(written, now)
    except (ValueError, OverflowError) as error:
        wrong = "应为时刻，如 2026-05-01T00:00:00+08:00，或日期，即那天结束时；不写时区按北京时间。"
        raise Invalid(f"“截至”（as_of）写得不对：{wrong}", errors=[{"field": "as_of", "message": wrong}]) from error
