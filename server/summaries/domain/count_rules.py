"""Which cases every count of the closure summary counts; a count of ``data/figures.csv`` has its rule here.

Sets: R reports, D decided, G registered, C cohort, X closed, H held, A dispatched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from server import instants
from server.instants import FOREVER, Instant
from server.records.domain import lateness
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import CLOSED
from server.summaries.domain.periods import Period

LATE_REPORT_S = 86_400
"""From how many seconds on after its discovery a report came in late (上报延迟): a day."""
UNSTATED = "unstated"
"""The result code under which a closed case counts whose result was not given."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a rule is applied to: the period [starts_at, ends_at), and the instant as of which facts are known."""

    starts_at: Instant
    ends_at: Instant
    as_of: Instant
    day_before: Instant

    def holds(self, at: Instant | None) -> bool:
        """Return whether something happened in the period; what has not happened (None) did not."""
        return at is not None and self.starts_at <= at < self.ends_at

    def reached(self, due_at: Instant | None) -> bool:
        """Return whether a limit fell in the period and has passed; the end of its last day belongs to the period."""
        return due_at is not None and self.starts_at < due_at <= min(self.ends_at, self.as_of)

    def past(self, due_at: Instant | None) -> bool:
        """Return whether a limit has been reached; no limit is never reached."""
        return due_at is not None and due_at <= self.as_of


CountRule: TypeAlias = Callable[[CaseFacts, Window], int]
"""How often a figure counts a case: once or not at all; a figure of dispatches, once for each."""


def window_of(period: Period, as_of: Instant) -> Window:
    """Return the window of ``period`` as of an instant."""
    return Window(period.starts_at, period.ends_at, as_of, instants.later(as_of, timedelta(hours=-24)))


def result_of(case: CaseFacts) -> str:
    """Return the code under which a closed case's result is counted."""
    return case.result_code or UNSTATED


def received(case: CaseFacts, window: Window) -> bool:
    """R: reports that came in during the period, void ones too: they came in; none that was carried over did."""
    return window.holds(case.received_at) and not case.carried


def decided(case: CaseFacts, window: Window) -> bool:
    """D: those of R whose intake is over."""
    return received(case, window) and case.decided_at is not None


def registered(case: CaseFacts, window: Window) -> bool:
    """G: everything registered during the period, fixed on the spot included; not what was carried over."""
    return window.holds(case.registered_at) and not case.carried


def carried(case: CaseFacts, window: Window) -> bool:
    """上年结转: cases of earlier years taken over during the period, neither void nor merged: a cohort of their own."""
    return case.carried and window.holds(case.registered_at) and not case.void and not case.merged


def in_cohort(case: CaseFacts, window: Window) -> bool:
    """C: those of G that are neither void nor merged into another after they were registered."""
    return registered(case, window) and not case.void and not case.merged


def on_time(case: CaseFacts) -> bool:
    """Return whether a closed case was closed by its limit each time; one fixed on the spot has none."""
    return case.closed_at is not None and not case.closed_late and not case.late_closing


def still_open(case: CaseFacts) -> bool:
    """Return whether a case's clocks run: neither closed nor held."""
    return not case.closed and not case.held


def overdue(case: CaseFacts, window: Window) -> bool:
    """O: cases of C whose clocks run and that should have been closed by now."""
    return in_cohort(case, window) and still_open(case) and window.past(case.close_due_at)


def due(case: CaseFacts, window: Window) -> bool:
    """DUE (应结案): what is closed and what should be."""
    return (in_cohort(case, window) and case.closed) or overdue(case, window)


def has_limit(case: CaseFacts) -> bool:
    """Return whether a case has a closing limit that counts: registered, neither void nor merged, and not held."""
    stands = case.registered_at is not None and not case.void and not case.merged
    return stands and not case.held and case.close_due_at is not None


def fell_due(case: CaseFacts, window: Window) -> bool:
    """到期应结案: cases whose closing limit passed in the period, whenever they were registered."""
    return has_limit(case) and window.reached(case.close_due_at)


