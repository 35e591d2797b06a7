"""Does what time alone brings about: duties that end, plans that should be done, rows that leave the lists."""

from __future__ import annotations

from typing import NamedTuple

from server import instants
from server.cases.store import former_handlers
from server.changes.usecases import automatic_steps
from server.changes.usecases.automatic_steps import Stuck
from server.db.transactions import Transaction
from server.people.domain.actors import GRACE
from server.phones.usecases import todo_refresh

AT_ONCE = 200
"""How many suspended cases one transaction takes up: more would hold the writer from others."""


class Done(NamedTuple):
    """What one round did: cases taken back, cases taken up again, rows that left somebody's list.

    stuck: what should have been done and could not; the next round tries again. renewed: rows that show another
    ``todo`` since a duty has changed.
    """

    taken_back: int
    resumed: int
    left: int
    stuck: tuple[Stuck, ...] = ()
    renewed: int = 0


def round_of(tx: Transaction) -> Done:
    """Do what is due now, as far as one transaction should; nothing to do costs three reads.

    What is done stands in histories and lists like any other write, so doing it twice does nothing.
    """
    taken_back, resumed = automatic_steps.from_everybody(tx), automatic_steps.suspended(tx, AT_ONCE)
    left = former_handlers.let_go(tx, instants.later(tx.now, -GRACE))
    renewed = todo_refresh.renew(tx)
    stuck = (*taken_back.stuck, *resumed.stuck, *renewed.stuck)
    return Done(taken_back.done, resumed.done, left, stuck, renewed.done)
