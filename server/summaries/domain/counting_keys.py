"""To which columns a case adds one: few properties decide it, so that a million cases are judged a few hundred times"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from server.instants import BEGINNING, FOREVER
from server.records.domain import lateness
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Dispatch
from server.records.domain.status import Status
from server.summaries.domain import count_rules
from server.summaries.domain.count_rules import COUNT_RULES, LATE_REPORT_S, Window

RECEIVED = (
    "reports", "decided_reports", "registered_reports", "valid_reports", "rejected_reports", "merged_reports",
    "withdrawn_reports", "dated_reports", "late_reports",
)  # fmt: skip
"""Columns of the day on which a report came in."""

REGISTERED = (
    "registered", "void", "merged_cases", "spot_closed", "closed", "suspended", "transferred", "rectified",
    "closed_on_time", "dispatched", "handled", "handled_on_time", "handled_on_time_extended", "extended",
    "extended_handling_due", "once_fed_back", "checked", "reworked", "reworked_due", "site_closed",
    "drawn", "rechecked", "recheck_failed", "supervised", "supervised_closed",
    "reopened", "recurrent", "came_back", "late_returns", "filled_in_time", "relaxed", "filed_replies",
    "carried", "carried_closed", "carried_dropped",
)  # fmt: skip
"""Columns of the day on which a case was registered; of those that lateness adds to, what is certain without it."""

EVER = Window(BEGINNING, FOREVER, BEGINNING, BEGINNING)
"""Holds every day, and nothing is late in it: no limit has passed at the beginning of time."""


class _CountingKey(NamedTuple):
    """The properties that decide to which columns a case adds: a million cases have few different ones."""

    status: Status
    decided: bool
    registered: bool
    dispatched: bool
    once_fed_back: bool
    fed_back: bool
    fed_back_in_time: bool
    closed: bool
    closed_in_time: bool
    checked: bool
    reworked: bool
    extended: bool
    site_closed: bool
    drawn: bool
    rechecked: bool
    recheck_failed: bool
    supervised: bool
    reopened: bool
    recurrent: bool
    late_returns: bool
    filled_in_time: bool
    relaxed: bool
    filed: bool
    carried: bool
    dated: bool
    came_in_late: bool


class Shape(NamedTuple):
    """What a case adds besides days and lengths of time: cases of one key have one shape.

    received, registered: of RECEIVED and of REGISTERED, those to which it adds one. handled: its handling time counts.
    limits: of the columns of the day of its closing limit, how many it adds to, if it has such a limit.
    """

    received: tuple[str, ...]
    registered: tuple[str, ...]
    handled: bool
    limits: int


def shape_of(case: CaseFacts) -> Shape:
    """Return the shape of a case."""
    return _shape(_counting_key(case))


def _counting_key(case: CaseFacts) -> _CountingKey:
    late = case.handling_lateness
    return _CountingKey(
        case.status,
        case.decided_at is not None,
        case.registered_at is not None,
        bool(case.dispatches),
        case.first_fed_back_at is not None,
        case.fed_back_at is not None,
        late == lateness.NOT_LATE,
        case.closed_at is not None,
        count_rules.on_time(case),
        case.checked > 0,
        case.reworked > 0,
        case.extended > 0,
        case.site_closed,
        case.drawn > 0,
        case.rechecked > 0,
        case.recheck_failed > 0,
        case.supervised,
        case.reopened > 0,
        case.recurrent,
        case.late_returns > 0,
        late == lateness.RECEIVED_LATE and case.fed_back_at is not None,  # filled in time
        case.relaxed,
        case.filed,
        case.carried,
        case.discovered_at is not None,
        case.discovered_at is not None and (case.lag_s or 0) > LATE_REPORT_S,
    )


@lru_cache(maxsize=4_096)
def _shape(key: _CountingKey) -> Shape:
    """Return the shape of every case with this key."""
    case = _case_of(key)
    received, registered = (
        tuple(column for column in columns if COUNT_RULES[column](case, EVER)) for columns in (RECEIVED, REGISTERED)
    )
    limited = count_rules.has_limit(replace(case, close_due_at=EVER.starts_at))
    return Shape(received, registered, count_rules.handled(case, EVER), limited + (limited and case.closed))


def _case_of(key: _CountingKey) -> CaseFacts:
    """Return a case with this key."""
    long_before, then, later = "1999-12-30T00:00:00.000Z", "2000-01-01T00:00:00.000Z", "2000-01-02T00:00:00.000Z"
    return CaseFacts(
        "",
        "",
        "",
        then,
        key.status,
        decided_at=then if key.decided else None,
        registered_at=then if key.registered else None,
        dispatches=(Dispatch(then),) if key.dispatched else (),
        first_fed_back_at=then if key.once_fed_back else None,
        fed_back_at=later if key.fed_back else None,
        handle_due_at=None if key.fed_back_in_time else then,
        closed_at=later if key.closed else None,
        close_due_at=None if key.closed_in_time else then,
        checked=int(key.checked),
        reworked=int(key.reworked),
        extended=int(key.extended),
        site_closed=key.site_closed,
        drawn=int(key.drawn),
        rechecked=int(key.rechecked),
        recheck_failed=int(key.recheck_failed),
        supervised=key.supervised,
        reopened=int(key.reopened),
        recurrent=key.recurrent,
        late_returns=int(key.late_returns),
        written_at=then if key.filled_in_time else None,
        relaxed=key.relaxed,
        filed=key.filed,
        carried=key.carried,
        discovered_at=(long_before if key.came_in_late else then) if key.dated else None,
    )