def dispatched(case: CaseFacts, window: Window) -> bool:
    """A: cases of C that were dispatched to a handler."""
    return in_cohort(case, window) and bool(case.dispatches)


def handled(case: CaseFacts, window: Window) -> bool:
    """Those of A whose feedback stands."""
    return dispatched(case, window) and case.fed_back_at is not None


def handled_on_time(case: CaseFacts, window: Window) -> bool:
    """Handled with each feedback in by its limit, extensions included."""
    return handled(case, window) and case.handling_lateness == lateness.NOT_LATE


def handling_overdue(case: CaseFacts, window: Window) -> bool:
    """处置超期未结: the handling clock runs (no feedback stands, not held) and its limit is past."""
    running = still_open(case) and case.fed_back_at is None
    return dispatched(case, window) and running and window.past(case.handle_due_at)


def handling_due(case: CaseFacts, window: Window) -> bool:
    """HD (应处置): what is handled and what should be."""
    return handled(case, window) or handling_overdue(case, window)


def opening(case: CaseFacts, window: Window) -> bool:
    """Cases registered before the period that were neither closed, void nor merged when it began, as of then."""
    begins_at = window.starts_at
    if case.registered_at is None or case.registered_at >= begins_at:
        return False
    if case.closed_at is not None and case.closed_at < begins_at:
        return False
    return not any(at < begins_at <= (undone_at or FOREVER) for at, undone_at, _ in case.endings)


def closed_in_period(case: CaseFacts, window: Window) -> bool:
    """Cases closed in the period that were still closed when it ended, whether they were reopened after it or not."""
    return window.holds(case.closed_at) or any(
        status in CLOSED and window.holds(at) and (undone_at or FOREVER) >= window.ends_at
        for at, undone_at, status in case.endings
    )


def _sent(case: CaseFacts, window: Window) -> int:
    return 0 if case.void else sum(window.holds(dispatch.at) for dispatch in case.dispatches)


def _sent_in_vain(case: CaseFacts, window: Window) -> int:
    if case.void:
        return 0
    return sum(window.holds(dispatch.at) and dispatch.returned_at is not None for dispatch in case.dispatches)


def _returns(case: CaseFacts, window: Window) -> int:
    return 0 if case.void else sum(window.holds(dispatch.returned_at) for dispatch in case.dispatches)


