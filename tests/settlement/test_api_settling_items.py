"""What could not be carried out: an officer lets it be judged again, forces it, or closes it with a reason."""

from __future__ import annotations

import pytest

from server.audit.store import chain
from server.problems.domain.problems import Problem, ProblemKind
from server.problems.domain.settlements import WAYS, How
from server.problems.store import problems
from server.staffing.usecases import enrolment
from tests.api.test_api_sync import Client
from tests.desks import Desk
from tests.filled_forms import a_hazard, a_station, a_step, a_visit, new_uuid
from tests.valley import FAR_UNIT, UNIT, VILLAGE

OTHERS = sorted(set(ProblemKind) - {ProblemKind.CONFLICT, ProblemKind.QUARANTINED})
BODIES = {
    How.CHOOSE: {"choices": {"head": {"value": "x"}}},
    How.RELEASE: {},
    How.FORCE: {},
    How.DISMISS: {"reason": "已电话核实"},
    How.UNDO: {},
}


@pytest.fixture
def officer(valley) -> Desk:
    return Desk(valley, "officer")


@pytest.fixture
def brigade(valley) -> Desk:
    return Desk(valley, "brigade")


@pytest.fixture
def stranger(valley) -> Client:
    return Client(valley, "stranger")


@pytest.fixture
def station(valley) -> str:
    """A station of the worker's unit, at version 1: head 甲, 6 hoses."""
    id = new_uuid()
    valley.phone("worker").send(a_station(id, area=UNIT))
    return id


@pytest.fixture
def quarantined(valley, station, stranger) -> dict:
    """An edit by somebody of another town who was in charge here once, as their field client holds it: head 丙."""
    valley.was_in_charge("stranger", VILLAGE)
    change = stranger.change(station, "edit", fields={"head": ("甲", "丙")}, base_version=1)
    assert stranger.push(change)[0]["verdict"] == "quarantined"
    return change


# the table: kinds x ways


@pytest.mark.parametrize("kind", OTHERS)
def test_every_other_kind_is_closed_with_a_reason_and_in_no_other_way(valley, officer, kind):
    id = valley.do(problems.add, Problem(kind, "130630/100/201/001", "请核对。", author="worker"))
    assert officer.get(f"/problems/{id}")["ways"] == ["dismiss"]

    for how in set(How) - {How.DISMISS}:
        assert "注明原因后关闭" in officer.settle(id, how.value, 409, **BODIES[how])["detail"]
        assert officer.get(f"/problems/{id}")["settlement"] is None
    told = officer.settle(id, "dismiss", **BODIES[How.DISMISS])

    assert told["outcome"] is None
    assert (told["problem"]["settled_by"], told["problem"]["settlement"]["reason"]) == ("officer", "已电话核实")
    assert officer.settle(id, "dismiss", **BODIES[How.DISMISS]) == told
    officer.settle(id, "dismiss", 409, reason="另一个原因")


def test_every_kind_can_be_settled_in_some_way():
    assert set(WAYS) == set(ProblemKind)
    assert all(WAYS.values())


@pytest.mark.parametrize("reason", ["", " ", "好"])
def test_without_a_reason_nothing_is_dismissed(valley, officer, reason):
    id = valley.do(problems.add, Problem(ProblemKind.MISFIT, "130630/100/201/001", "请核对。"))

    refused = officer.settle(id, "dismiss", 422, reason=reason)

    assert [each["field"] for each in refused["errors"]] == ["reason"]
    assert officer.open()


# release


def test_what_is_released_is_judged_as_its_author_stands_now(valley, quarantined, station, stranger, officer):
    problem = officer.one()
    assert (problem["verdict"], problem["asked"]["action"], problem["ways"]) == (
        "quarantined", "edit", ["release", "force", "dismiss"],
    )  # fmt: skip
    assert problem["asked"]["fields"] == {"head": ["甲", "丙"]}
    refused = officer.settle(problem["id"], "release", 409)
    assert "强制办理" in refused["detail"]
    assert valley.verdicts(station) == ["applied", "quarantined"]
    valley.do(enrolment.add_duty, "stranger", role="grid_worker", area=UNIT, by="test")

    done = officer.settle(problem["id"], "release")

    assert (done["outcome"]["verdict"], done["outcome"]["version"]) == ("applied", 3)
    assert valley.record(station).fields["head"] == "丙"
    assert valley.problems() == []
    assert officer.settle(problem["id"], "release")["outcome"] == done["outcome"]
    again = stranger.push(quarantined)[0]
    assert (again["verdict"], again["version"]) == ("applied", 3)
    history = officer.get(f"/records/{station}/history")["items"]
    assert [(each["author"], each["verdict"]) for each in sorted(history, key=lambda each: each["version"])] == [
        ("worker", "applied"),
        ("stranger", "quarantined"),
        ("stranger", "applied"),
    ]


