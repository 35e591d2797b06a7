"""Whatever the people of one body do alone, no printed rate rises without a printed count that tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from random import Random

import pytest

from server.cases.usecases import todo_column
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.people.store import people
from server.records.store import records
from server.staffing.usecases import enrolment
from server.summaries.domain.periods import Named, day_of, named
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import Query
from tests.case_land import COUNTY, TOWN, UNIT, VILLAGE, Land, Refused

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
RATES = (
    "closure_rate", "closure_rate_ex_susp", "closure_rate_ex_spot", "due_closure_rate", "on_time_closure_rate",
    "fell_due_closure_rate", "recheck_pass_rate", "supervised_closure_rate", "pass_rate", "register_rate",
    "valid_report_rate",
)  # fmt: skip
"""Rates that say how well hazards are closed and reports taken in."""
TRACES = (
    "spot_closed", "site_closed", "rejected_reports", "merged_reports", "merged_cases", "withdrawn_reports", "void",
    "suspended", "transferred", "extended", "reworked", "reopened", "returns", "relaxed", "late_returns", "rechecked",
)  # fmt: skip
"""Counts that are printed beside the rates, each of which opens into its cases."""

BODIES = {
    "committee": (("secretary", "village_officer", VILLAGE), ("neighbour", "grid_worker", UNIT)),
    "city_mgmt": (("clerk", "dept_handler", COUNTY), ("police", "dept_handler", COUNTY)),
    "office": (("town", "town_station", TOWN), ("viewer", "town_station", TOWN)),
    "shop": (("manager", "unit_manager", VILLAGE), ("leader", "unit_manager", VILLAGE)),
}
"""Two people of each body, with the post that they hold in it."""


def man(land: Land, body: str) -> None:
    """Give each of the two a post in the body, where they have none."""
    if body == "office":
        land.valley.do(enrolment.add_body, body, name="镇政府", kind="town", area=TOWN, by="admin")
    for name, role, area in BODIES[body]:
        if all(duty.body != body for duty in land.valley.do(people.duties_of, name)):
            land.valley.do(enrolment.add_duty, name, role=role, area=area, body=body, by="admin")


def given_to(land: Land, body: str) -> list[str]:
    """Let others report hazards and give them to the body, and return them: late, reopened, suspended, fresh.

    One more is overdue in the hands of somebody else, and one is closed, so that no rate stands at nought.
    """
    mark = f"body:{body}"
    late, reopened, suspended, fresh, others, done = (land.report("neighbour", place=f"{n}号") for n in range(6))
    plan = {"plan": "明年拆除", "leader": "张某", "safeguard": "每日巡查", "reason": "需要拆除"}
    asked = plan | {"until": "2027-06-30", "milestones": "三月前腾空"}
    for id in (late, reopened, suspended):
        land.act(id, "assign", "brigade", assignee=mark)
    for id in (others, done):
        land.act(id, "assign", "brigade", assignee="user:worker")
    land.lead_to(done, ("feedback", "worker", FIXED), ("close", "brigade"))
    land.lead_to(
        suspended, ("ask_suspension", "town", asked), ("suspend", "brigade", plan | {"plan_due": "2027-06-30"})
    )
    land.clock.pass_by(days=5)
    someone = BODIES[body][0][0]
    again = {"reason": "又堆上了"}
    land.lead_to(reopened, ("feedback", someone, FIXED), ("close", "brigade"), ("reopen", "brigade", again))
    land.clock.pass_by(days=9)
    land.act(fresh, "assign", "brigade", assignee=mark)
    return [late, reopened, suspended, fresh, others, done]


def tries(land: Land, body: str, cases: list[str], chance: Random) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Yield who of the body tries what on which case: mostly what the server offers them there, in any order."""
    names = [name for name, *_ in BODIES[body]]
    for _ in range(45):
        name, id, acts = chance.choice(names), chance.choice(cases), inputs_of(land, body, chance.choice(cases))
        with land.valley.store.reading() as reading:
            record = records.find_for_writing(reading, id)
            offered = todo_column.actions(reading, record, people.actor(reading, name))
        likely = [each for each in acts if action_of(each) in offered] * 3
        way = chance.choice([*likely, *acts])
        yield name, id, action_of(way), acts[way]


def action_of(way: str) -> str:
    """Return the act that one of ``inputs_of`` is a way of."""
    return "edit" if way == "back" else way.removesuffix(LATER)


LATER = "_later"
"""Ends the name of an act with a day as limit."""


def inputs_of(land: Land, body: str, other: str) -> dict[str, dict[str, str]]:
    """Return inputs with which each act is complete, as far as one can know. other: a case to merge into."""
    ahead = (land.clock.at + timedelta(days=20)).date().isoformat()
    tried = {
        "accept": {}, "start": {}, "feedback": FIXED, "close": {}, "rework": {"reason": "partly"},
        "site_check": {"pass": "yes", **FIXED}, "register": {}, "reject": {"reason": "not_fire"},
        "assign": {"assignee": f"body:{body}"}, "reassign": {"assignee": f"user:{BODIES[body][1][0]}"},
        "extend": {"reason": "等配件", "due_on": ahead}, "ask_extension": {"reason": "等配件", "until": ahead},
        "return": {"reason": "不归他管"}, "ask_return": {"reason": "不归我管"}, "resume": {},
        "supervise": {"level": "1", "due_on": ahead}, "reopen": {"reason": "又堆上了"}, "merge": {"into": other},
        "ask_void": {"reason": "登记有误"}, "void": {"reason": "登记有误"}, "split": {"reason": "不是一件"},
        "edit": {"item": "illegal_structure"}, "back": {"item": "hose_aged"}, "withdraw": {},
        "recheck": {"pass": "yes", "method": "phone"}, "transfer": {"body": "住建局", "document": "函1号"},
        "ask_transfer": {"body": "住建局", "reason": "属其职责"}, "decline_void": {"reason": "不属误报"},
    }  # fmt: skip
    later = {f"{each}{LATER}": tried[each] | {"due_on": ahead} for each in ("rework", "reopen", "resume")}
    return tried | later | {f"assign{LATER}": {"assignee": "user:worker", "due_on": ahead}}


def printed(land: Land) -> tuple[dict[str, Fraction | None], dict[str, int]]:
    """Return the rates and the traces of this month in the county."""
    with land.valley.store.reading() as reading:
        period = named(Named.YEAR, day_of(reading.now))
        total = closure_summary.summarise(reading, Query(Scope(places=(Place("130630"),)), None, None, period))
    shares = {code: total.summary.total.rates[code] for code in RATES}
    rates = {code: Fraction(share.n, share.d) if share.d else None for code, share in shares.items()}
    return rates, {code: total.summary.total.counts[code] for code in TRACES}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("body", BODIES)
def test_the_people_of_one_body_leave_a_trace_beside_every_rate_that_they_raise(land, body, seed):
    chance = Random(f"{body} {seed}")
    man(land, body)
    cases = given_to(land, body)
    rates, traces = printed(land)
    done: list[tuple[str, str]] = []

    for name, id, action, inputs in tries(land, body, cases, chance):
        try:
            land.act(id, action, name, **inputs)
        except Refused:
            continue
        done.append((name, action))
        new_rates, new_traces = printed(land)
        risen = [code for code in RATES if (new_rates[code] or 0) > (rates[code] or 0)]
        assert not risen or any(new_traces[code] > traces[code] for code in TRACES), (done, risen)

    assert done, "nothing of all that was tried was allowed"
