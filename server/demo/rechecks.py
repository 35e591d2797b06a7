"""The town's part in the demonstration: it calls about closed cases that were drawn to be checked again."""

from __future__ import annotations

from datetime import timedelta
from zlib import crc32

from server import instants
from server.cases.store import rechecks
from server.cases.store.rechecks import Wanted
from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest
from server.db.transactions import Transaction
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.people.domain.actors import Role
from server.people.store import people
from server.records.store import records

CALLED_AFTER = timedelta(days=5)
"""The newest draw still waits, so that there is something to do."""

FAILED_OF = 12
"""One re-check of so many finds the hazard there again."""


def call(tx: Transaction) -> None:
    """Check again by a call what was drawn some days ago, as far as somebody of the town had no hand in it."""
    drawn = rechecks.list_drawn(tx, Scope(places=(Place("130630"),)), Wanted(waits=True))
    for each in drawn:
        if instants.later(each.drawn_at, CALLED_AFTER) > tx.now:
            continue
        record = records.find_for_writing(tx, each.record)
        callers = [
            one.name for one in people.on_duty(tx, Scope(places=(Place(each.town),))) if one.role is Role.TOWN_STATION
        ]
        if record is None or record.case is None or not callers or callers[0] == record.case.closed_by:
            continue
        found = (
            {"pass": "yes"} if crc32(each.record.encode()) % FAILED_OF else {"pass": "no", "note": "当事人说又堆上了"}
        )
        asked = ChangeRequest("recheck", {**found, "method": "phone"})
        interactive.change(tx, each.record, asked, by=people.actor(tx, callers[0]))