def test_a_released_record_brings_along_what_waited_for_it(valley, stranger, officer):
    id = new_uuid()
    made = stranger.change(id, area=UNIT, fields={"label": (None, "站"), "head": (None, "丙")})
    update = stranger.change(id, "edit", fields={"head": ("丙", "丁")}, after=made["id"])
    assert [each["verdict"] for each in stranger.push(made, update)] == ["quarantined", "waiting"]
    valley.do(enrolment.add_duty, "stranger", role="grid_worker", area=UNIT, by="test")
    [problem] = Desk(valley, "brigade").open(kind="quarantined")

    done = Desk(valley, "brigade").settle(problem["id"], "release")

    assert done["outcome"]["record"]["fields"]["head"] == "丁"
    assert [each["verdict"] for each in stranger.push(made, update)] == ["applied", "applied"]
    assert valley.problems() == []


def test_a_released_change_takes_its_place_among_the_later_ones_of_the_same_hand(
    valley, quarantined, station, stranger, officer
):
    valley.do(enrolment.add_duty, "stranger", role="grid_worker", area=UNIT, by="test")
    stranger.push(stranger.change(station, "edit", fields={"head": ("丙", "丁")}, base_version=1))
    assert valley.problems() == ["quarantined", "conflict"]

    officer.settle(officer.one(kind="quarantined")["id"], "release")

    record = valley.record(station)
    assert (record.fields["head"], record.conflicts) == ("丁", ())
    assert valley.problems() == []  # the later value is the same hand's own


def test_an_officer_is_not_shown_a_record_beyond_their_areas(valley, officer):
    id = new_uuid()
    worker = Client(valley, "worker")
    made = worker.change(id, area=FAR_UNIT, fields={"label": (None, "远站"), "head": (None, "丙")})
    worker.push(made)
    problem = officer.one()
    assert officer.settle(problem["id"], "force", 403)["detail"].startswith("您的岗位不能在这里")
    assert valley.record(id) is None
    valley.do(enrolment.add_duty, "worker", role="grid_worker", area=FAR_UNIT, by="test")

    done = officer.settle(problem["id"], "release")

    assert (done["outcome"]["verdict"], done["outcome"]["record"], done["problem"]["label"]) == ("applied", None, None)
    assert officer.settle(problem["id"], "release")["outcome"]["record"] is None
    assert valley.record(id).label == "远站"


# force


def test_what_is_forced_is_carried_out_by_the_officer_and_stays_its_authors(
    valley, quarantined, station, stranger, officer
):
    problem = officer.one()

    done = officer.settle(problem["id"], "force", reason="借调来帮忙的")

    assert (done["outcome"]["verdict"], done["outcome"]["record"]["fields"]["head"]) == ("applied", "丙")
    assert (done["problem"]["settled_by"], done["problem"]["verdict"]) == ("officer", "applied")
    assert stranger.push(quarantined)[0]["verdict"] == "applied"
    newest = max(officer.get(f"/records/{station}/history")["items"], key=lambda each: each["version"])
    assert (newest["author"], newest["action"]) == ("stranger", "edit")
    with valley.store.reading() as reading:
        [entry] = chain.list_about(reading, problem["id"])
    assert (entry.actor, entry.event, entry.details["how"]) == ("officer", "problem.settle", "force")
    assert entry.details["verdicts"] == ["quarantined", "applied"]
    assert "already" not in officer.settle(problem["id"], "release", 409)["detail"]


def test_a_second_create_of_one_id_is_forced_as_an_edit(valley, station, officer):
    neighbour = Client(valley, "neighbour")
    neighbour.push(neighbour.change(station, area=UNIT, fields={"head": (None, "丙"), "label": (None, "二号站")}))

    done = officer.settle(officer.one()["id"], "force")

    assert done["outcome"]["verdict"] == "merged"
    assert set(valley.record(station).conflicts) == {"head", "label"}
    assert valley.problems() == ["conflict"]


def test_other_content_under_one_id_is_forced_beside_the_first(valley, officer):
    worker = Client(valley, "worker")
    made = worker.change(new_uuid(), area=UNIT, fields={"head": (None, "甲"), "label": (None, "站")})
    worker.push(made)
    other = made | {"fields": {"head": [None, "乙"], "label": [None, "站"]}}
    worker.push(other)

    officer.settle(officer.one()["id"], "force")

    assert valley.record(made["record"]).conflicts == ("head",)
    assert worker.push(other)[0]["verdict"] == "merged"
    assert set(valley.problems()) == {"conflict", "dot_reused"}


