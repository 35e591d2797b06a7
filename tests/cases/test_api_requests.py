"""What handlers ask for is listed, oldest first, for whoever sees the case; what was decided is kept as a ledger."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest

from server.cases.usecases import requests
from tests.cases.case_county import PLAN, Cases, a_peopled_county, day

TOWN, BRIGADE, OFFICER = "town_station-plain", "brigade-plain", "village_officer-plain"
REASON = "开工令已下，请按原期限完成"


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> Iterator[Cases]:
    with a_peopled_county(tmp_path_factory.mktemp("requests") / "data") as cases:
        yield cases


def asked(cases: Cases, action: str, **inputs: str) -> str:
    """Return a new case on which its handler has asked for something."""
    case = cases.bring("accepted")
    cases.do(case, "hand", action, inputs)
    return case


def listed(cases: Cases, name: str, case: str, query: str = "") -> list[dict]:
    answer = cases.county.get(f"/requests{query}", name)
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json["items"] if each["case"]["id"] == case]


def decided(cases: Cases, name: str, case: str, query: str = "") -> list[dict]:
    items = cases.county.get(f"/requests/decided{query}", name).json["items"]
    return [each for each in items if each["case"]["id"] == case]


def test_a_request_says_who_wants_what_why_and_what_granting_it_does(cases):
    case = asked(cases, "ask_extension", reason="等材料", until=day(9), safeguard="每日巡查")

    [found] = listed(cases, TOWN, case)

    assert (found["kind"], found["asked_by"], found["reason"], found["safeguard"]) == (
        *("extension", "hand", "等材料"),
        "每日巡查",
    )
    assert (found["if_granted"]["until"], found["if_granted"]["times"], found["if_granted"]["most"]) == (day(9), 1, 2)
    assert found["if_granted"]["days"] > 0
    assert found["actions"] == ["extend", "decline_extension"]


@pytest.mark.parametrize(
    ("action", "may"),
    [
        ("ask_return", {TOWN, BRIGADE, OFFICER}),
        ("ask_extension", {TOWN, BRIGADE}),
        ("ask_suspension", {BRIGADE}),
    ],
)
def test_a_request_is_offered_to_those_who_may_decide_it(cases, action, may):
    case = asked(cases, action)

    for name in (TOWN, BRIGADE, OFFICER, "grid_leader-plain", "viewer-plain", "hand"):
        [found] = listed(cases, name, case)
        assert bool(found["actions"]) is (name in may), name
        assert bool(listed(cases, name, case, "?decidable=true")) is (name in may), name
    assert listed(cases, "town_station-abroad", case) == []


def test_the_oldest_request_comes_first(cases):
    first, second = asked(cases, "ask_return"), asked(cases, "ask_extension")

    order = [each["case"]["id"] for each in cases.county.get("/requests", BRIGADE).json["items"]]

    assert order.index(first) < order.index(second)
    assert listed(cases, BRIGADE, first, "?kind=extension") == []


def test_what_is_declined_is_off_the_list_and_its_asker_reads_why(cases):
    case = asked(cases, "ask_extension")
    before = cases.county.get(f"/records/{case}", "hand").json

    cases.do(case, TOWN, "decline_extension", {"reason": REASON})

    after = cases.county.get(f"/records/{case}", "hand").json
    assert listed(cases, TOWN, case) == []
    assert (after["status"], after["due_at"]) == (before["status"], before["due_at"])
    assert f"不同意延期：{REASON}" in after["office_note"]
    assert "extension_pending" not in after["flags"]
    assert "ask_extension" in after["case"]["actions"]  # who was turned down may ask again


def test_a_request_is_decided_once(cases):
    case = asked(cases, "ask_return")
    cases.do(case, TOWN, "decline_return", {"reason": REASON})

    again = cases.take(case, OFFICER, "decline_return", {"reason": REASON})

    assert (again.status_code, again.json["type"]) == (409, "/problems/illegal-step")


def test_the_ledger_says_who_decided_what_and_what_had_been_asked(cases):
    case = asked(cases, "ask_extension", reason="等材料", until=day(9))
    cases.do(case, TOWN, "decline_extension", {"reason": REASON})
    cases.do(case, "hand", "ask_extension", {"reason": "下雪", "until": day(9)})
    cases.do(case, BRIGADE, "extend", {"reason": "下雪", "due_on": day(9)})
    cases.do(case, "hand", "ask_suspension", {"reason": "要等雨季过后"})
    cases.do(case, BRIGADE, "suspend", PLAN)

    found = decided(cases, BRIGADE, case)

    assert [(each["action"], each["granted"], each["by"], each["asked_reason"]) for each in found] == [
        ("suspend", True, BRIGADE, "要等雨季过后"),
        ("extend", True, BRIGADE, "下雪"),
        ("decline_extension", False, TOWN, "等材料"),
    ]
    assert found[1]["due_after"] == day(9)
    assert found[1]["due_before"] < day(9)
    assert len(decided(cases, BRIGADE, case, f"?by={TOWN}")) == 1
    assert len(decided(cases, BRIGADE, case, "?kind=suspension")) == 1
    assert decided(cases, "town_station-abroad", case) == []


def test_what_nobody_had_asked_for_is_in_the_ledger_too(cases):
    case = cases.bring("accepted")
    cases.do(case, TOWN, "return")

    [found] = decided(cases, TOWN, case)

    assert (found["action"], found["asked_by"], found["asked_at"]) == ("return", None, None)


def test_the_ledger_is_paged_newest_first(cases):
    for _ in range(3):
        cases.do(asked(cases, "ask_return"), TOWN, "decline_return", {"reason": REASON})
    whole = [each["at"] for each in cases.county.get("/requests/decided", BRIGADE).json["items"]]

    first = cases.county.get("/requests/decided?limit=2", BRIGADE).json
    rest = cases.county.get(f"/requests/decided?cursor={first['next']}", BRIGADE).json

    assert [each["at"] for each in (*first["items"], *rest["items"])] == whole == sorted(whole, reverse=True)


def test_the_ledger_leaves_as_a_file_for_those_who_may_export(cases):
    case = asked(cases, "ask_return", reason="=HYPERLINK(1)")
    cases.do(case, TOWN, "decline_return", {"reason": REASON})

    rows = list(csv.reader(io.StringIO(cases.county.get("/requests/decided.csv", TOWN).text.lstrip("\ufeff"))))

    row = next(row for row in rows if row[-1] == case)
    assert row[:2] == ["退回", "不同意"]
    assert row[7] == "'=HYPERLINK(1)"  # no formula
    assert cases.county.get("/requests/decided.xlsx", TOWN).status_code == 200
    assert cases.county.get("/requests/decided.csv", "hand").status_code == 403


def test_an_extension_that_would_be_refused_as_it_was_asked_for_says_why(cases):
    case = asked(cases, "ask_extension", until=day(90))

    [to_town] = listed(cases, TOWN, case)
    [to_brigade] = listed(cases, BRIGADE, case)

    assert "30" in to_town["obstacle"] and to_town["actions"] == ["extend", "decline_extension"]
    assert to_brigade["obstacle"] == ""


def test_a_third_extension_can_only_be_declined(cases):
    case = asked(cases, "ask_extension", until=day(90))
    for until in (day(91), day(92)):
        cases.do(case, BRIGADE, "extend", {"due_on": until})
        cases.do(case, "hand", "ask_extension", {"until": day(99)})

    [found] = listed(cases, BRIGADE, case)

    assert found["actions"] == ["decline_extension"]
    assert "已经延期2次" in found["obstacle"]


def test_every_open_request_is_listed_however_many_are_read_at_once(cases, monkeypatch):
    mine = {asked(cases, "ask_return") for _ in range(3)}
    monkeypatch.setattr(requests, "PAGE_ROWS", 2)

    items = cases.county.get("/requests", BRIGADE).json["items"]

    assert mine <= {each["case"]["id"] for each in items}
    assert len({(each["case"]["id"], each["kind"]) for each in items}) == len(items)


@pytest.mark.parametrize(
    ("action", "asker", "level"),
    [
        ("ask_return", "hand", "village"),
        ("ask_extension", "hand", "town"),
        ("ask_suspension", "hand", "brigade"),
        ("ask_void", OFFICER, "town"),
        ("ask_void", TOWN, "brigade"),
        ("ask_void", "chief", "county"),
        ("ask_major", OFFICER, "brigade"),
    ],
)
def test_a_request_waits_for_one_level_until_a_day(cases, action, asker, level):
    case = cases.bring("accepted")
    cases.do(case, asker, action)

    [found] = listed(cases, BRIGADE, case)

    assert found["level"] == level
    assert found["decide_by"] > found["asked_at"]
    assert listed(cases, BRIGADE, case, "?overdue=true") == []
