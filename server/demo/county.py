"""Fill an empty data folder with half a year of a county's work, up to the present minute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID

from server import instants
from server.admin.usecases import housekeeping, setup
from server.cases.store import rechecks
from server.cases.store.rechecks import Recheck, Wanted
from server.cases.usecases import authorization
from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest
from server.db import database, training
from server.db.transactions import Transaction
from server.demo import patrols, people, stories
from server.demo.case_steps import Case, CaseWork
from server.demo.patrols import Event
from server.demo.phones import Phones
from server.demo.roster import Roster, draw_borders
from server.demo.stories import StoryCase
from server.errors import Invalid
from server.forms.usecases.publish import Prepared
from server.grid.domain.areas import Place
from server.grid.domain.file_rows import SheetRow
from server.grid.domain.scope import Scope
from server.instants import BEIJING
from server.people.domain.actors import Actor, Role
from server.people.store import people as stored_people
from server.records.store import records
from server.scheduler.usecases import running

Progress = Callable[[list[Event]], Iterable[Event]]
"""Yields the events one by one, and may show progress."""

SEED = 4711

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


def fill(folder: Path, basis: Basis, end: datetime, progress: Progress = iter) -> None:
    """Make a database in ``folder`` and let half a year of work happen in it, until ``end``.

    The same end and seed give the same cases. Raises Invalid for an end at which the machine's clock must be wrong.
    """
    begin_at = max(end - LENGTH, RULES_BEGIN)
    if end - begin_at < SHORTEST:
        raise Invalid(f"本机时间是 {end:%Y-%m-%d}，早于规则启用的日期；请先校正本机时间。", field="now")
    clock = SettableClock(begin_at)
    database.create(folder)
    store = database.open_inline(folder, clock=clock, ids=seeded_ids(SEED))
    try:
        store.write(lambda tx: install(tx, basis))
        for day in days(progress(events(folder, begin_at, end))):
            store.write(partial(_run_day, clock=clock, day=day))
    finally:
        store.close()


def days(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Yield the events day by day: one commit for each day, since a commit waits for the disk."""
    for _, day in groupby(events, key=lambda event: event.at.astimezone(BEIJING).date()):
        yield list(day)


def _run_day(tx: Transaction, clock: SettableClock, day: list[Event]) -> None:
    """Run the events of one day, after what a server does by itself: its housekeeping and its timers."""
    clock.move(day[0].at)
    housekeeping.round_of(tx.at(instants.text(clock())))
    running.run_due(tx.at(instants.text(clock())))
    _call_about_drawn(tx.at(instants.text(clock())))
    for event in day:
        clock.move(event.at)
        event.run(tx.at(instants.text(clock())))


CALLED_AFTER = timedelta(days=5)
"""The newest draw still waits, so that there is something to do."""

FAILED_OF = 5
"""One re-check of so many finds the hazard there again."""


def _call_about_drawn(tx: Transaction) -> None:
    """Check again by a call what was drawn some days ago, as far as somebody of the town had no hand in it."""
    drawn = rechecks.list_drawn(tx, Scope(places=(Place("130630"),)), Wanted())
    called = sum(not each.waits for each in drawn)
    for each in filter(lambda one: one.waits, drawn):
        if instants.later(each.drawn_at, CALLED_AFTER) > tx.now:
            continue
        caller = _caller_about(tx, each)
        if caller is None:
            continue
        called += 1
        found = {"pass": "yes"} if called % FAILED_OF else {"pass": "no", "note": "当事人说又堆上了"}
        asked = ChangeRequest("recheck", {**found, "method": "phone"})
        interactive.change(tx, each.record, asked, by=caller)


def _caller_about(tx: Transaction, drawn: Recheck) -> Actor | None:
    """Return somebody of the town who may check a drawn case again; None where nobody may."""
    record = records.find_for_writing(tx, drawn.record)
    if record is None:
        return None
    for each in stored_people.on_duty(tx, Scope(places=(Place(drawn.town),))):
        if each.role is Role.TOWN_STATION:
            caller = stored_people.actor(tx, each.name)
            if authorization.allowed(tx, record, "recheck", caller, frozenset()):
                return caller
    return None


def install(tx: Transaction, basis: Basis) -> None:
    """Load grid and forms, and enrol everybody; training mode is set before anything else."""
    if basis.training:
        training.enable(tx)
    setup.install(tx, basis.rows, basis.forms)
    draw_borders(tx)
    people.enrol_bodies(tx)
    people.enrol_people(tx, basis.password_hash)


def events(folder: Path, begin_at: datetime, end: datetime) -> list[Event]:
    """Return all events in order of time. folder: the data folder, in which the photos are stored."""
    chance = Random(SEED)  # noqa: S311 - decides stories, keeps no secret
    ids, roster, phones = seeded_ids(SEED + 1), Roster(chance), Phones(folder, chance)
    days = (end - begin_at) // timedelta(days=1) - 2
    cases = stories.cases(stories.stories(), chance, days, end)
    made = [
        *_case_events(cases, roster, CaseWork(phones, chance), ids),
        *patrols.events(roster, phones, ids, chance, days, end),
    ]
    return sorted(made, key=lambda event: event.at)


def _case_events(
    cases: Iterable[StoryCase], roster: Roster, case_work: CaseWork, ids: Callable[[], str]
) -> Iterator[Event]:
    for story, number, moments in cases:
        case = Case(roster.assign(story.pool, story.village), number, (ids(), ids()))
        for step, moment in zip(story.steps, moments, strict=True):
            yield Event(moment, partial(case_work.take, step=step, case=case, moment=moment))


class SettableClock:
    """A clock that shows the instant it was set to; two events never get the same instant.

    at: the instant it shows; never moved back.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, to: datetime) -> None:
        """Move on to ``to``, or by a millisecond where that is not later than now."""
        self.at = max(to, self.at + timedelta(milliseconds=1))


def seeded_ids(seed: int) -> Callable[[], str]:
    """Return a function that makes the same UUIDs (version 4) in the same order for the same seed."""
    chance = Random(seed)  # noqa: S311 - ids of invented data keep no secret
    return lambda: str(UUID(int=chance.getrandbits(128), version=4))
