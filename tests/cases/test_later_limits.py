"""A limit later than its rule is an extension, whatever the act: by who may extend, twice at most, and counted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cases.case_county import FIXED, Cases, a_peopled_county, day

OFFICER, TOWN, BRIGADE = "village_officer-plain", "town_station-plain", "brigade-plain"


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> Iterator[Cases]:
    with a_peopled_county(tmp_path_factory.mktemp("later") / "data") as cases:
        yield cases


def extended(cases: Cases, case: str) -> int:
    [fact] = cases.county.rows("SELECT extended FROM case_fact WHERE id = :id", id=case)
    return int(fact["extended"])


def refused(cases: Cases, case: str, name: str, action: str, **inputs: str) -> str:
    """Take an act that is refused for its limit alone, and return what is said."""
    before = cases.state(case)
    answer = cases.take(case, name, action, {**cases.inputs(action, "brigade"), **inputs})
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json["errors"]] == ["fields.due_on"]
    assert cases.state(case) == before
    return answer.json["detail"]


LATER = [
    # status, act, its inputs, the last day of its rule
    ("registered", "assign", {"assignee": "user:near"}, 7),
    ("handling", "assign", {"assignee": "user:near"}, 5),
    ("handling", "supervise", {"level": "1"}, 5),
    ("feedback", "rework", {"reason": "还有杂物"}, 5),
    ("suspended", "resume", {}, 7),
    ("closed", "reopen", {"reason": "又堆上了"}, 7),
]


@pytest.mark.parametrize(("status", "action", "inputs", "rule"), LATER)
def test_whichever_act_sets_a_later_limit_extends_the_case(cases, status, action, inputs, rule):
    case = cases.bring(status)

    cases.do(case, TOWN, action, {**inputs, "due_on": day(rule + 3)})

    record = cases.county.get(f"/records/{case}", TOWN).json
    assert extended(cases, case) == 1
    assert "算一次延期" in record["office_note"]


@pytest.mark.parametrize(("status", "action", "inputs", "rule"), LATER)
def test_a_limit_within_the_rule_is_no_extension(cases, status, action, inputs, rule):
    case = cases.bring(status)

    cases.do(case, TOWN, action, {**inputs, "due_on": day(rule - 1)})

    assert extended(cases, case) == 0


@pytest.mark.parametrize(("status", "action", "inputs", "rule"), [row for row in LATER if row[1] != "supervise"])
def test_who_may_not_extend_sets_no_later_limit_and_is_told_the_cure(cases, status, action, inputs, rule):
    case = cases.bring(status)

    said = refused(cases, case, OFFICER, action, **inputs, due_on=day(rule + 3))

    assert "ask_extension" in said and "期限最晚到" in said


def test_extensions_by_any_act_are_two_together(cases):
    case = cases.bring("handling")
    cases.do(case, TOWN, "supervise", {"level": "1", "due_on": day(9)})
    cases.do(case, BRIGADE, "extend", {"reason": "材料未到", "due_on": day(12)})

    assert "已经延期2次" in refused(cases, case, BRIGADE, "supervise", level="2", due_on="2028-12-01")
    assert "已经延期2次" in refused(cases, case, TOWN, "assign", assignee="user:near", due_on=day(14))
    assert extended(cases, case) == 2


def test_a_town_moves_a_limit_by_thirty_days_at_most_by_any_act(cases):
    case = cases.bring("handling")  # due in 5 days

    assert "30天" in refused(cases, case, TOWN, "assign", assignee="user:near", due_on=day(36))
    cases.do(case, TOWN, "assign", {"assignee": "user:near", "due_on": day(35)})


def test_nobody_gives_himself_or_a_peer_more_time(cases):
    case = cases.bring("registered")

    for mark in ("user:town_station-plain", "user:town_station-author"):
        assert "ask_extension" in refused(cases, case, TOWN, "assign", assignee=mark, due_on=day(9))
    cases.do(case, TOWN, "assign", {"assignee": "user:town_station-handler"})
    assert "ask_extension" in refused(cases, case, TOWN, "supervise", level="1", due_on=day(9))
    cases.do(case, BRIGADE, "supervise", {"level": "2", "due_on": day(9)})
    assert extended(cases, case) == 1


def test_a_check_on_the_spot_that_fails_sets_no_later_limit_either(cases):
    case = cases.bring("assigned", given="body:empty")

    said = refused(cases, case, OFFICER, "site_check", **FIXED, **{"pass": "no", "reason": "没改", "due_on": day(30)})

    assert "期限最晚到" in said


@pytest.mark.parametrize(
    ("status", "cure"),
    [
        ("reported", "先派遣"),
        ("registered", "先派遣"),
        ("feedback", "返工"),
        ("suspended", "恢复处置"),
        ("transferred", "恢复处置"),
    ],
)
def test_supervision_names_no_day_for_a_case_whose_limit_does_not_run(cases, status, cure):
    case = cases.bring(status)

    said = refused(cases, case, BRIGADE, "supervise", level="2", due_on=day(3))

    assert cure in said and "不填期限" in said
    cases.do(case, BRIGADE, "supervise", {"level": "2"})


def test_a_town_does_not_lower_the_supervision_of_the_brigade(cases):
    case = cases.bring("handling")
    cases.do(case, TOWN, "supervise", {"level": "1"})
    cases.do(case, BRIGADE, "supervise", {"level": "3"})

    answer = cases.take(case, TOWN, "supervise", {"level": "1"})

    assert (answer.status_code, "挂牌督办只能由大队调整" in answer.json["detail"]) == (403, True)
    assert "supervised_3" in cases.county.get(f"/records/{case}", TOWN).json["flags"]
    cases.do(case, BRIGADE, "supervise", {"level": "2"})


def test_one_extension_is_ninety_days_at_most_and_longer_is_a_suspension(cases):
    case = cases.bring("handling")  # due in 5 days
    longer = day(96)

    for action in ("extend", "assign", "supervise"):
        said = refused(cases, case, BRIGADE, action, due_on=longer)
        assert "一次延期最多90天" in said and "申请挂账" in said
    answer = cases.take(case, "hand", "ask_extension", {"reason": "材料未到", "until": longer})
    assert (answer.status_code, "申请挂账" in answer.json["detail"]) == (422, True)

    cases.do(case, BRIGADE, "extend", {"due_on": day(95)})
    assert extended(cases, case) == 1


def test_a_first_limit_lies_at_most_ninety_days_beyond_its_rule(cases):
    case = cases.bring("registered")  # seven days by the rule

    assert "90天" in refused(cases, case, BRIGADE, "assign", due_on=day(99))
    cases.do(case, BRIGADE, "assign", {"due_on": day(96)})
