"""Suggests who might handle a case and until when, with the reasons, and what each of them has in hand already."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from server import instants
from server.cases.domain import deadlines, later_limits, suggestion
from server.cases.domain.deadlines import Clock
from server.cases.domain.suggestion import Candidate, Hazard, Lead, Suggested, Why
from server.cases.store import calendars
from server.cases.usecases import handlers, item_words
from server.cases.usecases.authorization import ITEM_FIELD, ITEMS
from server.db.transactions import Reading
from server.forms.store import codes
from server.grid.store import areas
from server.instants import Instant
from server.people.domain.actors import Actor
from server.records.domain.records import Record
from server.records.store import records

LEAD_COLUMN, DEPARTMENTS, PLACE_FIELD = "lead", "departments", "place"
"""Where the code table says by whom an item is handled (``domain.md`` section 4.2)."""

DAYS_OFFERED = (3, 7, 30)
"""Limits that are one touch away, in days from today. A day later than the rule's is an extension: no touch sets it."""


class SuggestedHandler(NamedTuple):
    """Somebody who might handle a case. why: the rule, whose ``{words}`` are ``said``; load: open cases they have.

    area: the name of where they are. Of cases only those are counted that the reader may see.
    """

    candidate: Candidate
    area: str
    why: Why
    said: dict[str, str]
    load: int

    @property
    def reason(self) -> str:
        """Return why they are suggested, in Chinese."""
        return self.why.format(**self.said)


PASSED = "原来定的处置期限已过：不填就不变，填以后的日期算一次延期"


class SuggestedDue(NamedTuple):
    """Until when a case might be handled: a Beijing day, empty where only a limit that has passed needs no extension.

    limit: what the limit is called; days: how long it is. is_running: the limit was set when the case was first
    assigned and runs on.
    """

    day: str
    limit: str
    days: int
    is_running: bool

    @property
    def reason(self) -> str:
        """Return where the day comes from, in Chinese."""
        if not self.day:
            return PASSED
        if self.is_running:
            return "原来定的处置期限，接着算"
        return f"{self.limit}{self.days}天，今天起算"


class Suggestion(NamedTuple):
    """What is suggested for a case. unreached: who should handle it by the rule and is beyond the reader's reach.

    days: limits that are one touch away, in days from today, with the day of each; none is later than ``due``.
    """

    handlers: tuple[SuggestedHandler, ...]
    unreached: str
    due: SuggestedDue
    days: dict[int, str]


def suggest(reading: Reading, record: Record, by: Actor) -> Suggestion:
    """Return what is suggested to ``by`` for a case; no handlers to who may assign to nobody."""
    hazard = _hazard(reading, record)
    found = suggestion.ranked(hazard, (each for _, each in handlers.candidates(reading, by)))
    loads = records.count_in_hand(reading, by.scope, [each.candidate.mark for each in found])
    due = _due(reading, record)
    offered = {days: _day_after(reading, days) for days in DAYS_OFFERED}
    names = areas.full_names(reading, {each.candidate.area for each in found})
    return Suggestion(
        handlers=tuple(_handler(each, hazard, names, loads) for each in found),
        unreached=suggestion.unreached(hazard, found),
        due=due,
        days={days: day for days, day in offered.items() if day <= due.day},
    )


def _hazard(reading: Reading, record: Record) -> Hazard:
    item = codes.current(reading, ITEMS, record.fields.get(ITEM_FIELD, ""))
    leads = "" if item is None else item.extra.get(LEAD_COLUMN, "")
    named = ((code, codes.current(reading, DEPARTMENTS, code)) for code in leads.split())
    given = () if record.case is None else record.case.assignments
    return Hazard(
        path=record.path,
        place=record.fields.get(PLACE_FIELD, "").strip(),
        item=record.fields.get(ITEM_FIELD, "") if item is None else item.label,
        leads=tuple(Lead(code, code if known is None else known.label) for code, known in named),
        former=frozenset(each.mark for each in given if each.until is not None or each.lead),
    )


def _handler(found: Suggested, hazard: Hazard, names: dict[str, str], loads: dict[str, int]) -> SuggestedHandler:
    candidate = found.candidate
    return SuggestedHandler(
        candidate,
        names.get(candidate.area, candidate.area).split(" ", 1)[-1],
        found.why,
        {"place": hazard.place, "item": hazard.item, "lead": found.lead},
        loads.get(candidate.mark, 0),
    )


def _due(reading: Reading, record: Record) -> SuggestedDue:
    """Return the limit that an assignment sets when its author says none, or a new one where one begins."""
    rect = item_words.repair_of(reading, record)
    limit = deadlines.limit_of(Clock.HANDLE, reading.now, rect)
    goes_on = later_limits.goes_on_by(record)
    if goes_on is not None and goes_on <= reading.now:
        return SuggestedDue("", limit.label, limit.amount, is_running=True)
    running = None if record.case is None else record.case.facts.handle_due_at
    is_running = running is not None and running > reading.now
    until = running if running is not None and is_running else _handle_due(reading, rect)
    return SuggestedDue(instants.last_day(until), limit.label, limit.amount, is_running)


def _handle_due(reading: Reading, rect: str) -> Instant:
    return deadlines.due_at(Clock.HANDLE, reading.now, calendars.calendar(reading), rect)


def _day_after(reading: Reading, days: int) -> str:
    return (deadlines.day_of(reading.now) + timedelta(days=days)).isoformat()
