"""A small county with a clock that the stories set: one town, two villages, three units."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from server import instants
from server.db import database
from server.db.database import Database
from server.grid.domain.areas import Area, Level, Place
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.people.domain.actors import Role
from server.people.store import people
from server.staffing.usecases import enrolment
from tests.county import new_database

COUNTY, TOWN, VILLAGE, UNIT = "130630000000", "130630106000", "130630106201", "130630106201001"
SECOND_UNIT, NEXT_VILLAGE, NEXT_UNIT = "130630106201002", "130630106202", "130630106202001"
EVERYTHING = Scope(places=(Place("130630"),))
PASSWORD = "correct-horse-7"

AREAS = (
    Area(COUNTY, "涞源县", Level.COUNTY, None),
    Area(TOWN, "白石山镇", Level.TOWN, COUNTY),
    Area(VILLAGE, "荆山口村", Level.VILLAGE, TOWN),
    Area(UNIT, "第1单元", Level.UNIT, VILLAGE),
    Area(SECOND_UNIT, "第2单元", Level.UNIT, VILLAGE),
    Area(NEXT_VILLAGE, "花园村", Level.VILLAGE, TOWN),
    Area(NEXT_UNIT, "第1单元", Level.UNIT, NEXT_VILLAGE),
)


class Clock:
    """Tells the time that a story has set, in Beijing."""

    def __init__(self, at: str) -> None:
        self.set(at)

    def __call__(self) -> datetime:
        return self._at

    def set(self, at: str) -> None:
        self._at = instants.parse(at)

    @property
    def now(self) -> str:
        return instants.text(self._at)


def lay(tx) -> list[str]:
    areas.add(tx, AREAS)
    return []


class County:
    """The store under a set clock, and the deeds that stories begin with."""

    def __init__(self, folder: Path, at: str = "2026-05-01T08:00") -> None:
        new_database(folder, lay)
        self.folder = folder
        self.clock = Clock(at)
        self.store: Database = database.open_inline(folder, clock=self.clock)

    def do(self, deed, *args, **kwargs):
        """Carry a use case out in a transaction of its own, as the administrator."""
        return self.store.write(lambda tx: deed(tx, *args, **{"by": "admin", **kwargs}))

    def see(self, look, *args, **kwargs):
        """Return what a store query sees at this instant."""
        with self.store.reading() as reading:
            found = look(reading, *args, **kwargs)
            return list(found) if isinstance(found, Iterator) else found

    def a_worker(self, name="gw-01", area=UNIT, role=Role.GRID_WORKER, **more):
        return self.do(enrolment.add_user, name, role=role, area=area, **more)

    def caller(self, token):
        return self.see(people.actor_by_key, token)


def instant(local: str) -> str:
    """Return the instant of a Beijing time."""
    return instants.text(instants.parse(local))
