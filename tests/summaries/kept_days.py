"""Keeps what the days of a county moved in the sums, and tells past instants by it and by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from server import instants
from server.db.database import Database
from server.grid.domain.areas import Area, Place, code_of, level_of, parent_code
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.summaries.domain import periods, summary_rows
from server.summaries.domain.area_rows import AreaScope
from server.summaries.domain.periods import Period
from server.summaries.domain.summary_rows import Summary
from server.summaries.store import movements
from server.summaries.usecases import closure_summary, keeping_movements
from server.summaries.usecases.closure_summary import Query
from server.summaries.usecases.groupings import LEVELS, Grouping
from tests.summaries.case_histories import UNITS, History, known, on
from tests.summaries.lived_cases import a_store, live

PATHS = sorted({*UNITS, *(unit[:n] for unit in UNITS for n in (6, 10, 14))})
GRID = {path: Area(code_of(path), path, level_of(code_of(path)), parent_code(code_of(path))) for path in PATHS}
COUNTY, A_TOWN, A_VILLAGE = (Scope(places=(Place(path),)) for path in ("130630", "130630/101", "130630/100/201"))
APRIL = Period(date(2026, 4, 1), date(2026, 4, 30))


@dataclass
class Clock:
    """The clock of the county, which stands where it is put."""

    at: datetime = field(default_factory=lambda: instants.parse(on("05-20", "12:00")))

    def __call__(self) -> datetime:
        return self.at

    def put(self, at: str) -> None:
        self.at = instants.parse(at)


clock = Clock()


def a_county(folder: Path) -> Database:
    """Return an empty county whose clock is ``clock``."""
    made = a_store(folder, clock=clock)
    made.write(lambda tx: areas.add(tx, list(GRID.values())))
    return made


def lived(store: Database, town: list[History], at: str) -> None:
    """Write what had happened by ``at``, and stop the clock there; no day is kept yet."""
    clock.put(at)
    live(store, [History(each.id, each.path, each.category, each.until(at)) for each in town if each.until(at)])


def keep(store: Database, since: date) -> list[int]:
    """Keep every day from ``since`` on that is over, as the server does beside its work; return them in order."""
    while keeping_movements.round_of(store):
        if min(kept(store)) <= periods.number(since):
            break
    return kept(store)


def kept(store: Database) -> list[int]:
    with store.reading() as reading:
        return movements.kept(reading, 0)


def told(store: Database, scope: Scope, by: Grouping, window: Period, as_of: str) -> Summary:
    with store.reading() as reading:
        return closure_summary.summarise(reading, Query(scope, None, by, window, as_of)).summary


def by_hand(town: list[History], scope: Scope, by: Grouping, window: Period, at: str) -> Summary:
    """Return what every rule counts over all cases as they stood; rows of areas that nobody asked for left out."""
    area_scope = AreaScope(GRID, scope.places, at)
    cases = [case for case in known(town, at) if area_scope.holds(case.path)]
    if by is Grouping.MONTH:
        return summary_rows.by_month(cases, window, at)
    summary = summary_rows.by_area(cases, list(GRID.values()), LEVELS[by], window, at)
    shown = set(area_scope.in_force(LEVELS[by]))
    rows = tuple(row for row in summary.rows if row.key in shown or any(row.figures.counts.values()))
    return Summary(rows, summary.total)
