"""Whatever is done to cases over the API, every figure is what their histories come to, and opens into as many cases.

The histories are asked for over the API, too, and counted by ``server.simulate.recount``, which knows nothing of how
the program keeps its figures. Cases are closed and reopened, merged and split, void and corrected at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kobo_forms
from server.grid.domain.areas import path_of
from server.instants import BEIJING, parse, text
from server.simulate import recount
from server.summaries.domain.periods import Period, months_of
from tests.case_land import ESTATE, FAR_UNIT, NEXT_UNIT, UNIT, lay
from tests.county import County, a_county
from tests.laws import examples

MAY = {
    "reported": ("register", "assign", "assign", "assign", "reject", "merge", "void"),
    "registered": ("assign", "assign", "assign", "merge", "merge", "void"),
    "merged": ("split",),
    "assigned": ("feedback", "feedback", "accept", "return", "transfer", "void"),
    "accepted": ("start", "feedback", "extend", "suspend"),
    "handling": ("feedback", "feedback", "feedback", "extend", "suspend", "transfer", "supervise", "void"),
    "suspended": ("resume",),
    "transferred": ("resume",),
    "feedback": ("close", "close", "close", "rework"),
    "closed": ("reopen",),
    "spot_closed": ("reopen",),
}
"""What is tried in each status; what a rule forbids changes nothing."""
ACTORS = ("brigade", "admin", "town", "worker", "officer", "east")
CATEGORIES = ("gas", "lane", "electrical", "unheard_of")
KNOWN = tuple(row["name"] for row in kobo_forms.codes("hazard_categories"))
AREAS = {"worker": UNIT, "neighbour": NEXT_UNIT, "stranger": FAR_UNIT, "east": f"{ESTATE}001"}


class Months:
    """The life of a county over some months: what its people do to some cases, in the order of a random source."""

    def __init__(self, county: County, chance: Random) -> None:
        self.county, self.chance = county, chance
        self.cases: list[str] = []
        self.author: dict[str, str] = {}
        self.status: dict[str, str] = {}
        self.instants: list[str] = []

    def live(self, cases: int, acts: int) -> None:
        for _ in range(cases + acts):
            self.county.clock.pass_by(hours=self.chance.choice((0, 1, 20, 60, 200)), seconds=self.chance.randrange(60))
            if len(self.cases) < cases and (not self.cases or self.chance.random() < 0.3):
                self.report()
            else:
                self.act(self.chance.choice(self.cases))
            self.instants.append(text(self.county.clock()))

    def report(self) -> None:
        name = self.chance.choice(tuple(AREAS))
        fields = {"item": "hose_aged", "category": self.chance.choice(CATEGORIES), "label": "一号楼", "place": "一号楼"}
        if self.chance.random() < 0.4:
            fields["item"] = "corridor_blocked"
        action = self.chance.choice(("report", "report", "report", "spot_close"))
        asked = {"type": "hazards", "action": action, "area": AREAS[name], "fields": fields}
        answer = self.county.post("/records", name, asked)
        assert answer.status_code == 201, answer.text
        self.cases.append(answer.json["record"]["id"])
        self.author[self.cases[-1]] = name
        self.status[self.cases[-1]] = answer.json["record"]["status"]

    def act(self, case: str) -> None:
        may = MAY.get(self.status[case])
        if self.chance.random() < 0.15:
            version = self.county.get(f"/records/{case}", "brigade").json["version"]
            fields = {"category": self.chance.choice(CATEGORIES)}
            self.tried(case, self.author[case], {"action": "edit", "base_version": version, "fields": fields})
            return
        if may is None:
            return
        action = self.chance.choice(may)
        if action in ("transfer", "void"):  # each is asked for first, and decided a level above
            asked_for = {"action": f"ask_{action}", "fields": {"body": "住建局", "reason": "属其职责"}}
            any(self.tried(case, name, asked_for) for name in self.chance.sample(ACTORS, k=len(ACTORS)))
        asked = {"action": action, "fields": self.inputs(action)}
        any(self.tried(case, name, asked) for name in self.chance.sample(ACTORS, k=3))

    def tried(self, case: str, name: str, asked: Mapping[str, Any]) -> bool:
        answer = self.county.post(f"/records/{case}/changes", name, asked)
        assert answer.status_code < 500, answer.text
        if answer.status_code == 200:
            self.status[case] = answer.json["record"]["status"]
        return answer.status_code == 200

    def inputs(self, action: str) -> dict[str, str]:
        today = self.county.clock.at.astimezone(BEIJING).date()
        due = {"due_on": f"{today + timedelta(days=self.chance.randrange(1, 20))}"}
        return {
            "assign": {"assignee": self.chance.choice(("user:worker", "user:officer", "user:east")), **due},
            "reject": {"reason": "not_fire"},
            "merge": {"into": self.chance.choice(self.cases)},
            "split": {"reason": "不是同一处"},
            "return": {"reason": "不归他管"},
            "extend": {"reason": "材料未到", "due_on": f"{today + timedelta(days=25)}"},
            "suspend": {"reason": "等雨季过后", "plan": "更换", "plan_due": f"{today + timedelta(days=90)}",
                        "leader": "李某", "safeguard": "看守"},
            "transfer": {"body": "住建局", "document": "函7号"},
            "feedback": {"result_code": "fixed", "no_photo_reason": "too_dark"},
            "rework": {"reason": "还有杂物", **due},
            "reopen": {"reason": "又堆上了", **due},
            "supervise": {"level": "2"},
            "void": {"reason": "登记有误"},
        }.get(action, {})  # fmt: skip

    def history(self) -> Iterator[dict[str, Any]]:
        for case in self.cases:
            path = path_of(self.county.get(f"/records/{case}", "brigade").json["area"])
            for revision in self.county.get(f"/records/{case}/history", "brigade").json["items"]:
                yield revision | {"record": case, "path": path, "at": revision["received_at"]}


def days_near(chance: Random, months: Months) -> Period:
    """Return a period of days, or of whole months, in the time that was lived through."""
    days = sorted(parse(chance.choice(months.instants)).astimezone(BEIJING).date() for _ in range(2))
    if chance.random() < 0.5:
        after = (days[1].replace(day=28) + timedelta(days=4)).replace(day=1)
        return Period(days[0].replace(day=1), after - timedelta(days=1))
    return Period(days[0], days[1])


def recounted(
    rows: list[dict[str, Any]], period: Period, at: str, key: tuple[str, str] | None = None
) -> Mapping[str, int | None]:
    """Return the counts of a period, or of one row of it, from the revisions until an instant.

    Days that had not begun by then count nothing, not even nought. key: by what the rows are, and the key of this one.
    """
    cases = recount.of_history(row for row in rows if row["at"] <= at)
    if key is not None and key[0] == "category":
        cases = [case for case in cases if (case.category if case.category in KNOWN else "-") == key[1]]
    if key is not None and key[0] == "town":
        cases = [case for case in cases if f"{case.path}/".startswith(f"{path_of(key[1])}/")]
    if key is not None and key[0] == "month":
        period = dict(months_of(period))[key[1]]
    counts = recount.counts(cases, parse(period.starts_at), parse(period.ends_at), parse(at))
    return counts if at >= period.starts_at else dict.fromkeys(counts)


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_every_figure_is_what_the_histories_come_to_at_every_instant_and_opens_into_as_many_cases(seed):
    chance = Random(seed)
    with TemporaryDirectory() as folder, a_county(Path(folder) / "data", lay) as county:
        months = Months(county, chance)
        months.live(cases=6, acts=50)
        rows = list(months.history())
        for by in ("town", "category", "month", "town", "month"):
            period = days_near(chance, months)
            at = chance.choice(months.instants)
            query = f"by={by}&from={period.first}&to={period.last}&as_of={at}"
            told = county.get(f"/summaries/closure?{query}", "brigade").json

            assert told["total"]["counts"] == recounted(rows, period, at), query
            for row in told["rows"]:
                assert row["counts"] == recounted(rows, period, at, (by, row["key"])), (query, row["key"])
            row = chance.choice([told["total"] | {"cases": told["cases"]}, *told["rows"]])
            opens(county, row, at)


def opens(county: County, row: Mapping[str, Any], at: str) -> None:
    """Assert that every number of a row opens into as many cases, which had been reported by the instant."""
    numbers = {figure: number for figure, number in row["counts"].items() if number is not None}
    for figure, number in numbers.items():
        address = row["cases"].replace("{&figure}", f"&figure={figure}&limit=1000").removeprefix("/api/v1")
        items = county.get(address, "brigade").json["items"]
        assert len(items) == number, (address, number)
        assert all(item["received_at"] <= at for item in items)
