"""A worker looks up what became of everything they sent; officers look up what their people sent."""

from __future__ import annotations

import base64

import pytest

from schemas.sent_items import SentItemSchema
from server.forms.store import forms
from server.staffing.usecases import enrolment
from tests.api.test_api_sync import Client
from tests.desks import Desk
from tests.filled_forms import Filled, a_hazard, a_station, a_step, a_visit, new_uuid
from tests.odk_collect import message_of
from tests.valley import FAR_UNIT, UNIT


@pytest.fixture
def worker(valley) -> Desk:
    return Desk(valley, "worker")


@pytest.fixture
def phone(valley):
    return valley.phone("worker")


def items(desk: Desk, query: str = "") -> list[dict]:
    found = desk.get(f"/items{query}")["items"]
    assert [SentItemSchema().validate(each) for each in found] == [{}] * len(found)
    return found


def told(found: list[dict]) -> list[tuple]:
    return [(each["kind"], each["action"], each["verdict"]) for each in found]


def test_a_report_is_listed_with_the_number_that_the_phone_showed_and_where_it_stands(valley, worker, phone):
    id = new_uuid()
    answer = phone.send(a_hazard(id, area=UNIT))

    [item] = items(worker)

    assert item["receipt"] in message_of(answer)
    assert (item["kind"], item["form"], item["action"], item["verdict"]) == (
        "submission",
        "hazard",
        "report",
        "applied",
    )
    assert (item["record"], item["label"], item["status"], item["version"]) == (id, "三号楼｜gas_hose", "reported", 1)
    assert item["problem"] is None


def test_everything_that_came_is_there_newest_first(valley, worker, phone):
    station = new_uuid()
    client = Client(valley, "worker")
    phone.send(a_station(station, area=UNIT))
    phone.send(Filled("audited", {"seen": "无"}))
    client.push(client.change(station, "edit", fields={"head": ("甲", "乙")}, base_version=1))
    client.push(client.change(new_uuid(), "edit", fields={"head": ("甲", "乙")}))
    client.push("nonsense")
    phone.send(Filled("audited", {"seen": "有"}).edited(seen="改"))
    phone.send(a_hazard(new_uuid(), area="nowhere"))

    found = items(worker)

    assert told(found) == [
        ("submission", "report", "applied"),
        ("submission", None, None),
        ("change", None, "quarantined"),
        ("change", "edit", "waiting"),
        ("change", "edit", "applied"),
        ("submission", None, None),
        ("submission", "create", "applied"),
    ]
    assert [each["receipt"] is None for each in found] == [False, True, False, False, False, False, False]
    assert [each["problem"] is not None for each in found] == [True, True, True, True, False, False, False]
    assert found[1]["form"] == "audited"
    assert found[1]["problem"]["message"].startswith("原记录还没有送到")


def test_a_receipt_number_stays_whatever_becomes_of_the_item(valley, worker):
    station, officer = new_uuid(), Desk(valley, "officer")
    client, far = Client(valley, "worker"), new_uuid()
    early = client.change(station, "edit", fields={"head": ("", "甲")})
    astray = client.change(far, "create", area=FAR_UNIT, fields={"label": ("", "远站")})
    client.push(early, astray)
    before = {each["id"]: each["receipt"] for each in items(worker)}

    client.push(client.change(station, "create", area=UNIT, fields={"label": ("", "站")}))
    Desk(valley, "brigade").settle(worker_problem(officer, astray), "force")

    after = {each["id"]: (each["verdict"], each["receipt"]) for each in items(worker)}
    assert {id: after[id] for id in before} == {id: ("applied", receipt) for id, receipt in before.items()}
    assert len(set(before.values())) == 2


def test_what_was_decided_while_an_item_waited_stays_to_be_read(valley, worker):
    station, officer = new_uuid(), Desk(valley, "officer")
    client = Client(valley, "worker")
    early = [client.change(station, "edit", fields={name: ("", "甲")}) for name in ("head", "label")]
    client.push(*early)
    officer.settle(worker_problem(officer, early[0]), "dismiss", reason="站点已撤销")
    client.push(client.change(station, "create", area=UNIT, type="stations", fields={"label": ("", "站")}))

    found = {each["id"]: each for each in items(worker)}

    assert [found[each["id"]]["verdict"] for each in early] == ["applied", "applied"]
    assert found[early[0]["id"]]["problem"]["reason"] == "站点已撤销"
    assert found[early[1]["id"]]["problem"] is None


def worker_problem(officer, change):
    return next(each["id"] for each in officer.open() if each["change"] == change["id"])


def test_a_body_that_was_taken_after_all_is_listed_once(valley, worker, phone):
    first = Filled("audited", {"seen": "有"})
    edit = first.edited(seen="改")
    phone.send(edit)
    phone.send(first)
    phone.send(edit)

    found = items(worker)

    assert [each["receipt"] is not None for each in found] == [True, True]
    assert len({each["id"] for each in found}) == 2


def test_an_item_tells_what_an_officer_decided_and_why(valley, worker, phone):
    officer = Desk(valley, "officer")
    case = new_uuid()
    phone.send(a_hazard(case, area=UNIT))
    phone.send(a_step(case, "feedback"))
    assert items(worker)[0]["verdict"] == "recorded"
    officer.settle(officer.one()["id"], "dismiss", reason="案件尚未派遣，请等派遣后再反馈")

    item = items(worker)[0]

    assert item["problem"] | {"id": "", "message": ""} == {
        "id": "", "message": "", "settled": True, "how": "dismiss", "reason": "案件尚未派遣，请等派遣后再反馈",
    }  # fmt: skip


