"""A worker's act on a case was quarantined: the officer's rights stand in for theirs, and the table still decides."""

from __future__ import annotations

import pytest

from server.staffing.usecases import enrolment
from tests.api.test_api_sync import Client
from tests.case_land import UNIT, VILLAGE, Land
from tests.desks import Desk
from tests.filled_forms import Entity, Filled

ASSIGNED = ("assign", "officer", {"assignee": "user:neighbour"})
DONE = {"result_code": "fixed", "no_photo_reason": "no_light"}


@pytest.fixture
def officer(land: Land) -> Desk:
    land.valley.was_in_charge("stranger", VILLAGE)
    return Desk(land.valley, "officer")


def act_of_a_former_leader(land: Land, id: str, action: str, **inputs: str) -> None:
    """Let somebody whose duty here has long ended act on the case from their phone, as it now is."""
    block = Entity("hazards", id, update="1", base=land.record(id).version, label="")
    land.valley.phone("stranger").send(Filled("case_act", {"hazard": id, "action": action, **inputs}, (block,)))
    assert land.valley.verdicts(id)[-1] == "quarantined"


def test_a_forced_feedback_hands_the_case_in_and_names_its_author(land, officer):
    id = land.report()
    land.lead_to(id, ASSIGNED)
    act_of_a_former_leader(land, id, "feedback", **DONE)

    done = officer.settle(officer.one(kind="quarantined")["id"], "force")

    assert done["outcome"]["verdict"] == "applied"
    record = land.record(id)
    assert (record.status, record.case.processed_by) == ("feedback", ("stranger", "neighbour"))
    assert land.history(id)[-1]["author"] == "stranger"
    assert "反馈" in record.office_note


@pytest.mark.parametrize(
    ("action", "inputs", "status", "why"),
    [
        ("close", {}, 409, "不能“核查通过”"),
        ("assign", {"assignee": "user:nobody"}, 422, "没有您能派遣的承办人“user:nobody”"),
        ("mark_major", {}, 403, "可以办理的有"),
    ],
)
def test_what_the_table_or_the_rights_of_the_officer_forbid_is_refused_and_changes_nothing(
    land, officer, action, inputs, status, why
):
    id = land.report()
    land.lead_to(id, ("register", "officer"))
    act_of_a_former_leader(land, id, action, **inputs)
    problem, before = officer.one(), land.valley.holdings()

    refused = officer.settle(problem["id"], "force", status)

    assert why in refused["detail"]
    assert land.valley.holdings() == before
    assert officer.one() == problem


def test_an_author_cannot_check_their_own_work_by_another_ones_rights(land, officer):
    id = land.report()
    land.lead_to(id, ASSIGNED)
    act_of_a_former_leader(land, id, "feedback", **DONE)
    officer.settle(officer.one()["id"], "force")
    act_of_a_former_leader(land, id, "close")

    refused = officer.settle(officer.one()["id"], "force", 403)

    assert "不能核查自己的处置" in refused["detail"]


def test_a_released_act_is_judged_by_the_present_state_and_may_only_be_recorded(land, officer):
    id = land.report()
    land.lead_to(id, ("register", "officer"))
    act_of_a_former_leader(land, id, "feedback", **DONE)
    land.valley.do(enrolment.add_duty, "stranger", role="grid_worker", area=UNIT, by="test")

    done = officer.settle(officer.one()["id"], "release")

    assert done["outcome"]["verdict"] == "recorded"
    assert (land.record(id).status, land.valley.problems()) == ("registered", ["recorded"])
    assert "已留存" in land.record(id).office_note
    officer.settle(officer.one()["id"], "dismiss", reason="已知悉，另行派遣")
    assert land.valley.problems() == []


def test_a_reporter_reads_in_the_note_what_was_settled(land, officer):
    id = land.report()
    for by, place in (("worker", "四号楼"), ("officer", "五号楼")):
        client = Client(land.valley, by)
        client.push(
            client.change(
                id, "edit", type="hazards", base_version=1,
                fields={"place": ("演示民宿07", place), "category": ("gas", place)},
            )
        )  # fmt: skip
    problem = officer.one(kind="conflict")

    officer.settle(problem["id"], "choose", choices={"place": {"head": 2}, "category": {"value": "wiring"}})

    record = land.record(id)
    assert record.office_note == "11-24 村/社区干部 核定：place：四号楼；category：wiring"
    assert record.case.facts.category == "wiring"
    assert land.listed("worker")[id]["office_note"] == record.office_note
    officer.settle(problem["id"], "undo")
    assert "撤销核定" in land.record(id).office_note


def disagree(land: Land, id: str, *names: str) -> None:
    """Let these people write different places, each from the version that is there now."""
    version, place = land.record(id).version, land.record(id).fields["place"]
    for name in names:
        client = Client(land.valley, name)
        change = client.change(
            id, "edit", type="hazards", base_version=version, fields={"place": (place, f"{name}所见")}
        )
        assert client.push(change)[0]["verdict"] in ("applied", "merged")


def test_on_a_case_that_has_ended_the_last_word_stays_its_outcome(land, officer):
    id = land.report()
    land.lead_to(id, ("reject", "officer", {"reason": "不是隐患"}))
    note = land.record(id).office_note
    disagree(land, id, "worker", "officer")

    officer.settle(officer.one()["id"], "choose", choices={"place": {"value": "六号楼"}})

    assert land.record(id).fields["place"] == "六号楼"
    assert land.record(id).office_note == note
