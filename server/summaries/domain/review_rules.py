"""Finds the signs of the review list among cases: pure rules; their measures are those of the dated table."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations
from typing import NamedTuple

from server import instants
from server.instants import Instant, parse
from server.records.domain import case_facts, clocks
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Step
from server.records.domain.positions import Position, distance_m
from server.records.domain.status import Status
from server.summaries.domain import periods
from server.summaries.domain.periods import Period
from server.summaries.domain.review_signs import (
    MONTH_END,
    OVERDUE_MERGE,
    OVERDUE_NEW_DUE,
    OVERDUE_VOID,
    QUICK_CLOSE,
    SAME_PHOTO,
    Finding,
    Sign,
)

VILLAGE_STEPS = 3
"""Parts of the path of a village: county, town, village."""

COMPARED_MOST = 60
"""Cases with one photo that are compared with each other: more have an empty picture or a form's sample."""

_ASKED_BY = {OVERDUE_VOID: "ask_void", OVERDUE_NEW_DUE: "ask_extension"}
_FEEDBACK, _CLOSE = "feedback", "close"


class PhotoUse(NamedTuple):
    """A case that has a photo. source: what brought it; one submission may bring several cases at once."""

    case: str
    source: str


class Act(NamedTuple):
    """A feedback or a closing as it was recorded.

    is_on_page: taken on the server itself, whose clock counts. made_at: as the device says, None where it does not.
    observed_at: the same, corrected and never after ``received_at``.
    """

    action: str
    is_on_page: bool
    made_at: Instant | None
    observed_at: Instant
    received_at: Instant


def same_photo(
    sign: Sign, uses: Mapping[str, Collection[PhotoUse]], places: Mapping[str, Position], paths: Mapping[str, str]
) -> list[Finding]:
    """Return the cases that share a photo and lie further apart than the sign allows.

    uses: by the hash of the photo. places, paths: by case; one without a position is compared with nothing.
    """
    found: dict[tuple[str, ...], int] = {}
    for shared in uses.values():
        placed = sorted(use for use in shared if use.case in places)[:COMPARED_MOST]
        apart, metres = set[str](), 0.0
        for one, other in combinations(placed, 2):
            if one.case == other.case or one.source == other.source:
                continue
            between = distance_m(places[one.case], places[other.case])
            if between > sign.limit:
                apart |= {one.case, other.case}
                metres = max(metres, between)
        if apart:
            cases = tuple(sorted(apart))
            found[cases] = max(found.get(cases, 0), round(metres))
    return [
        Finding(SAME_PHOTO, _around(paths[case] for case in cases), cases, {"n": len(cases), "metres": metres})
        for cases, metres in sorted(found.items())
    ]


def quick_close(
    sign: Sign, acts: Mapping[str, Sequence[Act]], paths: Mapping[str, str], period: Period
) -> list[Finding]:
    """Return the cases that were closed in a period within so many seconds of the feedback, as sound clocks say.

    acts: feedbacks and closings of each case in their order. A check on the spot is neither. The feedback has to come
    from a device: what is filed on a page for somebody who gave it on paper was done before.
    """
    found = []
    for case, taken in sorted(acts.items()):
        fed_back_at: Instant | None = None
        for act in taken:
            if act.action == _FEEDBACK:
                fed_back_at = None if act.is_on_page else _told_at(act)
                continue
            closed_at = _told_at(act)
            if fed_back_at is None or closed_at is None or not period.holds(act.received_at):
                continue
            seconds = int((parse(closed_at) - parse(fed_back_at)).total_seconds())
            if 0 <= seconds <= sign.limit:
                found.append(Finding(QUICK_CLOSE, paths[case], (case,), {"seconds": seconds}))
    return found


