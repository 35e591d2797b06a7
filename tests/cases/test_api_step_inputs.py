"""What a step must be told is asked for by name, and each limit of a role holds over the API (``domain.md`` 3.2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.people.usecases import phone_keys
from server.staffing.usecases import enrolment
from tests.api_county import VILLAGE
from tests.cases.case_county import FIXED, PLAN, Cases, a_peopled_county, day

NEEDS = {
    "reject": ("reported", "brigade-plain", ("reason",)),
    "merge": ("registered", "brigade-plain", ("into",)),
    "split": ("merged", "brigade-plain", ("reason",)),
    "assign": ("registered", "brigade-plain", ("assignee",)),
    "reassign": ("suspended", "brigade-plain", ("assignee",)),
    "ask_return": ("assigned", "hand", ("reason",)),
    "ask_extension": ("accepted", "hand", ("reason",)),
    "ask_suspension": (
        *("handling", "hand"),
        ("reason", "plan", "until", "leader", "milestones", "safeguard"),
    ),
    "return": ("assigned", "brigade-plain", ("reason",)),
    "extend": ("assigned", "brigade-plain", ("due_on", "reason")),
    "suspend": ("handling", "brigade-plain", ("reason", "plan", "plan_due", "leader", "safeguard")),
    "ask_transfer": ("assigned", "brigade-plain", ("body", "reason")),
    "feedback": ("handling", "hand", ("result_code", "no_photo_reason")),
    "rework": ("feedback", "brigade-plain", ("reason",)),
    "reopen": ("closed", "brigade-plain", ("reason",)),
    "ask_void": ("registered", "brigade-plain", ("reason",)),
    "ask_major": ("registered", "town_station-plain", ("reason",)),
    "supervise": ("assigned", "brigade-plain", ("level",)),
    "mark_major": ("assigned", "brigade-plain", ("person_1", "person_2", "person_3", "document", "rules")),
    "note": ("closed", "brigade-plain", ("note",)),
}
"""What each action must be told (``design.md`` section 5), a status to ask in, and who may take it."""
MISSING = [(action, name) for action, (_, _, names) in NEEDS.items() for name in names]


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> Iterator[Cases]:
    """The cases of a county that these tests share."""
    with a_peopled_county(tmp_path_factory.mktemp("inputs") / "data") as cases:
        yield cases


def refused(cases: Cases, case: str, name: str, action: str, fields: dict[str, str]):
    """Take a step that is refused and leaves nothing behind; return the answer."""
    before = cases.state(case)
    answer = cases.take(case, name, action, fields)
    assert answer.status_code >= 400, answer.text
    assert cases.state(case) == before
    return answer


def asked_for(cases: Cases, case: str, name: str, action: str, fields: dict[str, str]) -> set[str]:
    """Return the inputs that a refusal of status 422 names."""
    answer = refused(cases, case, name, action, fields)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/invalid"), answer.text
    return {error["field"].removeprefix("fields.") for error in answer.json["errors"]}


def forbidden(cases: Cases, case: str, name: str, action: str, fields: dict[str, str], words: str) -> None:
    answer = refused(cases, case, name, action, fields)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/not-allowed"), answer.text
    assert words in answer.json["detail"]


@pytest.mark.parametrize(("action", "name"), MISSING)
@pytest.mark.parametrize("said", [None, "", " \t", "\u3000"], ids=["missing", "empty", "blank", "wide blank"])
def test_an_input_that_must_be_there_is_asked_for_by_name(cases, action, name, said):
    status, who, _ = NEEDS[action]
    _, case = cases.case(status, "brigade", "plain")
    fields = {key: value for key, value in cases.inputs(action, "brigade").items() if key != name}

    found = asked_for(cases, case, who, action, fields if said is None else fields | {name: said})

    assert found == {name}


def test_everything_that_is_missing_is_asked_for_at_once(cases):
    _, case = cases.case("handling", "brigade", "plain")

    assert asked_for(cases, case, "brigade-plain", "suspend", {}) == {*PLAN}


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, {"pass"}),
        ({"pass": "perhaps"}, {"pass"}),
        ({"pass": "yes"}, {"result_code", "no_photo_reason"}),
        ({"pass": "yes", "result_code": "fixed_partly", "no_photo_reason": "夜间"}, {"result_code"}),
        ({"pass": "no"}, {"reason"}),
    ],
)
def test_a_check_on_the_spot_says_whether_it_passes_and_why(cases, fields, names):
    _, case = cases.case("assigned", "brigade", "unmanned")

    assert asked_for(cases, case, "chief", "site_check", fields) == names


@pytest.mark.parametrize(
    ("action", "status", "who", "name", "value"),
    [
        ("supervise", "assigned", "brigade-plain", "due_on", "2020-01-01"),
        ("resume", "suspended", "brigade-plain", "due_on", "明天"),
        ("rework", "feedback", "brigade-plain", "due_on", "2026-02-30"),
        ("reopen", "closed", "brigade-plain", "due_on", "2020-01-01"),
        ("reopen", "closed", "brigade-plain", "assignee", "user:nobody"),
        ("suspend", "handling", "brigade-plain", "plan_due", "2020-01-01"),
        ("ask_extension", "handling", "hand", "until", "下周"),
        ("feedback", "handling", "hand", "result_code", "vanished"),
        ("assign", "registered", "brigade-plain", "helpers", "body:none"),
        ("extend", "assigned", "brigade-plain", "due_on", day(3)),
        ("ask_void", "registered", "brigade-plain", "reason", "x"),
    ],
)
def test_an_input_that_cannot_be_is_named(cases, action, status, who, name, value):
    _, case = cases.case(status, "brigade", "plain")
    fields = cases.inputs(action, "brigade") | {name: value}

    assert asked_for(cases, case, who, action, fields) == {name}


@pytest.mark.parametrize(
    ("who", "reached", "beyond"),
    [
        ("grid_leader-plain", ["user:near", "user:reporter"],
         ["user:village_officer-plain", "user:police-plain", "user:unit_manager-plain", "body:held", "body:dept-gas"]),
        ("village_officer-plain",
         ["user:near", "user:police-plain", "user:grid_leader-plain", "user:unit_manager-plain", "body:held",
          "body:vc"],
         ["user:town_station-plain", "user:dept_handler-plain", "user:grid_worker-abroad", "user:neighbour",
          "body:dept-gas"]),
        ("town_station-plain",
         ["user:near", "user:neighbour", "user:town_station-plain", "user:dept_handler-plain", "body:dept-gas"],
         ["user:grid_worker-abroad", "user:brigade-plain", "user:viewer-plain"]),
        ("brigade-plain", ["user:near", "user:grid_worker-abroad", "body:dept-gas"],
         ["user:brigade-plain", "user:county_admin-plain", "user:auditor-plain"]),
    ],
)  # fmt: skip
def test_each_role_gives_work_only_as_far_as_it_reaches(cases, who, reached, beyond):
    for mark in beyond:
        _, case = cases.case("registered", "brigade", "plain")
        assert asked_for(cases, case, who, "assign", {"assignee": mark}) == {"assignee"}, mark
        assert asked_for(cases, case, who, "assign", {"assignee": "user:near", "helpers": mark}) == {"helpers"}, mark
    for mark in reached:
        taken = cases.do(cases.bring("registered"), who, "assign", {"assignee": mark})
        assert (taken["status"], taken["assignee"]) == ("assigned", mark)


def test_who_reopens_a_case_gives_it_only_as_far_as_they_reach(cases):
    _, case = cases.case("closed", "brigade", "plain")
    fields = {"reason": "又堆上了", "assignee": "body:dept-gas"}

    assert asked_for(cases, case, "village_officer-plain", "reopen", fields) == {"assignee"}


def test_a_leader_moves_work_but_does_not_take_a_report_in(cases):
    _, case = cases.case("reported", "brigade", "plain")
    given = {"assignee": "user:near"}

    forbidden(cases, case, "grid_leader-plain", "assign", given, "立项")
    assert cases.do(cases.bring("registered"), "grid_leader-plain", "assign", given)["status"] == "assigned"
    assert cases.do(cases.bring("handling"), "grid_leader-plain", "assign", given)["assignee"] == "user:near"


def test_a_town_extends_by_thirty_days_at_most_and_nobody_more_than_twice(cases):
    case = cases.bring("assigned")  # due in 5 days
    later = {"reason": "材料未到", "due_on": day(36)}

    assert asked_for(cases, case, "town_station-plain", "extend", later) == {"due_on"}
    cases.do(case, "town_station-plain", "extend", later | {"due_on": day(35)})
    assert asked_for(cases, case, "town_station-plain", "extend", later | {"due_on": day(35)}) == {"due_on"}
    cases.do(case, "brigade-plain", "extend", later | {"due_on": day(120)})
    for who in ("town_station-plain", "brigade-plain"):
        assert asked_for(cases, case, who, "extend", later | {"due_on": day(121)}) == {"due_on"}


def test_a_major_hazard_is_extended_by_the_brigade_alone_and_closed_by_no_leader(cases):
    case = cases.bring("assigned")
    cases.do(case, "chief", "mark_major")
    later = {"reason": "材料未到", "due_on": day(9)}

    assert asked_for(cases, case, "town_station-plain", "extend", later) == {"due_on"}
    cases.do(case, "brigade-plain", "extend", later)
    cases.do(case, "hand", "feedback")
    for who in ("grid_leader-plain", "grid_worker-plain"):
        forbidden(cases, case, who, "close", {}, "重大")
    assert cases.do(case, "village_officer-plain", "close")["status"] == "closed"


@pytest.mark.parametrize(
    ("who", "allowed", "not_allowed"), [("town_station-plain", "1", "23"), ("brigade-plain", "23", "1")]
)
def test_each_role_supervises_on_its_own_levels(cases, who, allowed, not_allowed):
    for level in not_allowed:
        _, case = cases.case("reported", "brigade", "plain")
        forbidden(cases, case, who, "supervise", {"level": level}, "级督办")
    for level in allowed:
        case = cases.bring("suspended")
        cases.do(case, who, "supervise", {"level": level})
        assert f"supervised_{level}" in cases.county.get(f"/records/{case}", who).json["flags"]


def test_who_had_the_case_before_acts_on_it_no_more_and_still_may_not_check_it(cases):
    case = cases.bring("accepted")
    cases.do(case, "chief", "assign", {"assignee": "user:near"})

    for action, fields in (("accept", {}), ("feedback", FIXED), ("ask_return", {"reason": "不归我管"})):
        answer = refused(cases, case, "hand", action, fields)
        assert answer.status_code == 403, answer.text
    cases.do(case, "near", "feedback")
    forbidden(cases, case, "hand", "close", {}, "办理过")


def test_what_a_co_handler_tells_does_not_hand_the_case_in(cases):
    case = cases.bring("registered")
    cases.do(case, "chief", "assign", {"assignee": "user:near", "helpers": "user:hand"})

    assert cases.do(case, "hand", "feedback")["status"] == "assigned"
    assert cases.do(case, "near", "feedback")["status"] == "feedback"
    forbidden(cases, case, "hand", "close", {}, "办理过")


def test_a_committees_own_work_is_checked_by_the_reporter_or_from_above(cases):
    county = cases.county

    def lay(tx):
        for name in ("clerk", "other-clerk"):
            enrolment.add_user(tx, name, role="village_officer", area=VILLAGE, body="vc", by="test")
            county.keys[name] = phone_keys.issue(tx, name, by="test")

    county.store.write(lay)
    case, reported_by_clerk = cases.report("reporter"), cases.report("other-clerk")
    for each in (case, reported_by_clerk):
        cases.do(each, "chief", "assign", {"assignee": "body:vc"})
        cases.do(each, "clerk", "feedback")

    for who in ("clerk", "other-clerk"):
        answer = refused(cases, case, who, "close", {})
        assert answer.status_code == 403, answer.text
    assert cases.do(case, "reporter", "close")["status"] == "closed"
    assert cases.do(reported_by_clerk, "other-clerk", "close")["status"] == "closed"