def test_what_is_meant_for_another_ledger_cannot_be_forced(valley, station, officer):
    worker = Client(valley, "worker")
    change = worker.change(station, "edit", type="hazards", fields={"item": (None, "gas_hose")}, base_version=1)
    assert worker.push(change)[0]["verdict"] == "quarantined"
    before = valley.holdings()

    refused = officer.settle(officer.one()["id"], "force", 409)

    assert "另一份台账" in refused["detail"]
    assert valley.holdings() == before


def test_a_submission_from_a_phone_is_forced_like_any_change(valley, station, officer):
    valley.was_in_charge("stranger", VILLAGE)
    valley.phone("stranger").send(a_visit(station, 1, head="丙", hoses="6"))

    officer.settle(officer.one()["id"], "force")

    assert valley.record(station).fields["head"] == "丙"
    assert valley.problems() == []


def test_an_author_from_elsewhere_sees_the_values_without_the_submissions_of_others(valley, brigade):
    id = new_uuid()
    valley.phone("stranger").send(a_hazard(id, area=UNIT))
    brigade.settle(brigade.one()["id"], "force")
    assert valley.rows("SELECT path FROM submission") == [{"path": "130630/100/201/001"}]
    for name, place in (("worker", "四号楼"), ("stranger", "五号楼")):
        valley.phone(name).send(a_step(id, "", place=place))

    told = {name: Desk(valley, name).one(kind="conflict") for name in ("officer", "stranger")}

    assert (told["stranger"]["ways"], told["officer"]["ways"]) == ([], ["choose"])
    submissions = {
        name: [each["submission"] is not None for each in problem["fields"][0]["values"]]
        for name, problem in told.items()
    }
    assert submissions == {"officer": [True, True], "stranger": [False, True]}


# dismiss


def test_what_is_dismissed_keeps_its_verdict(valley, quarantined, station, stranger, officer):
    officer.settle(officer.one()["id"], "dismiss", reason="不是他的站")

    assert stranger.push(quarantined)[0]["verdict"] == "quarantined"
    assert valley.record(station).fields["head"] == "甲"
    assert officer.open() == []


def test_what_waits_is_applied_when_its_record_comes_also_after_it_was_dismissed(valley, officer):
    worker = Client(valley, "worker")
    made = worker.change(new_uuid(), area=UNIT, fields={"head": (None, "甲"), "label": (None, "站")})
    update = worker.change(made["record"], "edit", fields={"head": ("甲", "乙")}, after=made["id"])
    worker.push(update)
    problem = officer.one()
    assert "自动办理" in officer.settle(problem["id"], "force", 409)["detail"]
    officer.settle(problem["id"], "dismiss", reason="等不到了")

    worker.push(made)

    assert worker.push(update)[0]["verdict"] == "applied"
    assert valley.record(made["record"]).fields["head"] == "乙"
    closed = officer.get(f"/problems/{problem['id']}")
    assert (closed["settled_by"], closed["settlement"]["reason"]) == ("officer", "等不到了")


def test_what_waited_and_was_applied_cannot_be_settled_any_more(valley, officer):
    worker = Client(valley, "worker")
    made = worker.change(new_uuid(), area=UNIT, fields={"head": (None, "甲"), "label": (None, "站")})
    worker.push(worker.change(made["record"], "edit", fields={"head": ("甲", "乙")}, after=made["id"]))
    problem = officer.one()
    worker.push(made)

    refused = officer.settle(problem["id"], "dismiss", 409, reason="等不到了")

    assert "自动解决" in refused["detail"]


def test_a_problem_whose_change_is_not_kept_can_only_be_dismissed(valley, officer):
    id = valley.do(problems.add, Problem(ProblemKind.QUARANTINED, "130630/100/201/001", "请核对。", change=new_uuid()))

    assert "已经办理过" in officer.settle(id, "release", 409)["detail"]
    officer.settle(id, "dismiss", reason="无法办理")


# lists


def test_the_list_is_filtered_by_whose_doing_it_is(valley, quarantined, officer):
    valley.phone("worker").send(a_hazard(new_uuid(), area="nowhere"))

    assert [each["author"] for each in officer.open()] == ["worker", "stranger"]
    assert [each["kind"] for each in officer.open(author="stranger")] == ["quarantined"]
    assert officer.open(author="nobody") == []
