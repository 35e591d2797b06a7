"""Counts the closure summary by brute force out of the revisions alone: another path than the product's own facts.

It reads what the history of each record says (action, verdict, what changed, what was received, when) and knows no
step table, no sum and no fact kept beside it.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from typing import Any

from server.db.transactions import Reading
from server.instants import parse
from server.simulate.store import stored_rows

CLOSED, HELD = ("closed", "spot_closed"), ("suspended", "transferred")
SETTING_LIMITS = ("assign", "extend", "resume", "rework", "site_check")
NEVER_REGISTERED = ("reported", "rejected", "merged", "void")
DONE = ("applied", "merged", "late")
CHECK_DAYS, BEIJING = 3, timezone(timedelta(hours=8))


def working_days_later(midnight: datetime, days: int) -> datetime:
    """Return the 24:00 of the last of some working days from a midnight on, day by day through the arrangement."""
    text = files("server").joinpath("data", "calendar_days.csv").read_text(encoding="utf-8")
    kinds = {row["day"]: row["kind"] for row in csv.DictReader(text.splitlines())}
    while days:
        begun = midnight.astimezone(BEIJING)
        kind = kinds.get(begun.date().isoformat(), "working" if begun.weekday() < 5 else "off")
        days -= kind == "working"
        midnight += timedelta(days=1)
    return midnight


@dataclass
class Case:
    """What the history of one case comes to."""

    id: str
    path: str
    category: str
    received: datetime
    status: str = ""
    decided: datetime | None = None
    registered: datetime | None = None
    closed: datetime | None = None
    dispatches: list[datetime] = field(default_factory=list)
    returns: list[tuple[datetime, datetime]] = field(default_factory=list)
    feedback: datetime | None = None
    ever_fed_back: bool = False
    due: str | None = None
    handle_due: datetime | None = None
    close_due: datetime | None = None
    stays_late: bool = False
    checks: int = 0
    failed: int = 0
    extended: int = 0
    on_site: bool = False
    drawn: bool = False
    looked_again: list[bool] = field(default_factory=list)
    supervised: bool = False
    reopened: bool = False
    recurrent: bool = False
    asked_late: bool = False
    written: datetime | None = None
    result: str = ""
    moves: list[tuple[datetime, str]] = field(default_factory=list)

    def moved_before(self, at: datetime) -> list[tuple[datetime, str]]:
        """Return the statuses that it had come to before an instant, each with when it did."""
        return [move for move in self.moves if move[0] < at]


def cases(reading: Reading, until: str = "9999") -> list[Case]:
    """Return every case as its revisions tell it, those until an instant."""
    rows = stored_rows.case_revisions(reading, until)
    return of_history(row | {name: json.loads(row[name]) for name in ("diff", "received")} for row in rows)


def of_history(rows: Iterable[Mapping[str, Any]]) -> list[Case]:
    """Return the cases that revisions tell of.

    rows: record, path, action, verdict, diff (before and after), received (seen and new), at, observed_at, in order.
    """
    found: dict[str, Case] = {}
    for row in rows:
        _, category = row["diff"].get("category", (None, ""))
        case = found.setdefault(row["record"], Case(row["record"], row["path"], category or "", parse(row["at"])))
        if row["verdict"] in DONE:
            _take(case, row)
    return list(found.values())


def _take(case: Case, row: Mapping[str, Any]) -> None:
    action, at, observed = row["action"], parse(row["at"]), parse(row.get("observed_at") or row["at"])
    diff = {name: after for name, (_, after) in row["diff"].items()}
    told = {name: write[1] for name, write in row["received"].items()}
    before, case.status = case.status, diff.get("status") or case.status
    was_late = case.closed is not None and not _in_time(case.closed, case.close_due)
    moved = case.status != before
    case.moves += [(at, case.status)] * moved
    case.category = diff.get("category") or case.category
    if case.status != "reported":
        case.decided = case.decided or at
    if case.status not in NEVER_REGISTERED:
        case.registered = case.registered or at
    case.closed = None if case.status not in CLOSED else case.closed if before in CLOSED else at
    if action == "return":
        case.returns.append((case.dispatches[-1], at))
    first_hands = case.status in ("assigned", "accepted", "handling") and not case.dispatches
    if first_hands or (case.status == "assigned" and before in ("reported", "registered")):
        case.dispatches.append(at)
    # Who reopens what was closed late does not make it on time; the next act that sets a limit begins anew.
    sets_limit = action in SETTING_LIMITS or bool(told.get("due_on"))
    case.stays_late = (action == "reopen" and was_late) or (case.stays_late and not sets_limit)
    _clocks(case, action, diff)
    if (moved and case.status == "feedback") or action == "site_check":
        case.feedback, case.ever_fed_back = at, True
        case.written = observed if action == "feedback" and case.dispatches and case.dispatches[-1] <= observed else at
        case.result = told.get("result_code") or case.result
    if action in ("close", "rework", "site_check"):
        case.checks += 1
        case.failed += case.status not in CLOSED
    if action in ("rework", "reopen") or (action == "site_check" and case.status not in CLOSED):
        case.feedback = None
    _marks(case, action, diff.get("office_note") or "", told)


def _marks(case: Case, action: str, note: str, told: dict[str, str]) -> None:
    case.extended += action == "extend" or "算一次延期" in note
    case.on_site = case.status in CLOSED and (case.on_site or action == "site_check")
    case.drawn |= action == "draw_recheck"
    case.looked_again += [told.get("pass") == "yes"] * (action == "recheck")
    case.supervised |= action == "supervise"
    case.reopened |= action == "reopen"
    case.recurrent |= action in ("register", "assign") and "（反弹）" in note
    case.asked_late |= action == "ask_return" and "（超窗）" in note


def _clocks(case: Case, action: str, diff: dict[str, str | None]) -> None:
    # What is due shows in a revision only where it changed: a limit may fall on the day of the one before.
    due = case.due = diff.get("due_at", case.due)
    if due and case.status in ("assigned", "accepted", "handling"):
        case.handle_due = parse(due)
        if not case.stays_late:
            case.close_due = working_days_later(case.handle_due, CHECK_DAYS)
    if due and case.status == "feedback" and action == "spot_close":
        case.close_due = parse(due)


def counts(every: list[Case], start: datetime, end: datetime, now: datetime) -> dict[str, int]:
    """Return the main counts of the summary for what lies in [start, end), as of ``now``."""
    registered = [case for case in every if _within(case.registered, start, end)]
    cohort = [case for case in registered if case.status not in ("void", "merged")]
    return {
        **_reports([case for case in every if _within(case.received, start, end)], now),
        "registered": len(registered),
        "void": sum(case.status == "void" for case in registered),
        "merged_cases": sum(case.status == "merged" for case in registered),
        **_closing(cohort, now),
        **_handling(cohort, now),
        **_checks(cohort, now),
        **_work(every, cohort, start, end),
    }


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
        "withdrawn_reports": sum(case.status == "void" and not case.registered for case in decided),
    }


def _closing(cohort: list[Case], now: datetime) -> dict[str, int]:
    status = Counter(case.status for case in cohort)
    closed = [case for case in cohort if case.status in CLOSED]
    running, late = _running(cohort), _late(cohort, now)
    closed_in_time = [case for case in closed if _in_time(case.closed, case.close_due)]
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
    sent, running = [case for case in cohort if case.dispatches], _running(cohort)
    handled = [case for case in sent if case.feedback]
    in_time = [case for case in handled if _in_time(case.feedback, case.handle_due)]
    owing = [case for case in sent if case in running and not case.feedback and _past(case.handle_due, now)]
    return {
        "dispatched": len(sent),
        "handling_due": len(handled) + len(owing),
        "handled": len(handled),
        "handled_on_time": len(in_time),
        "handled_on_time_extended": sum(case.extended > 0 for case in in_time),
        "handled_late": len(handled) - len(in_time),
        "filled_in_time": sum(_in_time(case.written, case.handle_due) for case in handled if case not in in_time),
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
        "late_returns": sum(case.asked_late for case in cohort),
        "supervised": sum(case.supervised for case in cohort),
        "supervised_closed": sum(case.supervised for case in closed),
    }


def _work(every: list[Case], cohort: list[Case], start: datetime, end: datetime) -> dict[str, int]:
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
        "workload": len(stock) + len(cohort),
    }


def _running(cohort: list[Case]) -> list[Case]:
    return [case for case in cohort if case.status not in (*CLOSED, *HELD)]


def _late(cohort: list[Case], now: datetime) -> list[Case]:
    return [case for case in _running(cohort) if _past(case.close_due, now)]


def _within(at: datetime | None, start: datetime, end: datetime) -> bool:
    return at is not None and start <= at < end


def _past(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def _in_time(at: datetime | None, due: datetime | None) -> bool:
    return due is None or (at is not None and at <= due)


def results(every: list[Case], start: datetime, end: datetime) -> Counter[str]:
    """Return how many closed cases of the cohort [start, end) ended with which result."""
    cohort = (case for case in every if case.registered and start <= case.registered < end)
    return Counter(case.result for case in cohort if case.status in CLOSED)
