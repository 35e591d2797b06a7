"""A case as its revisions alone tell it: when it moved, by which limits, and how late it was."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Any

from server.instants import parse

CLOSED, HELD = ("closed", "spot_closed"), ("suspended", "transferred")
SETTING_LIMITS = ("assign", "extend", "resume", "rework", "site_check")
NEVER_REGISTERED = ("reported", "rejected", "merged", "void")
CHECK_DAYS, BEIJING = 3, timezone(timedelta(hours=8))


def working_days_later(midnight: datetime, days: int) -> datetime:
    """Return the 24:00 of the last of some working days from a midnight on, day by day through the arrangement."""
    while days:
        begun = midnight.astimezone(BEIJING)
        kind = _kinds_of_days().get(begun.date().isoformat(), "working" if begun.weekday() < 5 else "off")
        days -= kind == "working"
        midnight += timedelta(days=1)
    return midnight


@cache
def _kinds_of_days() -> dict[str, str]:
    text = files("server").joinpath("data", "calendar_days.csv").read_text(encoding="utf-8")
    return {row["day"]: row["kind"] for row in csv.DictReader(text.splitlines())}


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
    was_late: set[str] = field(default_factory=set)
    was_closed_late: bool = False
    item: str = ""
    relaxed: bool = False
    lag: timedelta | None = None
    filed: bool = False
    carried: bool = False
    result: str = ""
    moves: list[tuple[datetime, str]] = field(default_factory=list)

    def moved_before(self, at: datetime) -> list[tuple[datetime, str]]:
        """Return the statuses that it had come to before an instant, each with when it did."""
        return [move for move in self.moves if move[0] < at]


def take(case: Case, row: Mapping[str, Any]) -> None:
    """Let a case take the act of one more revision. row: as of ``recount.of_history``."""
    action, at, observed = row["action"], parse(row["at"]), parse(row.get("observed_at") or row["at"])
    diff = {name: after for name, (_, after) in row["diff"].items()}
    told = {name: write[1] for name, write in row["received"].items()}
    case.lag = case.lag if case.moves else _lag(diff.get("discovered_at"), at, row.get("made_at"), observed)
    past = replace(case, moves=[*case.moves], dispatches=[*case.dispatches])
    before, case.status = case.status, diff.get("status") or case.status
    was_late = case.closed is not None and not in_time(case.closed, case.close_due)
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
    case.item = diff.get("item") or case.item
    case.relaxed |= _is_relaxed(past, case.item)
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
    note = _said(action, diff)
    _keep_lateness(past, case, past.moves[-1][0] if before in HELD else at, action == "extend" or "算一次延期" in note)
    _marks(case, action, note, told)


def _said(action: str, diff: dict[str, str]) -> str:
    """Return the note of an act; none of what tells of time, which stands behind what was said before."""
    return "" if action in ("remind", "escalate", "escalate_request") else diff.get("office_note") or ""


def _keep_lateness(past: Case, case: Case, stopped: datetime, extends: bool) -> None:
    """Keep what was late once: undone by this act, or passed before a later limit. stopped: when time did."""
    gave_way = _is_later(case.handle_due, past.handle_due)
    if past.dispatches and past.feedback and (gave_way or not case.feedback):
        case.was_late |= _standing_lateness(past)
    elif past.dispatches and gave_way and not extends and not in_time(stopped, past.handle_due):
        case.was_late.add("written")
    if past.closed is not None and case.closed is None:
        case.was_closed_late |= not in_time(past.closed, past.close_due)
    elif past.registered and _is_later(case.close_due, past.close_due) and not extends:
        case.was_closed_late |= not in_time(stopped, past.close_due)


def _lag(found: str | None, received: datetime, made: str | None, observed: datetime) -> timedelta | None:
    """Return how long a report took to come in, None where its device's clock is not to be believed.

    made, observed: when it was written, by that clock and as the server took it. What a later act on the case says of
    another clock does not count: the report had come in by then.
    """
    if not found or (made and abs(observed - parse(made)) > timedelta(minutes=10)):
        return None
    try:
        took = received - parse(found)
    except ValueError:
        return None
    return max(timedelta(), took) if timedelta(minutes=-10) <= took <= timedelta(days=366) else None


def _is_relaxed(past: Case, item: str) -> bool:
    """Say whether a case that becomes one of another hazard has more time than that hazard."""
    if not past.registered or past.status in (*CLOSED, "void", "merged", "reported"):
        return False
    days, before = _days_to_repair(item), _days_to_repair(past.item)
    other_limit = past.extended or past.failed or past.reopened or any(status in HELD for _, status in past.moves)
    if days >= before or other_limit or not past.dispatches or past.handle_due is None:
        return days > before
    given_on = past.dispatches[-1].astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    return past.handle_due > given_on + timedelta(days=days + 1)


@cache
def _days_to_repair(item: str) -> int:
    items, limits = (
        list(csv.DictReader(files(package).joinpath(*name).read_text(encoding="utf-8").splitlines()))
        for package, name in (("kobo_forms", ("lists", "hazard_items.csv")), ("server", ("data", "time_limits.csv")))
    )
    rect = next((row["rect"] for row in items if row["name"] == item), "")
    handling = {row["case"]: int(row["amount"]) for row in limits if row["clock"] == "handle"}
    return handling.get(rect, handling[""])


def _marks(case: Case, action: str, note: str, told: dict[str, str]) -> None:
    case.extended += action == "extend" or "算一次延期" in note
    case.on_site = case.status in CLOSED and (case.on_site or action == "site_check")
    case.drawn |= action == "draw_recheck"
    case.looked_again += [told.get("pass") == "yes"] * (action == "recheck")
    case.carried |= action == "carry_over"
    case.filed |= action == "file_reply"
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


def how_late(case: Case) -> set[str]:
    """Return how the handlings of a case were late, the one that stands included: ``received``, ``written``."""
    return case.was_late | _standing_lateness(case)


def _standing_lateness(case: Case) -> set[str]:
    if case.feedback is None or in_time(case.feedback, case.handle_due):
        return set()
    return {"received" if in_time(case.written, case.handle_due) else "written"}


def _is_later(due: datetime | None, than: datetime | None) -> bool:
    return due is not None and than is not None and due > than


def in_time(at: datetime | None, due: datetime | None) -> bool:
    """Say whether something was done by a limit, which what has none always is."""
    return due is None or (at is not None and at <= due)
