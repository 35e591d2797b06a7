"""Fills an empty folder with half a year of a county's work, from the first report to this minute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from random import Random
from typing import NamedTuple

from server import instants
from server.admin.usecases import housekeeping, setup
from server.db import database, training
from server.db.transactions import Transaction
from server.demo import patrols, people, stories
from server.demo.actors import Case, Hands
from server.demo.clock import SEED, SetClock, seeded_ids
from server.demo.patrols import Errand
from server.demo.phones import Phones
from server.demo.roster import Troupe
from server.demo.stories import Life
from server.errors import Invalid
from server.forms.usecases.publish import Prepared
from server.grid.domain.file_rows import SheetRow
from server.instants import BEIJING

Steps = Callable[[list[Errand]], Iterable[Errand]]
"""Shows progress: hands the errands on, one by one."""

LENGTH = timedelta(days=184)
"""How long before its end the demonstration begins."""

RULES_BEGIN = datetime(2026, 1, 1, tzinfo=BEIJING)
"""The tables in ``server/data`` are in force from here on: nobody had any right before."""

SHORTEST = timedelta(days=7)


class Basis(NamedTuple):
    """What the county begins with: its grid, the forms, everybody's password; training: all of it is practice."""

    rows: list[SheetRow]
    forms: list[Prepared]
    password_hash: str
    training: bool = False


def fill(folder: Path, basis: Basis, end: datetime, steps: Steps = iter) -> None:
    """Make a database in ``folder`` and let half a year of work happen in it, until ``end``.

    The same end and seed give the same cases. Raises Invalid for an end at which the machine's clock must be wrong.
    """
    begin_at = max(end - LENGTH, RULES_BEGIN)
    if end - begin_at < SHORTEST:
        raise Invalid(f"本机时间是 {end:%Y-%m-%d}，早于规则启用的日期；请先校正本机时间。", field="now")
    clock = SetClock(begin_at)
    database.create(folder)
    store = database.open_inline(folder, clock=clock, ids=seeded_ids(SEED))
    try:
        store.write(lambda tx: begin(tx, basis))
        for day in days(steps(errands(folder, begin_at, end))):
            store.write(partial(_live, clock=clock, day=day))
    finally:
        store.close()


def days(done: Iterable[Errand]) -> Iterator[list[Errand]]:
    """Yield the errands day by day: one commit for each day, since a commit waits for the disk."""
    for _, day in groupby(done, key=lambda errand: errand.at.astimezone(BEIJING).date()):
        yield list(day)


def _live(tx: Transaction, clock: SetClock, day: list[Errand]) -> None:
    """Let one day pass: what time alone brings about, which a server looks after each minute, comes first."""
    clock.move(day[0].at)
    housekeeping.round_of(tx.at(instants.text(clock())))
    for errand in day:
        clock.move(errand.at)
        errand.run(tx.at(instants.text(clock())))


def begin(tx: Transaction, basis: Basis) -> None:
    """Lay grid and forms, and enrol everybody; whether it is for training is said before anything else."""
    if basis.training:
        training.enable(tx)
    setup.install(tx, basis.rows, basis.forms)
    people.enrol_bodies(tx)
    people.enrol_people(tx, basis.password_hash)


def errands(folder: Path, begin_at: datetime, end: datetime) -> list[Errand]:
    """Return all that is done, in order of time. folder: where the photos are kept."""
    chance = Random(SEED)  # noqa: S311 - decides stories, keeps no secret
    ids, troupe, phones = seeded_ids(SEED + 1), Troupe(chance), Phones(folder, chance)
    days = (end - begin_at) // timedelta(days=1) - 2
    lives = stories.lives(stories.stories(), chance, days, end)
    made = [
        *_cases(lives, troupe, Hands(phones, chance), ids),
        *patrols.errands(troupe, phones, ids, chance, days, end),
    ]
    return sorted(made, key=lambda errand: errand.at)


def _cases(lives: Iterable[Life], troupe: Troupe, hands: Hands, ids: Callable[[], str]) -> Iterator[Errand]:
    for story, number, moments in lives:
        case = Case(troupe.cast(story.pool, story.village), number, (ids(), ids()))
        for deed, moment in zip(story.deeds, moments, strict=True):
            yield Errand(moment, partial(hands.do, deed=deed, case=case, moment=moment))
