"""A case is made void by two levels: one asks, the level above decides; until then it counts and its clocks run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.people.usecases import phone_keys
from server.staffing.usecases import enrolment
from tests.api_county import TOWN, VILLAGE
from tests.cases.case_county import Cases, a_peopled_county, day

OFFICER, TOWN_STATION, BRIGADE, ADMIN = (
    "village_officer-plain",
    "town_station-plain",
    "brigade-plain",
    "county_admin-plain",
)
WHY = {"reason": "登记有误"}


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> Iterator[Cases]:
    with a_peopled_county(tmp_path_factory.mktemp("void") / "data") as cases:
        yield cases


def refused(cases: Cases, case: str, name: str, action: str = "void") -> tuple[int, str]:
    """Take a decision that is refused and changes nothing; return the HTTP status and what is said."""
    before = cases.state(case)
    answer = cases.take(case, name, action, WHY)
    assert cases.state(case) == before, answer.text
    return answer.status_code, answer.json["detail"]


@pytest.mark.parametrize(
    ("asker", "may", "may_not"),
    [
        (OFFICER, (TOWN_STATION, BRIGADE, ADMIN), (OFFICER, "village_officer-author")),
        (TOWN_STATION, (BRIGADE, ADMIN), (OFFICER, TOWN_STATION, "town_station-author")),
        ("chief", (BRIGADE, ADMIN), ("chief", TOWN_STATION, OFFICER)),
    ],
)
def test_what_one_level_asks_for_the_level_above_decides(cases, asker, may, may_not):
    for name in may:
        case = cases.bring("handling")
        cases.do(case, asker, "ask_void")
        for other in may_not:
            assert refused(cases, case, other)[0] == 403, other
        assert cases.do(case, name, "void")["status"] == "void"


@pytest.mark.parametrize("action", ["ask_void", "ask_major"])
def test_lists_of_records_tell_what_was_asked_about_the_case_itself(cases, action):
    case = cases.bring("handling")

    cases.do(case, OFFICER, action)

    [row] = cases.county.get(f"/records?q={case}", OFFICER).json["items"]
    assert (row["id"], row["requests"]) == (case, [action])


def test_nobody_makes_a_case_void_that_nobody_asked_to(cases):
    case = cases.bring("handling")

    status, said = refused(cases, case, BRIGADE)

    assert status == 409
    assert "ask_void" in said and "上一级" in said


def test_a_case_counts_and_its_clock_runs_until_void_is_decided(cases):
    case = cases.bring("handling")
    before = cases.county.get(f"/records/{case}", OFFICER).json

    cases.do(case, OFFICER, "ask_void")
    asked = cases.county.get(f"/records/{case}", OFFICER).json
    cases.do(case, TOWN_STATION, "decline_void")
    declined = cases.county.get(f"/records/{case}", OFFICER).json

    assert [each["status"] for each in (before, asked, declined)] == ["handling"] * 3
    assert before["due_at"] == asked["due_at"] == declined["due_at"]
    assert "void_pending" in asked["flags"] and "void_pending" not in declined["flags"]
    assert "不同意作废：请按期办好" in declined["office_note"]
    assert refused(cases, case, TOWN_STATION)[0] == 409


def test_a_request_for_void_stands_while_the_case_goes_on(cases):
    case = cases.bring("handling")
    cases.do(case, OFFICER, "ask_void")

    cases.do(case, "hand", "feedback")
    [found] = [each for each in cases.county.get("/requests?kind=void", TOWN_STATION).json["items"]
               if each["case"]["id"] == case]  # fmt: skip

    assert (found["asked_by"], found["actions"], found["reason"]) == (OFFICER, ["void", "decline_void"], "登记有误")
    assert cases.do(case, TOWN_STATION, "void")["status"] == "void"


def test_who_has_the_case_does_not_make_it_void(cases):
    case = cases.bring("assigned", given="user:town_station-handler")
    cases.do(case, OFFICER, "ask_void")

    status, said = refused(cases, case, "town_station-handler")

    assert status == 403
    assert "您或您的单位承办" in said
    assert cases.do(case, TOWN_STATION, "void")["status"] == "void"


def test_standing_in_for_a_vacant_village_is_no_second_level(cases):
    county = cases.county

    def lay(tx):
        for name in ("far-town", "far-town-2"):
            enrolment.add_user(tx, name, role="town_station", area=TOWN, by="test")
            county.keys[name] = phone_keys.issue(tx, name, by="test")
        tx.sql.run("UPDATE duty SET ends_at = :now WHERE role = 'village_officer' AND area = :area",
                   {"now": tx.now, "area": VILLAGE})  # fmt: skip

    county.store.write(lay)
    case = cases.bring("handling")
    cases.do(case, "far-town", "ask_void")

    assert refused(cases, case, "far-town-2")[0] == 403
    assert cases.do(case, BRIGADE, "void")["status"] == "void"


def test_the_ledger_of_decisions_tells_void_ones_too(cases):
    case = cases.bring("registered")
    cases.do(case, TOWN_STATION, "ask_void")
    cases.do(case, BRIGADE, "void")

    [found] = [each for each in cases.county.get("/requests/decided?kind=void", BRIGADE).json["items"]
               if each["case"]["id"] == case]  # fmt: skip

    assert (found["granted"], found["asked_by"], found["by"]) == (True, TOWN_STATION, BRIGADE)


def test_a_major_hazard_is_asked_for_by_the_town_and_found_by_the_brigade(cases):
    case, other = cases.bring("assigned"), cases.bring("assigned")
    for each in (case, other):
        cases.do(each, TOWN_STATION, "ask_major")

    assert cases.take(case, TOWN_STATION, "mark_major", cases.inputs("mark_major", "brigade")).status_code == 403
    cases.do(case, BRIGADE, "mark_major")
    cases.do(other, BRIGADE, "decline_major")

    flags = [cases.county.get(f"/records/{each}", BRIGADE).json["flags"] for each in (case, other)]
    assert ["major" in each for each in flags] == [True, False]
    assert not any("major_pending" in each for each in flags)
    assert cases.take(case, TOWN_STATION, "ask_major", WHY).status_code == 409


def test_an_extension_is_decided_above_whoever_has_the_case(cases):
    case = cases.bring("assigned", given="user:town_station-handler")
    cases.do(case, "town_station-handler", "ask_extension")

    assert cases.take(case, TOWN_STATION, "extend", {"reason": "材料未到", "due_on": day(9)}).status_code == 403
    cases.do(case, BRIGADE, "extend")