def test_an_item_that_was_forced_shows_its_final_verdict(valley):
    station, stranger, officer = new_uuid(), Desk(valley, "stranger"), Desk(valley, "officer")
    valley.phone("worker").send(a_station(station, area=UNIT))
    valley.was_in_charge("stranger", UNIT[:12])
    valley.phone("stranger").send(a_visit(station, 1, head="丙", hoses="6"))
    assert told(items(stranger)) == [("submission", "edit", "quarantined")]
    officer.settle(officer.one()["id"], "force")

    [item] = items(stranger)

    assert (item["verdict"], item["version"], item["problem"]["how"]) == ("applied", 3, "force")
    assert (item["record"], item["label"], item["status"]) == (None, None, None)  # which is not theirs to see


def test_what_came_with_an_unusable_entity_names_its_problem(valley, worker, phone):
    phone.send(a_visit("no-uuid", 1, head="丙"))

    [item] = items(worker)

    assert (item["verdict"], item["problem"]["settled"]) == (None, False)


def test_an_officer_sees_the_items_of_their_people_and_of_nobody_else(valley, phone):
    phone.send(a_hazard(new_uuid(), area=UNIT))
    valley.phone("stranger").send(a_hazard(new_uuid(), area=FAR_UNIT))

    assert len(items(Desk(valley, "officer"), "?author=worker")) == 1
    assert len(items(Desk(valley, "brigade"), "?author=stranger")) == 1
    assert len(items(Desk(valley, "worker"), "?author=worker")) == 1
    for name, author in (("officer", "stranger"), ("worker", "neighbour"), ("viewer", "worker"), ("brigade", "nobody")):
        Desk(valley, name).get(f"/items?author={author}", 404)


def test_of_a_worker_who_moved_here_the_records_of_elsewhere_stay_hidden(valley):
    elsewhere = new_uuid()
    valley.phone("stranger").send(a_hazard(elsewhere, area=FAR_UNIT))
    client = Client(valley, "stranger")
    client.push(client.change(elsewhere, "note", type="hazards", fields={"note": (None, "")}, base_version=1))
    valley.do(enrolment.move_user, "stranger", area=UNIT, by="test")

    note, report = items(Desk(valley, "officer"), "?author=stranger")

    assert (report["verdict"], report["record"], report["label"]) == ("applied", None, None)
    assert (note["verdict"], note["problem"]) == ("recorded", None)
    assert items(Desk(valley, "stranger"))[0]["problem"]["message"]


def test_who_has_left_still_sees_what_became_of_what_they_sent(valley, worker, phone):
    phone.send(a_hazard(new_uuid(), area=UNIT))
    [duty] = [each["id"] for each in valley.rows("SELECT id FROM duty WHERE person = 'worker'")]
    valley.do(enrolment.end_duty, "worker", duty, by="test")

    [item] = items(worker)

    assert (item["verdict"], item["label"], item["status"]) == ("applied", None, None)


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_of_any_size_add_up_to_everything_each_once(valley, worker, phone, limit):
    client = Client(valley, "worker")
    for number in range(4):
        phone.send(a_hazard(new_uuid(), area=UNIT))
        client.push(
            client.change(new_uuid(), area=UNIT, fields={"label": (None, f"{number}号站")}), f"nonsense {number}"
        )
    phone.send(Filled("audited").edited(seen="改"))
    phone.send(Filled("audited").edited(seen="又改"))
    whole = items(worker)

    pages, cursor = [], ""
    while cursor is not None:
        page = worker.get(f"/items?limit={limit}{cursor and f'&cursor={cursor}'}")
        pages += page["items"]
        cursor = page["next"]

    assert len(whole) == 14
    assert pages == whole


def test_what_arrives_between_two_pages_repeats_nothing(valley, worker, phone):
    for _ in range(3):
        phone.send(a_hazard(new_uuid(), area=UNIT))
    first = worker.get("/items?limit=2")
    phone.send(a_hazard(new_uuid(), area=UNIT))

    second = worker.get(f"/items?limit=2&cursor={first['next']}")

    assert len({each["id"] for each in first["items"] + second["items"]}) == 3
    assert second["next"] is None


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "7",
        "[]",
        "[1,2,3]",
        '[["a"],null,null]',
        "[[true],null,null]",
        '[[1],["a"],null]',
        "[[9223372036854775808],null,null]",
    ],
)
def test_a_cursor_that_no_page_gave_is_refused(worker, text):
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    assert worker.get(f"/items?cursor={cursor}", 422)["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("query", ["?limit=0", "?limit=501", "?author=", "?area=130630", "?cursor=*"])
def test_what_cannot_be_asked_is_refused(worker, query):
    worker.get(f"/items{query}", 422)


def test_a_form_that_is_closed_leaves_its_bodies_listed(valley, worker, phone):
    valley.do(forms.set_state, "audited", "closed")
    phone.send(Filled("audited", {"seen": "无"}))

    [item] = items(worker)

    assert (item["receipt"], item["verdict"]) == (None, None)
    assert "已停用" in item["problem"]["message"]