def month_end(sign: Sign, closed: Iterable[CaseFacts], period: Period, today: date) -> list[Finding]:
    """Return the villages that closed much of what they closed in a month in its last days.

    closed: the cases closed, those fixed on the spot apart. Only months that are over, and whose last day lies in the
    period.
    """
    by_month: dict[tuple[str, str], list[CaseFacts]] = defaultdict(list)
    for case in closed:
        if case.closed_at is not None and not case.spot:
            by_month[_village(case.path), instants.local_day(case.closed_at)[:7]].append(case)
    found = []
    for (village, month), cases in sorted(by_month.items()):
        last = last_day_of(month)
        if not period.first <= last <= period.last or last >= today:
            continue
        first = last.replace(day=last.day - sign.limit + 1).isoformat()
        late = sorted(case.id for case in cases if case.closed_at and instants.local_day(case.closed_at) >= first)
        if len(late) >= sign.least and len(late) * 100 >= sign.share * len(cases):
            percent = len(late) * 100 // len(cases)
            values: dict[str, str | int] = {"month": month, "n": len(late), "total": len(cases), "percent": percent}
            found.append(Finding(MONTH_END, village, tuple(late), values))
    return found


def overdue_acts(signs: Collection[str], case: CaseFacts, steps: Iterable[Step], period: Period) -> Iterator[Finding]:
    """Yield what took an overdue case out of the rates, or gave it a later limit, in a period.

    signs: those in force. steps: all of the case, in their order. A limit that had not passed when the request came is
    none: whoever decides late makes nobody late.
    """
    facts: CaseFacts | None = None
    asked: dict[str, Instant] = {}
    for step in steps:
        sign = None if facts is None else _kind(facts, step)
        if facts is not None and sign in signs and period.holds(step.at):
            at = asked.get(_ASKED_BY.get(sign or "", ""), step.at)
            due_at = _overdue_since(facts, at)
            if due_at is not None:
                days = (periods.day_of(at) - date.fromisoformat(instants.last_day(due_at))).days
                yield Finding(sign or "", case.path, (case.id,), {"days": days})
        _note_request(asked, step)
        facts = (
            case_facts.begun(case.id, case.path, case.category, step)
            if facts is None
            else case_facts.after(facts, step)
        )


def last_day_of(month: str) -> date:
    """Return the last day of a month ``2026-04``."""
    year, number = map(int, month.split("-"))
    return date(year, number, calendar.monthrange(year, number)[1])


def _told_at(act: Act) -> Instant | None:
    """Return when an act was taken, None where no clock that can be believed says."""
    if act.is_on_page:
        return act.received_at
    if act.made_at is None or not clocks.is_sound(act.made_at, act.received_at):
        return None
    off = abs(parse(act.made_at) - parse(act.observed_at))
    return act.observed_at if off <= clocks.DRIFT else None


def _kind(facts: CaseFacts, step: Step) -> str | None:
    if step.status is Status.VOID:
        return None if facts.void else OVERDUE_VOID
    if step.status is Status.MERGED:
        return None if facts.merged else OVERDUE_MERGE
    return OVERDUE_NEW_DUE if step.action == "extend" or step.extends else None


def _overdue_since(facts: CaseFacts, at: Instant) -> Instant | None:
    """Return which limit of a running case had passed at an instant, the earlier one; None for neither."""
    if facts.registered_at is None or facts.closed or facts.held:
        return None
    handling = facts.handle_due_at if facts.dispatches and facts.fed_back_at is None else None
    passed = [due_at for due_at in (handling, facts.close_due_at) if due_at is not None and due_at <= at]
    return min(passed, default=None)


def _note_request(asked: dict[str, Instant], step: Step) -> None:
    if step.action in _ASKED_BY.values():
        asked[step.action] = step.at
    elif step.action in ("void", "decline_void"):
        asked.pop("ask_void", None)
    elif step.action in ("extend", "decline_extension"):
        asked.pop("ask_extension", None)


def _village(path: str) -> str:
    return "/".join(path.split("/")[:VILLAGE_STEPS])


def _around(paths: Iterable[str]) -> str:
    """Return the path of the smallest area that holds all of them."""
    parts = [path.split("/") for path in paths]
    shared = []
    for steps in zip(*parts, strict=False):
        if len({*steps}) > 1:
            break
        shared.append(steps[0])
    return "/".join(shared)
