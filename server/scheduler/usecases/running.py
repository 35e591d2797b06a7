"""Run what is due by the clock, once, however many processes serve and however long none did.

A timer is a rule that says when it is due, and what is done then. The row that says how far it has got moves on in the
transaction that does the work: a crash leaves both undone, and of two processes the second finds the row moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from server.changes.usecases import automatic_steps, limit_telling, recheck_draws
from server.changes.usecases.automatic_steps import AutomaticSteps
from server.db.database import Database
from server.db.transactions import Transaction
from server.errors import Unavailable
from server.instants import BEGINNING, Instant
from server.log import log
from server.scheduler.domain import occurrences
from server.scheduler.store import timers

SUSPENDED_AT_ONCE = 200
"""How many suspended cases one transaction resumes: more would block the writer."""


class Timer(NamedTuple):
    """Something that is done when its time has come.

    name: by which it is stored. next_after: the next instant at which it is due. run: does it; gets the instant at
    which it was due, which lies in the past where nothing served then. is_continuous: it looks for what is due now, so
    that however many times were missed, once is enough; otherwise each time missed is made up for, oldest first.
    """

    name: str
    next_after: Callable[[Instant], Instant]
    run: Callable[[Transaction, Instant], AutomaticSteps]
    is_continuous: bool = False


class Ran(NamedTuple):
    """A timer that ran. due_at: when it was due. done: how many cases it moved; stuck: those it could not."""

    timer: str
    due_at: Instant
    done: int
    stuck: tuple[automatic_steps.Stuck, ...]


def resume_suspended(tx: Transaction, due_at: Instant) -> AutomaticSteps:
    """Take up again the suspended cases whose plan should be done by now."""
    return automatic_steps.suspended(tx, SUSPENDED_AT_ONCE)


TOLD_AT_ONCE = 100
"""Of how many cases one transaction tells that a limit is near or has passed."""


def remind(tx: Transaction, due_at: Instant) -> AutomaticSteps:
    """Remind handlers of what falls due soon."""
    return limit_telling.remind(tx, TOLD_AT_ONCE)


def escalate(tx: Transaction, due_at: Instant) -> AutomaticSteps:
    """Tell of cases whose limit has passed."""
    return limit_telling.escalate(tx, TOLD_AT_ONCE)


def escalate_requests(tx: Transaction, due_at: Instant) -> AutomaticSteps:
    """Tell of requests that nobody has decided in time."""
    return limit_telling.escalate_requests(tx, TOLD_AT_ONCE)


TIMERS = (
    Timer("suspensions", occurrences.minutely, resume_suspended, is_continuous=True),
    Timer("rechecks", occurrences.weekly, recheck_draws.draw_week),
    Timer("reminders", occurrences.minutely, remind, is_continuous=True),
    Timer("passed limits", occurrences.minutely, escalate, is_continuous=True),
    Timer("undecided requests", occurrences.minutely, escalate_requests, is_continuous=True),
)
"""Everything that acts by itself. Nothing here decides what people have to decide: silence never does."""


def run_next(tx: Transaction, timer: Timer) -> Ran | None:
    """Do what a timer is due for, one time of those missed; None where it is not due, or another process does it.

    A timer that is new counts from now on: what lies before it was there is not made up for.
    """
    done_until = timers.done_until(tx, timer.name)
    if done_until is None:
        done_until = BEGINNING if timer.is_continuous else tx.now
        timers.begin(tx, timer.name, done_until)
    due_at = timer.next_after(done_until)
    if due_at > tx.now:
        return None
    if timer.is_continuous:
        due_at = tx.now
    if not timers.move_on(tx, timer.name, done_until, due_at):
        return None
    steps = timer.run(tx, due_at)
    return Ran(timer.name, due_at, steps.done, steps.stuck)


def run_due(tx: Transaction, wanted: Iterable[Timer] = TIMERS) -> list[Ran]:
    """Do everything that is due now in one transaction: for simulations and tests, with the transaction's clock."""
    found: list[Ran] = []
    for timer in wanted:
        while ran := run_next(tx, timer):
            found.append(ran)
    return found


def round_of(database: Database, wanted: Iterable[Timer] = TIMERS) -> None:
    """Do everything that is due now, a transaction each; what fails is logged and keeps no other timer waiting.

    Raises Unavailable in an outage, which all of them would meet.
    """
    for timer in wanted:
        try:
            while ran := database.write(partial(run_next, timer=timer)):
                _tell(ran)
        except Unavailable:
            raise
        except Exception as error:  # whatever it was, the next round begins from what is there
            log.error("timer failed", timer=timer.name, problem=type(error).__name__, exc_info=error)


def _tell(ran: Ran) -> None:
    for record, problem in ran.stuck:
        log.error("timer left a record as it was", timer=ran.timer, record=record, problem=problem)
    if ran.done:
        log.info("timer", timer=ran.timer, due_at=ran.due_at, done=ran.done)