COUNT_RULES: Mapping[str, CountRule] = {
    # Reports received in the period
    "reports": received,
    "decided_reports": decided,
    "undecided_reports": lambda case, window: received(case, window) and case.decided_at is None,
    "undecided_over_24h": lambda case, window: (
        received(case, window) and case.decided_at is None and case.received_at <= window.day_before
    ),
    "registered_reports": lambda case, window: decided(case, window) and case.registered_at is not None,
    "valid_reports": lambda case, window: (
        decided(case, window) and (case.merged or (case.registered_at is not None and not case.void))
    ),
    "rejected_reports": lambda case, window: decided(case, window) and case.status == "rejected",
    "merged_reports": lambda case, window: decided(case, window) and case.merged,
    "withdrawn_reports": lambda case, window: decided(case, window) and case.void and case.registered_at is None,
    "dated_reports": lambda case, window: received(case, window) and case.discovered_at is not None,
    "late_reports": lambda case, window: received(case, window) and (case.lag_s or 0) > LATE_REPORT_S,
    # Cases registered in the period
    "registered": registered,
    "void": lambda case, window: registered(case, window) and case.void,
    "merged_cases": lambda case, window: registered(case, window) and case.merged,
    "cases": in_cohort,
    "spot_closed": lambda case, window: in_cohort(case, window) and case.spot,
    "limited": lambda case, window: in_cohort(case, window) and not case.spot,
    "closed": lambda case, window: in_cohort(case, window) and case.closed,
    "limited_closed": lambda case, window: in_cohort(case, window) and case.closed and not case.spot,
    "open": lambda case, window: in_cohort(case, window) and still_open(case),
    "suspended": lambda case, window: in_cohort(case, window) and case.status == "suspended",
    "transferred": lambda case, window: in_cohort(case, window) and case.status == "transferred",
    "not_held": lambda case, window: in_cohort(case, window) and not case.held,
    "rectified": lambda case, window: in_cohort(case, window) and (case.spot or case.fed_back_at is not None),
    "site_closed": lambda case, window: in_cohort(case, window) and case.closed and case.site_closed,
    "drawn": lambda case, window: in_cohort(case, window) and case.drawn > 0,
    "rechecked": lambda case, window: in_cohort(case, window) and case.rechecked > 0,
    "recheck_failed": lambda case, window: in_cohort(case, window) and case.recheck_failed > 0,
    "recheck_passed": lambda case, window: in_cohort(case, window) and case.rechecked > 0 and case.recheck_failed == 0,
    "supervised": lambda case, window: in_cohort(case, window) and case.supervised,
    "supervised_closed": lambda case, window: in_cohort(case, window) and case.supervised and case.closed,
    "reopened": lambda case, window: in_cohort(case, window) and case.reopened > 0,
    "recurrent": lambda case, window: in_cohort(case, window) and case.recurrent,
    "came_back": lambda case, window: in_cohort(case, window) and (case.recurrent or case.reopened > 0),
    "relaxed": lambda case, window: in_cohort(case, window) and case.relaxed,
    "late_returns": lambda case, window: in_cohort(case, window) and case.late_returns > 0,
    # 上年结转
    "carried": carried,
    "carried_closed": lambda case, window: carried(case, window) and case.closed,
    "carried_dropped": lambda case, window: (
        case.carried and window.holds(case.registered_at) and (case.void or case.merged)
    ),
    "with_carried": lambda case, window: in_cohort(case, window) or carried(case, window),
    "closed_with_carried": lambda case, window: (in_cohort(case, window) or carried(case, window)) and case.closed,
    # 应结案
    "due": due,
    "closed_on_time": lambda case, window: in_cohort(case, window) and case.closed and on_time(case),
    "closed_late": lambda case, window: in_cohort(case, window) and case.closed and not on_time(case),
    "open_in_time": lambda case, window: (
        in_cohort(case, window) and still_open(case) and not window.past(case.close_due_at)
    ),
    "closing_overdue": overdue,
    # 应处置
    "dispatched": dispatched,
    "handling_due": handling_due,
    "handled": handled,
    "handled_on_time": handled_on_time,
    "handled_on_time_extended": lambda case, window: handled_on_time(case, window) and case.extended > 0,
    "handled_late": lambda case, window: handled(case, window) and not handled_on_time(case, window),
    "filled_in_time": lambda case, window: handled(case, window) and case.filled_in_time,
    "handling_overdue": handling_overdue,
    "extended": lambda case, window: in_cohort(case, window) and case.extended > 0,
    "extended_handling_due": lambda case, window: handling_due(case, window) and case.extended > 0,
    # Checks
    "once_fed_back": lambda case, window: in_cohort(case, window) and case.first_fed_back_at is not None,
    "filed_replies": lambda case, window: in_cohort(case, window) and case.filed,
    "checked": lambda case, window: in_cohort(case, window) and case.checked > 0,
    "passed_at_once": lambda case, window: in_cohort(case, window) and case.checked > 0 and case.reworked == 0,
    "reworked": lambda case, window: in_cohort(case, window) and case.checked > 0 and case.reworked > 0,
    "reworked_due": lambda case, window: due(case, window) and case.reworked > 0,
    # What happened in the period, whenever the case was registered
    "dispatches": _sent,
    "dispatches_kept": lambda case, window: _sent(case, window) - _sent_in_vain(case, window),
    "returns": _returns,
    "opening": opening,
    "closed_in_period": closed_in_period,
    "fell_due": fell_due,
    "fell_due_closed": lambda case, window: fell_due(case, window) and case.closed,
    "workload": lambda case, window: opening(case, window) or in_cohort(case, window) or carried(case, window),
}
"""How often each count counts a case."""
