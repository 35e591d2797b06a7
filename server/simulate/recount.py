"""Counts the closure summary by brute force out of the revisions alone: another path than the product's own facts.

It reads what the history of each record says (action, verdict, what changed, what was received, when) and knows no
step table, no sum and no fact kept beside it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from server.db.transactions import Reading
from server.instants import parse
from server.simulate.store import stored_rows
from server.simulate.told_cases import CLOSED, HELD, Case, how_late, in_time, take

DONE = ("applied", "merged", "late")


def cases(reading: Reading, until: str = "9999") -> list[Case]:
    """Return every case as its revisions tell it, those until an instant."""
    rows = stored_rows.case_revisions(reading, until)
    return of_history(row | {name: json.loads(row[name]) for name in ("diff", "received")} for row in rows)


def of_history(rows: Iterable[Mapping[str, Any]]) -> list[Case]:
    """Return the cases that revisions tell of.

    rows: record, path, action, verdict, diff (before and after), received (seen and new), at, made_at, observed_at, in
        order.
    """
    found: dict[str, Case] = {}
    for row in rows:
        _, category = row["diff"].get("category", (None, ""))
        case = found.setdefault(row["record"], Case(row["record"], row["path"], category or "", parse(row["at"])))
        if row["verdict"] in DONE:
            take(case, row)
    return list(found.values())


def counts(every: list[Case], start: datetime, end: datetime, now: datetime) -> dict[str, int]:
    """Return the main counts of the summary for what lies in [start, end), as of ``now``."""
    taken_over = [case for case in every if case.carried and _within(case.registered, start, end)]
    registered = [case for case in every if not case.carried and _within(case.registered, start, end)]
    cohort = [case for case in registered if case.status not in ("void", "merged")]
    return {
        **_reports([case for case in every if not case.carried and _within(case.received, start, end)], now),
        **_carried(taken_over, cohort),
        "registered": len(registered),
        "void": sum(case.status == "void" for case in registered),
        "merged_cases": sum(case.status == "merged" for case in registered),
        **_closing(cohort, now),
        **_handling(cohort, now),
        **_checks(cohort, now),
        **_work(every, [*cohort, *_standing(taken_over)], (start, end), now),
    }


def _carried(taken_over: list[Case], cohort: list[Case]) -> dict[str, int]:
    standing = _standing(taken_over)
    closed = sum(case.status in CLOSED for case in standing)
    return {
        "carried": len(standing),
        "carried_closed": closed,
        "carried_dropped": len(taken_over) - len(standing),
        "with_carried": len(cohort) + len(standing),
        "closed_with_carried": sum(case.status in CLOSED for case in cohort) + closed,
    }


def _standing(taken_over: list[Case]) -> list[Case]:
    return [case for case in taken_over if case.status not in ("void", "merged")]


def _reports(reports: list[Case], now: datetime) -> dict[str, int]:
    decided = [case for case in reports if case.decided]
    valid = [case for case in decided if case.status == "merged" or (case.registered and case.status != "void")]
    return {
        "reports": len(reports),
        "decided_reports": len(decided),
        "undecided_reports": len(reports) - len(decided),
        "undecided_over_24h": sum(not case.decided and case.received <= now - timedelta(hours=24) for case in reports),
        "registered_reports": sum(case.registered is not None for case in decided),
        "valid_reports": len(valid),
        "rejected_reports": sum(case.status == "rejected" for case in decided),
        "merged_reports": sum(case.status == "merged" for case in decided),
        "dated_reports": sum(case.lag is not None for case in reports),
        "late_reports": sum(case.lag is not None and case.lag > timedelta(hours=24) for case in reports),
        "withdrawn_reports": sum(case.status == "void" and not case.registered for case in decided),
    }


def _closing(cohort: list[Case], now: datetime) -> dict[str, int]:
    status = Counter(case.status for case in cohort)
    closed = [case for case in cohort if case.status in CLOSED]
    running, late = _running(cohort), _late(cohort, now)
    closed_in_time = [case for case in closed if in_time(case.closed, case.close_due) and not case.was_closed_late]
    return {
        "cases": len(cohort),
        "spot_closed": status["spot_closed"],
        "limited": len(cohort) - status["spot_closed"],
        "closed": len(closed),
        "limited_closed": len(closed) - status["spot_closed"],
        "open": len(running),
        "suspended": status["suspended"],
        "transferred": status["transferred"],
        "not_held": len(cohort) - status["suspended"] - status["transferred"],
        "rectified": sum(case.feedback is not None or case.status == "spot_closed" for case in cohort),
        "due": len(closed) + len(late),
        "closed_on_time": len(closed_in_time),
        "closed_late": len(closed) - len(closed_in_time),
        "open_in_time": len(running) - len(late),
        "closing_overdue": len(late),
    }


def _handling(cohort: list[Case], now: datetime) -> dict[str, int]:
    sent = [case for case in cohort if case.dispatches]
    handled = [case for case in sent if case.feedback]
    punctual = [case for case in handled if not how_late(case)]
    owing = [case for case in _running(sent) if not case.feedback and _past(case.handle_due, now)]
    return {
        "dispatched": len(sent),
        "handling_due": len(handled) + len(owing),
        "handled": len(handled),
        "handled_on_time": len(punctual),
        "handled_on_time_extended": sum(case.extended > 0 for case in punctual),
        "handled_late": len(handled) - len(punctual),
        "filled_in_time": sum(how_late(case) == {"received"} for case in handled),
        "handling_overdue": len(owing),
        "extended": sum(case.extended > 0 for case in cohort),
        "extended_handling_due": sum(case.extended > 0 for case in (*handled, *owing)),
        "once_fed_back": sum(case.ever_fed_back for case in cohort),
    }


def _checks(cohort: list[Case], now: datetime) -> dict[str, int]:
    checked = [case for case in cohort if case.checks]
    closed = [case for case in cohort if case.status in CLOSED]
    return {
        "checked": len(checked),
        "passed_at_once": sum(case.failed == 0 for case in checked),
        "reworked": sum(case.failed > 0 for case in checked),
        "reworked_due": sum(case.failed > 0 for case in (*closed, *_late(cohort, now))),
        "site_closed": sum(case.on_site for case in closed),
        "drawn": sum(case.drawn for case in cohort),
        "rechecked": sum(bool(case.looked_again) for case in cohort),
        "recheck_passed": sum(bool(case.looked_again) and all(case.looked_again) for case in cohort),
        "recheck_failed": sum(not all(case.looked_again) for case in cohort),
        "reopened": sum(case.reopened for case in cohort),
        "recurrent": sum(case.recurrent for case in cohort),
        "came_back": sum(case.recurrent or case.reopened for case in cohort),
        "relaxed": sum(case.relaxed for case in cohort),
        "filed_replies": sum(case.filed for case in cohort),
        "late_returns": sum(case.asked_late for case in cohort),
        "supervised": sum(case.supervised for case in cohort),
        "supervised_closed": sum(case.supervised for case in closed),
    }


def _work(every: list[Case], entered: list[Case], period: tuple[datetime, datetime], now: datetime) -> dict[str, int]:
    start, end = period
    standing = [case for case in every if case.registered and case.status not in ("void", "merged", *HELD)]
    fell_due = [case for case in standing if case.close_due and start < case.close_due <= min(end, now)]
    alive = [case for case in every if case.status != "void"]
    gone = (*CLOSED, "void", "merged")
    stock = [
        case
        for case in every
        if case.registered and case.registered < start and case.moved_before(start)[-1][1] not in gone
    ]
    done = [moves[-1] for case in every if (moves := case.moved_before(end))]
    dispatches = sum(_within(at, start, end) for case in alive for at in case.dispatches)
    returns = [(sent, at) for case in alive for sent, at in case.returns]
    return {
        "dispatches": dispatches,
        "dispatches_kept": dispatches - sum(_within(sent, start, end) for sent, _ in returns),
        "returns": sum(_within(at, start, end) for _, at in returns),
        "opening": len(stock),
        "closed_in_period": sum(status in CLOSED and start <= at for at, status in done),
        "fell_due": len(fell_due),
        "fell_due_closed": sum(case.status in CLOSED for case in fell_due),
        "workload": len(stock) + len(entered),
    }


def _running(cohort: list[Case]) -> list[Case]:
    return [case for case in cohort if case.status not in (*CLOSED, *HELD)]


def _late(cohort: list[Case], now: datetime) -> list[Case]:
    return [case for case in _running(cohort) if _past(case.close_due, now)]


def _within(at: datetime | None, start: datetime, end: datetime) -> bool:
    return at is not None and start <= at < end


def _past(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def results(every: list[Case], start: datetime, end: datetime) -> Counter[str]:
    """Return how many closed cases of the cohort [start, end) ended with which result."""
    cohort = (case for case in every if case.registered and not case.carried and start <= case.registered < end)
    return Counter(case.result for case in cohort if case.status in CLOSED)
