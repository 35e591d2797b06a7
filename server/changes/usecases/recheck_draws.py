"""Draw each week which closed cases are checked again, town by town, and show how any week was drawn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from server import instants
from server.cases.domain import rechecks
from server.cases.domain.rechecks import Closing
from server.cases.store import rechecks as stored
from server.cases.store.rechecks import Recheck
from server.changes.usecases import automatic_steps
from server.changes.usecases.automatic_steps import AutomaticSteps, Stuck
from server.changes.usecases.recording import apply_by_server
from server.db.transactions import Reading, Transaction
from server.grid.domain.areas import code_of
from server.instants import Instant
from server.records.domain.case_steps import CLOSED
from server.records.domain.records import Record
from server.summaries.store import counted_cases, rollups


class Draw(NamedTuple):
    """The draw of one town and week. town: its path. seq, at: what the seed is made of beside week and town.

    pool: everything that was closed and stood so when the week was over. drawn: what is checked again, in order.
    """

    week: str
    town: str
    seq: int
    at: Instant
    seed: str
    pool: tuple[Closing, ...]
    drawn: tuple[Closing, ...]


def draws_of(reading: Reading, monday: date) -> list[Draw]:
    """Return the draws of the week that begins with ``monday``, by town; the same whenever it is asked for."""
    week, ends_at = rechecks.week_name(monday), rechecks.ends_at(monday)
    seq, at = stored.last_revision_before(reading, ends_at)
    pools: dict[str, list[Closing]] = {}
    as_of = instants.later(ends_at, _BEFORE)
    for case in counted_cases.closed_within(reading, monday, monday + timedelta(days=6), as_of):
        pools.setdefault(rollups.town_of(case.path), []).append(Closing(case.id, rechecks.stratum_of(case)))
    found: list[Draw] = []
    for town, pool in sorted(pools.items()):
        seed = rechecks.seed_of(week, code_of(town), seq, at)
        drawn = rechecks.draw(seed, pool, ends_at)
        found.append(Draw(week, town, seq, at, seed, tuple(sorted(pool)), tuple(drawn)))
    return found


_BEFORE = timedelta(milliseconds=-1)


def draw_week(tx: Transaction, due_at: Instant) -> AutomaticSteps:
    """Draw from what was closed in the week that was over at ``due_at``, and mark what is to be checked again."""
    monday = date.fromisoformat(instants.local_day(due_at)) - timedelta(days=7)
    done = 0
    stuck: list[Stuck] = []
    for found in draws_of(tx, monday):
        steps = _mark(tx, found)
        done += steps.done
        stuck += steps.stuck
    return AutomaticSteps(done, tuple(stuck))


def _mark(tx: Transaction, found: Draw) -> AutomaticSteps:
    stratum_of = {each.record: each.stratum for each in found.drawn}

    def step(tx: Transaction, record: Record) -> bool:
        if record.status not in CLOSED:  # taken up again since the week was over
            return False
        outcome = apply_by_server(tx, record, "draw_recheck", f"{found.week} 抽查")
        case = None if outcome.record is None else outcome.record.case
        due_at = case.recheck_due_at if case is not None else None
        stratum = stratum_of[record.id]
        stored.add(tx, Recheck(record.id, found.week, found.town, record.path, stratum, tx.now, due_at or tx.now))
        return True

    return automatic_steps.each(tx, _ids(found.drawn), step)


def _ids(drawn: Iterable[Closing]) -> list[str]:
    return [each.record for each in drawn]
