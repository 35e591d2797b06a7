"""Brings the lists of a phone up to date that passes to another person with everything on it.

They scan their card in the project that is there (``docs/worker.md``), and the rows of both their lists stay on the
phone as they were shown to the one before. Those that differ get a new version.
"""

from __future__ import annotations

from datetime import timedelta

from server import instants
from server.changes.usecases import automatic_steps
from server.changes.usecases.automatic_steps import AutomaticSteps, Stuck
from server.db.transactions import Reading, Transaction
from server.errors import ITEM_ERRORS
from server.instants import Instant
from server.people.domain.actors import Actor
from server.people.store import people
from server.phones.store import phone_holders
from server.phones.store.phone_holders import Holder
from server.phones.usecases import shown_rows
from server.phones.usecases.shown_rows import Viewer

NOTE = "手机换人使用，更新手机名单"

SILENT = timedelta(days=1)
"""After so long without the others a phone is taken for having come back to somebody who had it before."""

_PHONES_PER_TRANSACTION = 20
"""How many phones one transaction looks at: more would hold the writer from others."""


def refresh(tx: Transaction) -> AutomaticSteps:
    """Give the rows a new version that a phone still shows as to somebody who had it before.

    Costs one read while no phone has changed hands.
    """
    done = 0
    stuck: list[Stuck] = []
    silent_since = instants.later(tx.now, -SILENT)
    for holder in phone_holders.taken_over(tx, silent_since, _PHONES_PER_TRANSACTION):
        try:
            with tx.savepoint():
                outcome = automatic_steps.each(tx, _differing(tx, holder), shown_rows.renewing(NOTE))
                phone_holders.record_comparison(tx, holder)
        except ITEM_ERRORS as error:
            outcome = AutomaticSteps(0, (Stuck(f"phone of {holder.person}", type(error).__name__),))
        done, stuck = done + outcome.done, [*stuck, *outcome.stuck]
    return AutomaticSteps(done, tuple(stuck))


def _differing(reading: Reading, holder: Holder) -> list[str]:
    now, found = _viewer(reading, holder.person, reading.now), set[str]()
    for other in phone_holders.others(reading, holder):
        found |= {*shown_rows.differing(reading, _viewer(reading, other.person, other.seen_at), now)}
    return sorted(found)


def _viewer(reading: Reading, name: str, at: Instant) -> Viewer:
    """Return a person as their list was shown to them at an instant."""
    return Viewer(Actor(name, name, at, tuple(people.duties_of(reading, name))))
