"""Work and people change places while phones are offline, and every phone ends up with what is its owner's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from server import instants
from server.cases.store import former_handlers
from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest
from server.forms.store import codes
from server.forms.store.codes import Code
from server.people.domain.actors import GRACE
from server.people.store import people
from server.people.usecases import phone_keys
from server.staffing.usecases import enrolment, handover
from tests.county import County
from tests.field_clients import Client
from tests.filled_forms import a_hazard, a_step, new_uuid
from tests.valley import FAR_UNIT, NEXT_UNIT, UNIT


def call(valley: County, method: str, path: str, name: str = "admin", body: Any = None):
    key = {"Authorization": f"Key {valley.keys[name]}"}
    return valley.app.test_client().open(f"/api/v1{path}", method=method, json=body, headers=key)


@pytest.fixture
def valley(valley) -> County:
    valley.do(enrolment.add_user, "admin", role="county_admin", area="130630", by="test")
    fixed = Code("result_codes", "fixed", "已整改", "Fixed", "2026-01-01", "", {"closable": "1"})
    valley.do(codes.replace_list, "result_codes", [fixed])
    valley.keys["admin"] = valley.do(phone_keys.issue, "admin", by="test")
    return valley


def an_assigned_case(valley: County, to: str = "user:worker", by: str = "officer") -> str:
    id = new_uuid()
    valley.phone("worker").send(a_hazard(id))
    act(valley, id, by, "assign", assignee=to)
    return id


def act(valley: County, id: str, name: str, action: str, **fields: str):
    return valley.do(lambda tx: interactive.change(tx, id, ChangeRequest(action, fields), by=people.actor(tx, name)))


def test_before_a_move_the_office_sees_what_it_affects(valley):
    id = an_assigned_case(valley)
    tablet = Client(valley, "worker")
    tablet.page(unsent=3, device="tablet-1")

    told = call(valley, "GET", f"/users/worker/move-preview?area={NEXT_UNIT}").json

    assert told["leaving"] == [UNIT]
    assert [each["id"] for each in told["going_back"]] == [id]
    assert told["staying"] == []
    assert told["records"] == 1
    [client] = told["clients"]
    assert (client["device"], client["unsent"], "3项未发送" in client["advice"]) == ("tablet-1", 3, True)


def test_what_a_collect_phone_holds_unsent_is_unknown_and_said_so(valley):
    told = call(valley, "GET", f"/users/neighbour/move-preview?area={UNIT}").json

    [phone] = told["phones"]
    assert "先让本人联网" in phone["advice"]
    assert told["clients"] == []


def test_a_laptop_that_shares_a_phones_key_does_not_speak_for_the_phone(valley):
    valley.phone("worker").list("hazard", "hazards.csv")
    seen = call(valley, "GET", f"/users/worker/move-preview?area={NEXT_UNIT}").json["phones"]
    valley.clock.pass_by(days=1)
    for device, waits in (("laptop-1", 0), ("laptop-2", 2)):
        Client(valley, "worker").page(unsent=waits, device=device)

    told = call(valley, "GET", f"/users/worker/move-preview?area={NEXT_UNIT}").json

    assert told["phones"] == seen
    assert {each["device"]: each["unsent"] for each in told["clients"]} == {"laptop-1": 0, "laptop-2": 2}
    assert all("此后如有填写" in each["advice"] for each in told["clients"] if not each["unsent"])


def test_the_same_word_is_written_anew_after_a_while_only(valley):
    tablet = Client(valley, "worker")
    said = []
    for _ in range(3):
        tablet.page(unsent=0, device="tablet-1")
        said += valley.rows("SELECT seen_at FROM field_client")
        valley.clock.pass_by(minutes=6)

    assert said[0] == said[1] != said[2]


def test_a_preview_shows_of_who_has_moved_on_no_case_that_the_reader_may_not_see(valley):
    valley.do(enrolment.move_user, "worker", area=FAR_UNIT, by="test")
    far, helped = new_uuid(), new_uuid()
    for id, fields in (
        (far, {"assignee": "user:worker"}),
        (helped, {"assignee": "user:stranger", "helpers": "user:worker"}),
    ):
        valley.phone("stranger").send(a_hazard(id, area=FAR_UNIT))
        act(valley, id, "brigade", "assign", **fields)

    seen = {name: call(valley, "GET", "/users/worker/move-preview", name).json for name in ("officer", "brigade")}

    counts = {name: [len(told["going_back"]), len(told["helping"]), told["records"]] for name, told in seen.items()}
    assert counts == {"officer": [0, 0, 0], "brigade": [1, 1, 2]}


def test_what_stays_inside_the_new_area_stays_with_the_person(valley):
    id = an_assigned_case(valley)

    told = call(valley, "GET", "/users/worker/move-preview?area=130630100201").json

    assert [each["id"] for each in told["staying"]] == [id]
    assert told["going_back"] == told["leaving"] == []


def test_cases_are_handed_over_in_bulk_each_by_itself(valley):
    ids = [an_assigned_case(valley) for _ in range(3)]
    act(valley, ids[2], "worker", "feedback", result_code="fixed", no_photo_reason="no_battery")

    answer = call(valley, "POST", "/handovers", "officer", {"from": "user:worker", "to": "user:neighbour"})

    assert answer.status_code == 200
    became = {each["id"]: each for each in answer.json["items"]}
    handed = [became[id]["outcome"]["record"] for id in ids]
    assert [each["assignee"] for each in handed] == ["user:neighbour"] * 3
    assert [each["status"] for each in handed] == ["assigned", "assigned", "feedback"]
    act(valley, ids[2], "officer", "rework", reason="还有杂物")
    assert (valley.record(ids[2]).status, valley.record(ids[2]).assignee) == ("handling", "user:neighbour")


def test_a_case_that_cannot_go_is_told_and_holds_up_none_of_the_others(valley):
    over, open_ = (an_assigned_case(valley) for _ in range(2))
    act(valley, over, "worker", "feedback", result_code="fixed", no_photo_reason="no_battery")
    act(valley, over, "officer", "close")

    answer = call(valley, "POST", "/handovers", "officer", {"to": "user:neighbour", "cases": [over, open_]})

    told, done = answer.json["items"]
    assert (told["outcome"], told["refusal"]["type"]) == (None, "/problems/illegal-step")
    assert done["outcome"]["record"]["assignee"] == "user:neighbour"
    assert valley.record(over).assignee == "user:worker"


def test_who_helps_goes_on_helping_and_the_limit_runs_on_from_hand_to_hand(valley):
    id = new_uuid()
    valley.phone("worker").send(a_hazard(id))
    helpers = "user:neighbour user:officer"
    act(valley, id, "brigade", "assign", assignee="user:worker", helpers=helpers, due_on="2026-12-30")
    valley.clock.pass_by(days=2)

    call(valley, "POST", "/handovers", "officer", {"from": "user:worker", "to": "user:neighbour"})

    case = valley.record(id).case
    assert (case.lead.mark, case.marks) == ("user:neighbour", ("user:officer", "user:neighbour"))
    assert case.facts.handle_due_at == "2026-12-30T16:00:00.000Z"


def test_a_limit_that_runs_is_not_begun_anew_by_the_move_of_its_handler(valley):
    id = an_assigned_case(valley)
    due = valley.record(id).due_at
    valley.clock.pass_by(days=30)
    valley.do(enrolment.move_user, "worker", area=FAR_UNIT, by="test")
    assert (valley.record(id).status, valley.record(id).due_at) == ("registered", due)

    act(valley, id, "officer", "assign", assignee="user:neighbour")
    assert (valley.record(id).status, valley.record(id).due_at) == ("assigned", due)

    later = valley.do(lambda tx: instants.local_day(instants.later(tx.now, timedelta(days=5))))
    act(valley, id, "brigade", "assign", assignee="user:neighbour", due_on=later)
    assert valley.record(id).due_at > due


def test_what_a_giver_has_out_of_the_officers_sight_is_no_part_of_a_hand_over(valley):
    mine, far = an_assigned_case(valley), new_uuid()
    valley.phone("stranger").send(a_hazard(far, area=FAR_UNIT))
    act(valley, far, "brigade", "assign", assignee="user:worker")

    answer = call(valley, "POST", "/handovers", "officer", {"from": "user:worker", "to": "user:neighbour"})

    assert [each["id"] for each in answer.json["items"]] == [mine]
    assert valley.record(far).assignee == "user:worker"


def test_a_giver_that_nobody_knows_is_told(valley):
    answer = call(valley, "POST", "/handovers", "officer", {"from": "user:nobody", "to": "user:neighbour"})

    assert (answer.status_code, "没有“user:nobody”" in answer.json["detail"]) == (422, True)


def test_the_preview_tells_what_the_move_then_does(valley):
    goes, waits, helps = (an_assigned_case(valley) for _ in range(3))
    act(valley, waits, "worker", "feedback", result_code="fixed", no_photo_reason="no_battery")
    act(valley, helps, "officer", "assign", assignee="user:neighbour", helpers="user:worker")

    told = call(valley, "GET", f"/users/worker/move-preview?area={FAR_UNIT}").json
    valley.do(enrolment.move_user, "worker", area=FAR_UNIT, by="test")

    assert {name: [each["id"] for each in told[name]] for name in ("going_back", "staying", "helping")} == {
        "going_back": [goes], "staying": [waits], "helping": [helps],
    }  # fmt: skip
    became = {id: valley.record(id) for id in (goes, waits, helps)}
    assert [each.status for each in became.values()] == ["registered", "feedback", "assigned"]
    assert [each.assignee for each in became.values()] == [None, "user:worker", "user:neighbour"]
    assert became[helps].case.marks == ("user:neighbour",)


def test_only_the_cases_that_are_named_are_handed_over_each_once(valley):
    ids = [an_assigned_case(valley) for _ in range(3)]
    body = {"to": "user:neighbour", "cases": [ids[0], ids[2], ids[0]]}

    answer = call(valley, "POST", "/handovers", "officer", body)

    assert [each["id"] for each in answer.json["items"]] == [ids[0], ids[2]]
    assert [valley.record(id).assignee for id in ids] == ["user:neighbour", "user:worker", "user:neighbour"]


def test_more_cases_than_one_hand_over_takes_are_refused_together(valley, monkeypatch):
    monkeypatch.setattr(handover, "CASES_MAX", 1)
    ids = [an_assigned_case(valley) for _ in range(2)]

    answer = call(valley, "POST", "/handovers", "officer", {"from": "user:worker", "to": "user:neighbour"})

    assert (answer.status_code, "一次最多移交1件" in answer.json["detail"]) == (422, True)
    assert {valley.record(id).assignee for id in ids} == {"user:worker"}


@pytest.mark.parametrize("body", [{}, {"to": "user:neighbour"}, {"from": "worker", "to": "user:neighbour"}])
def test_a_hand_over_that_says_too_little_is_refused(valley, body):
    assert call(valley, "POST", "/handovers", "officer", body).status_code == 422


def test_nobody_can_be_handed_cases_even_when_there_are_none_to_hand_over(valley):
    answer = call(valley, "POST", "/handovers", "officer", {"from": "user:worker", "to": "user:nobody"})

    assert answer.status_code == 422
    assert "没有您能派遣的承办人“user:nobody”" in answer.json["detail"]


def test_who_may_not_assign_hands_nothing_over(valley):
    id = an_assigned_case(valley)

    answers = [
        call(valley, "POST", "/handovers", "worker", {"from": giver, "to": taker})
        for giver, taker in (("user:worker", "user:neighbour"), ("user:worker", "user:nobody"), ("body:no", "body:no"))
    ]

    assert [each.status_code for each in answers] == [403] * 3
    assert valley.record(id).assignee == "user:worker"


@pytest.mark.parametrize("other", ["to", "from"])
def test_a_hand_over_does_not_tell_whether_there_is_somebody_of_a_name_beyond_reach(valley, other):
    an_assigned_case(valley)
    told = []
    for name in ("user:stranger", "user:nobody", "body:no"):
        body = {"from": "user:worker", "to": "user:neighbour"} | {other: name}
        answer = call(valley, "POST", "/handovers", "officer", body)
        told.append((answer.status_code, answer.json["detail"].replace(name, "")))

    assert told[0][0] == 422
    assert told[0] == told[1] == told[2]


def test_two_workers_change_places_and_their_phones_follow(valley):
    worker, neighbour = Client(valley, "worker"), Client(valley, "neighbour")
    mine, theirs = new_uuid(), new_uuid()
    valley.phone("worker").send(a_hazard(mine, area=UNIT))
    valley.phone("neighbour").send(a_hazard(theirs, area=NEXT_UNIT))
    worker.pull()
    neighbour.pull()

    answer = call(valley, "POST", "/users/worker/swap", body={"with": "neighbour"})

    assert [each["area"] for each in answer.json["duties"]] == [NEXT_UNIT, UNIT]
    worker.pull()
    neighbour.pull()
    assert worker.buckets[f"area:{NEXT_UNIT}"].keys() == {theirs}
    assert neighbour.buckets[f"area:{UNIT}"].keys() == {mine}
    assert worker.rows().keys() == neighbour.rows().keys() == {mine, theirs}  # what one wrote oneself stays in sight
    assert valley.phone("worker").list("hazard", "hazards.csv").keys() == {mine, theirs}


def test_a_swap_that_is_asked_for_again_puts_nobody_back(valley):
    asked = {"with": "neighbour", "id": new_uuid()}

    answers = [call(valley, "POST", "/users/worker/swap", body=asked).json for _ in range(2)]

    assert answers[0] == answers[1]
    assert [each["area"] for each in answers[1]["duties"]] == [NEXT_UNIT, UNIT]
    valley.clock.pass_by(days=1)
    back = call(valley, "POST", "/users/worker/swap", body=asked | {"id": new_uuid()}).json
    assert [each["area"] for each in back["duties"]] == [UNIT, NEXT_UNIT]


@pytest.mark.parametrize("other", ["worker", "officer", "nobody"])
def test_only_two_people_of_one_role_change_places(valley, other):
    answer = call(valley, "POST", "/users/worker/swap", body={"with": other})

    assert answer.status_code in (404, 409, 422)
    assert valley.rows("SELECT area FROM duty WHERE person = 'worker'") == [{"area": UNIT}]


def test_who_holds_two_places_changes_with_nobody(valley):
    valley.do(enrolment.add_duty, "neighbour", role="grid_worker", area=FAR_UNIT, by="test")

    answer = call(valley, "POST", "/users/worker/swap", body={"with": "neighbour"})

    assert (answer.status_code, "现在有2个岗位" in answer.json["detail"]) == (422, True)
    assert valley.rows("SELECT area FROM duty WHERE person = 'worker'") == [{"area": UNIT}]


def test_a_re_assigned_case_leaves_one_phone_and_reaches_another_and_late_work_is_kept(valley):
    worker, neighbour = Client(valley, "worker"), Client(valley, "neighbour")
    id = new_uuid()
    valley.phone("officer").send(a_hazard(id, area=NEXT_UNIT))
    act(valley, id, "officer", "assign", assignee="user:worker")
    worker.pull()
    assert id in worker.rows()
    act(valley, id, "officer", "assign", assignee="user:neighbour")
    act(valley, id, "neighbour", "feedback", result_code="fixed", no_photo_reason="no_battery")
    act(valley, id, "officer", "close")

    late = worker.change(
        id, "feedback", type="hazards", base_version=2,
        fields={"result_code": (None, "fixed"), "no_photo_reason": (None, "no_battery")},
    )  # fmt: skip
    outcome = worker.push(late)[0]

    assert (outcome["verdict"], outcome["record"]["status"]) == ("recorded", "closed")
    assert valley.problems(record=id) == ["recorded"]
    neighbour.pull()
    assert neighbour.rows()[id]["status"] == "closed"


def test_thirty_days_after_a_hand_over_the_row_is_gone_from_the_former_handler(valley):
    worker = Client(valley, "worker")
    id = new_uuid()
    valley.phone("officer").send(a_hazard(id, area=NEXT_UNIT))
    act(valley, id, "officer", "assign", assignee="user:worker")
    act(valley, id, "officer", "assign", assignee="user:neighbour")
    worker.pull()
    assert id in worker.rows()
    valley.clock.pass_by(days=31)

    gone = valley.do(lambda tx: former_handlers.let_go(tx, instants.later(tx.now, -GRACE)))

    assert gone == 1
    assert ("remove", "person:worker", id) in [(op["op"], op["bucket"], op.get("id")) for op in worker.pull()]
    assert id not in worker.rows()
    assert id not in valley.phone("worker").list("hazard", "hazards.csv")


def test_a_step_that_a_phone_made_before_it_was_moved_counts_for_thirty_days(valley):
    phone, id = valley.phone("worker"), new_uuid()
    phone.send(a_hazard(id))
    valley.do(enrolment.move_user, "worker", area=NEXT_UNIT, by="test")

    phone.send(a_step(id, "", place="四号楼"))

    assert valley.record(id).fields["place"] == "四号楼"
