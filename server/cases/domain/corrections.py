"""Which corrections of a hazard leave a case more time than its rule: they are told beside every rate (ADR 0071)."""

from __future__ import annotations

from server.cases.domain import deadlines
from server.cases.domain.calendars import Calendar
from server.cases.domain.deadlines import Clock
from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from server.records.domain.status import OPEN, Status


def relaxes(facts: CaseFacts, rects: tuple[str, str], at: Instant, calendar: Calendar) -> bool:
    """Say whether a correction leaves a case with more time than its hazard has.

    It does when it makes a case, once registered, one of a hazard with a longer limit; and when it makes it one with a
    shorter limit while the limit of its dispatch runs on. A report that nobody has taken in has no limit to move.
    rects: kind of repair (column ``rect`` of the hazard items) before and after. at: of the correction.
    """
    if facts.status not in OPEN or facts.status is Status.REPORTED:
        return False
    before, after = (deadlines.due_at(Clock.HANDLE, at, calendar, rect) for rect in rects)
    if after >= before:
        return after > before
    if facts.handle_due_at is None or not facts.dispatches or _has_another_limit(facts):
        return False
    return facts.handle_due_at > deadlines.due_at(Clock.HANDLE, facts.dispatches[-1].at, calendar, rects[1])


def _has_another_limit(facts: CaseFacts) -> bool:
    """Say whether the limit that runs is no longer that of the dispatch; each of these acts is counted by itself."""
    return facts.extended > 0 or facts.reworked > 0 or facts.reopened > 0 or facts.held_s > 0
