"""Does what time alone brings about: duties that end, plans that should be done, rows that leave the lists."""

from __future__ import annotations

from typing import NamedTuple

from server.domain import instants
from server.domain.actors import GRACE
from server.store import case_hands
from server.store.transactions import Transaction
from server.usecases import release, todo_turns
from server.usecases.release import Stuck

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
    taken_back, resumed = release.from_everybody(tx), release.suspended(tx, AT_ONCE)
    left = case_hands.let_go(tx, instants.later(tx.now, -GRACE))
    renewed = todo_turns.renew(tx)
    stuck = (*taken_back.stuck, *resumed.stuck, *renewed.stuck)
    return Done(taken_back.done, resumed.done, left, stuck, renewed.done)
