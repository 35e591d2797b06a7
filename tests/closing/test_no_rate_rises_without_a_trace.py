"""What one person does alone raises no printed rate without a printed number beside it that tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

import pytest

from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.summaries.domain.periods import Named, day_of, named
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import Query
from tests.case_land import Land, Refused

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
RATES = ("closure_rate", "due_closure_rate", "on_time_closure_rate", "closure_rate_ex_susp", "closure_rate_ex_spot")
TRACES = (
    "spot_closed", "site_closed", "rejected_reports", "merged_reports", "merged_cases", "withdrawn_reports", "void",
    "suspended", "transferred", "extended", "reworked",
)  # fmt: skip
"""Counts that are printed beside the rates, each of which opens into its cases."""


def acts_of(land: Land, cases: list[str], chance: Random) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield acts that somebody might try, on any case and in any order; most are refused."""
    tried = {
        "register": {}, "close": {}, "feedback": FIXED, "accept": {}, "site_check": {"pass": "yes", **FIXED},
        "void": {"reason": "test_data"}, "reject": {"reason": "not_fire"}, "resume": {},
        "assign": {"assignee": "user:worker"}, "transfer": {"body": "住建局", "document": "函1号"},
        "ask_transfer": {"body": "住建局", "reason": "属其职责"},
        "recheck": {"pass": "yes", "method": "phone"}, "reopen": {"reason": "又堆上了"},
    }  # fmt: skip
    for _ in range(30):
        action = chance.choice([*tried, "merge"])
        inputs = {"into": chance.choice(cases)} if action == "merge" else tried[action]
        yield chance.choice(cases), action, inputs


def figures_of(land: Land) -> tuple[dict[str, Fraction | None], dict[str, int]]:
    """Return the rates and the traces of this month in the county."""
    with land.valley.store.reading() as reading:
        period = named(Named.MONTH, day_of(reading.now))
        everything = Query(Scope(places=(Place("130630"),)), None, None, period)
        total = closure_summary.summarise(reading, everything).summary.total
    shares = {code: (total.rates[code].n, total.rates[code].d) for code in RATES}
    return {code: Fraction(n, d) if d else None for code, (n, d) in shares.items()}, {
        code: total.counts[code] for code in TRACES
    }


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ["worker", "officer", "secretary", "clerk", "town"])
def test_who_acts_alone_leaves_a_trace_beside_every_rate_that_rises(land, name, seed):
    chance = Random(f"{name} {seed}")
    cases = [land.report("neighbour", place=f"{n}号") for n in range(3)]
    for id, assignee in zip(cases, ("user:worker", "body:committee", "body:shop"), strict=True):
        land.act(id, "assign", "town", assignee=assignee, helpers="user:officer")
    land.act(cases[0], "feedback", "worker", **FIXED)

    for id, action, inputs in acts_of(land, cases, chance):
        rates, traces = figures_of(land)
        try:
            land.act(id, action, name, **inputs)
        except Refused:
            continue
        new_rates, new_traces = figures_of(land)
        if action == "close" and id == cases[0] and name != "worker":
            continue  # the worker did it and another one looked: nobody acted alone
        risen = [code for code in RATES if (new_rates[code] or 0) > (rates[code] or 0)]
        assert not risen or any(new_traces[code] > traces[code] for code in TRACES), (name, action, risen)
