"""Whether the closure figures are those that a count of all events by brute force gives (promise 6)."""

from __future__ import annotations

from datetime import date

from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import parse
from server.simulate import county, recount
from server.simulate.invariants import Findings
from server.simulate.world import World
from server.summaries.domain.periods import Period
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import Query
from server.summaries.usecases.groupings import Grouping

PERIODS = (Period(date(2026, 3, 1), date(2026, 3, 31)), Period(date(2026, 1, 1), date(2026, 12, 31)))
ROOT = "130630"


def check(world: World, findings: Findings) -> None:
    """Compare every count of the county and of each town."""
    with world.server.store.reading() as reading:
        history = recount.cases(reading)
        for period in PERIODS:
            query = Query(Scope(places=(Place(ROOT),)), areas.get(reading, county.COUNTY), Grouping.TOWN, period)
            summary = closure_summary.summarise(reading, query).summary
            shown = {ROOT: summary.total, **{row.key: row.figures for row in summary.rows}}
            for where, figures in shown.items():
                inside = [case for case in history if Place(where).holds(case.path)]
                begin, end = parse(period.starts_at), parse(period.ends_at)
                counted = recount.counts(inside, begin, end, parse(reading.now))
                for name, number in dict(figures.counts).items():
                    if counted[name] != number:
                        findings.add(6, f"{where} {name} of {period.starts_at[:10]}: {number}, counted {counted[name]}")
