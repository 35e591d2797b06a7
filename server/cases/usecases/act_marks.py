"""What an act is marked with: a hazard that comes back (反弹), a return asked for late, when a feedback was written.

A handler's time to ask runs from when the case first reached their phone (ADR 0063).
"""

from __future__ import annotations

from datetime import timedelta

import orjson

from server import instants
from server.cases.domain import deadlines, similarity
from server.cases.domain.acts import Act
from server.cases.domain.deadlines import Clock
from server.cases.store import calendars, deliveries
from server.cases.store.deliveries import Given
from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.records.domain.case_steps import CLOSED
from server.records.domain.records import Record
from server.records.store import record_lists
from server.records.store.record_lists import Filters
from sync.changes import Change

_VILLAGE_DEPTH = 3
LOOKED_AT_MOST = 500
"""How many closed cases of one hazard in one village are compared, the newest first."""


def recurrence_of(reading: Reading, record: Record) -> str:
    """Return the id of the case of which a report is a recurrence when it is registered now; empty for none.

    One of the same village and hazard at the same place, or within 50 m, that was closed within the time of the dated
    limits (``recurrence``) before this was reported and stands so; of several the one closed last.
    """
    item = record.fields.get(similarity.ITEM, "")
    if not item:
        return ""
    village = Place("/".join(record.path.split("/")[:_VILLAGE_DEPTH]))
    filters = Filters(statuses=tuple(sorted(CLOSED)), columns={"type": record.type, similarity.ITEM: item})
    rows = record_lists.page(reading, Scope(places=(village,)), filters, before=None, limit=LOOKED_AT_MOST)
    calendar, found = calendars.calendar(reading), []
    for row in rows:
        closed_at = row["closed_at"]
        if row["id"] == record.id or closed_at is None or closed_at > record.created_at:
            continue
        is_lately = record.created_at <= deadlines.due_at(Clock.RECURRENCE, closed_at, calendar)
        if is_lately and similarity.are_alike(record.fields, orjson.loads(row["fields"])):
            found.append((closed_at, row["id"]))
    return max(found)[1] if found else ""


def is_late_return(reading: Reading, record: Record, act: Act, change: Change) -> bool:
    """Say whether ``act`` asks to give a case back after the time for that; False for every other act.

    What never reached a phone is not late. change: as the device sent it. A phone without a network sends later than
    its user asks: when it says that they did counts, unless that was before the case was there, or is still to come.
    """
    lead = None if record.case is None else record.case.lead
    dispatches = () if record.case is None else record.case.facts.dispatches
    if act.action != "ask_return" or lead is None or not dispatches:
        return False
    delivered_at = deliveries.first(reading, Given(record.id, lead.mark, dispatches[-1].at))
    if delivered_at is None:
        return False
    until = deadlines.due_at(Clock.RETURN_WINDOW, delivered_at, calendars.calendar(reading))
    return claimed_at(change, act.at, delivered_at) > until


def claimed_at(change: Change, received_at: Instant, earliest: Instant) -> Instant:
    """Return when the device says that something was written, corrected by its offset where that is known.

    What it says counts only between ``earliest``, before which that could not be, and the receipt; else the receipt is
    returned, as for a device that says nothing.
    """
    if change.made_at is None:
        return received_at
    try:
        claimed = instants.text(change.made_at + timedelta(seconds=change.clock_offset_s or 0))
    except OverflowError:  # of a year that is none
        return received_at
    return claimed if earliest <= claimed <= received_at else received_at


def written_at(record: Record, act: Act, change: Change) -> Instant | None:
    """Return when a handler wrote the feedback that ``act`` brings, None for every other act.

    Whoever is out of signal writes in time and is heard late.
    """
    dispatches = () if record.case is None else record.case.facts.dispatches
    return claimed_at(change, act.at, dispatches[-1].at) if act.action == "feedback" and dispatches else None
