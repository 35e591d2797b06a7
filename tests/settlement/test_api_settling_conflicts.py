"""Two people wrote one field: an officer sees both values and who stood where, chooses, and may take that back."""

from __future__ import annotations

import pytest

from schemas.problems import ProblemDetailSchema, SettlementResultSchema
from server.audit.store import chain
from server.problems.domain.problems import Problem, ProblemKind
from server.problems.store import problems
from tests.api.test_api_sync import Client
from tests.desks import Desk
from tests.filled_forms import a_station, a_visit, new_uuid, photo
from tests.odk_collect import Collect
from tests.valley import UNIT

HERE, THERE = "39.3600 114.6900 900 4.5", "39.3609 114.6900 905 12"


@pytest.fixture
def officer(valley) -> Desk:
    return Desk(valley, "officer")


@pytest.fixture
def phones(valley) -> tuple[Collect, Collect]:
    """The phones of the worker and of the village officer."""
    return Collect(valley.phone("worker")), Collect(valley.phone("officer"))


@pytest.fixture
def station(valley, phones) -> str:
    """A station with two values for its hoses: 8 by the worker (version 3), 9 by the officer (version 2)."""
    id = new_uuid()
    valley.phone("worker").send(a_station(id, area=UNIT, place=HERE, level="1", lack="水带"))
    for phone in phones:
        phone.pull()
    phones[1].visit(id, hoses="9", place=THERE, before="a.jpg")
    valley.phone("officer").send(phones[1].unsent[0], photo("a.jpg"))
    phones[1].unsent.clear()
    phones[0].visit(id, hoses="8", place=HERE)
    phones[0].push()
    assert valley.record(id).conflicts == ("hoses",)
    return id


def field(problem, name="hoses"):
    return next(each for each in problem["fields"] if each["name"] == name)


def test_both_values_are_shown_with_author_time_distance_and_photo(valley, station, officer):
    problem = officer.one()

    assert ProblemDetailSchema().validate(problem) == {}
    assert (problem["kind"], problem["ways"], problem["label"], problem["version"]) == ("conflict", ["choose"], "甲", 3)
    hoses = field(problem)
    assert (hoses["label"], hoses["open"], hoses["apart_m"]) == ("水带数", True, pytest.approx(100.1, abs=0.2))
    nine, eight = hoses["values"]
    assert [(each["version"], each["value"], each["author"]) for each in (nine, eight)] == [
        (2, "9", "officer"),
        (3, "8", "worker"),
    ]
    assert (nine["shown"], eight["shown"]) == (False, True)
    assert (nine["from_record_m"], eight["from_record_m"]) == (0.0, pytest.approx(100.1, abs=0.2))
    assert nine["position"] == {"latitude": 39.3609, "longitude": 114.69, "accuracy_m": 12.0}
    [picture] = nine["photos"]
    key = {"Authorization": f"Key {valley.keys['town']}"}
    shown = valley.app.test_client().get(picture["url"], headers=key, buffered=True)
    assert (shown.status_code, shown.content_type, shown.data[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert eight["photos"] == []


def test_the_chosen_value_stands_alone_and_reaches_every_phone_with_a_new_version(valley, station, phones, officer):
    problem = officer.one()

    done = officer.settle(problem["id"], "choose", choices={"hoses": {"head": 2}}, reason="现场核实")

    assert SettlementResultSchema().validate(done) == {}
    assert (done["outcome"]["verdict"], done["outcome"]["version"], done["outcome"]["conflicts"]) == ("applied", 4, [])
    assert done["outcome"]["record"]["fields"]["hoses"] == "9"
    assert (done["problem"]["settled_by"], done["problem"]["ways"]) == ("officer", ["undo"])
    assert done["problem"]["settlement"] | {"at": ""} == {
        "how": "choose", "by": "officer", "at": "", "reason": "现场核实", "choices": {"hoses": {"head": 2}},
        "version": 4,
    }  # fmt: skip
    assert officer.open() == []
    history = officer.get(f"/records/{station}/history")["items"]
    assert [each["action"] for each in history if each["version"] == 4] == ["settle"]
    for phone in phones:
        phone.pull()
        assert (phone.rows[station].fields["hoses"], phone.rows[station].version) == ("9", 4)


def test_another_value_than_those_that_stand_may_be_written(valley, station, officer):
    officer.settle(officer.one()["id"], "choose", choices={"hoses": {"value": "7"}})

    assert valley.record(station).fields["hoses"] == "7"
    assert valley.record(station).conflicts == ()


def test_settling_the_same_way_again_returns_the_same_and_otherwise_is_a_conflict(valley, station, officer):
    id = officer.one()["id"]
    first = officer.settle(id, "choose", choices={"hoses": {"head": 2}})

    assert officer.settle(id, "choose", choices={"hoses": {"head": 2}}) == first
    refused = officer.settle(id, "choose", 409, choices={"hoses": {"head": 3}})

    assert "officer" in refused["detail"]
    assert valley.record(station).version == 4


def test_taking_a_choice_back_brings_both_values_and_the_problem_again(valley, station, officer):
    id = officer.one()["id"]
    officer.settle(id, "choose", choices={"hoses": {"value": "7"}})

    done = officer.settle(id, "undo", reason="看错了")

    assert officer.settle(id, "undo", reason="看错了") == done
    assert {each["value"] for each in field(officer.one())["values"]} == {"8", "9"}
    assert (done["problem"]["settled_at"], done["problem"]["ways"]) == (None, ["choose"])
    assert valley.record(station).fields["hoses"] == "8"
    officer.settle(id, "choose", choices={"hoses": {"head": 2}})
    assert valley.record(station).fields["hoses"] == "9"
    with valley.store.reading() as reading:
        assert [entry.details["how"] for entry in chain.list_about(reading, id)] == ["choose", "undo", "choose"]


def test_a_choice_that_was_taken_back_stays_so_when_what_is_late_arrives(valley, station, phones, officer):
    worker = Client(valley, "worker")
    early = worker.change(station, "edit", fields={"head": ("甲", "丙")}, base_version=1)
    later = worker.change(station, "edit", fields={"head": ("丙", "丁")}, base_version=1)
    id = officer.one()["id"]
    officer.settle(id, "choose", choices={"hoses": {"head": 2}})
    worker.push(later)
    officer.settle(id, "undo")

    worker.push(early)  # the record is merged anew

    record = valley.record(station)
    assert (record.conflicts, record.fields["head"]) == (("hoses",), "丁")
    officer.settle(id, "choose", choices={"hoses": {"head": 2}})
    worker.push(worker.change(station, "edit", fields={"kit": ("", "pump")}, base_version=1) | {"seq": 7})
    worker.push(worker.change(station, "edit", fields={"kit": ("", "rope")}, base_version=1) | {"seq": 6})
    assert valley.record(station).fields["hoses"] == "9"
    assert valley.record(station).conflicts == ()


def test_what_arrives_after_the_choice_stays_beside_it_as_a_new_problem(valley, station, officer):
    first = officer.one()["id"]
    officer.settle(first, "choose", choices={"hoses": {"head": 2}})

    Client(valley, "worker").push(
        Client(valley, "worker").change(
            station, "edit", fields={"hoses": ("6", "5")}, base_version=1, made_at="2026-11-24T08:00:00+08:00"
        )
    )

    problem = officer.one()
    assert problem["id"] != first
    assert [(each["value"], each["shown"]) for each in field(problem)["values"]] == [("9", True), ("5", False)]


def test_an_ordinary_edit_by_somebody_who_saw_both_closes_the_problem(valley, station, officer):
    [problem] = officer.open()
    for origin, value in (("worker", "8"), ("officer", "9")):
        client = Client(valley, "officer", device=f"tablet-{origin}")
        client.push(client.change(station, "edit", fields={"hoses": (value, "8")}, base_version=3))

    assert valley.record(station).conflicts == ()
    assert officer.open() == []
    closed = officer.get(f"/problems/{problem['id']}")
    assert (closed["settled_by"], closed["settlement"], closed["ways"]) == ("server", None, [])
    assert "自动解决" in officer.settle(problem["id"], "choose", 409, choices={"hoses": {"head": 2}})["detail"]
    assert {each["value"] for each in field(closed)["values"]} == {"8", "9"}


@pytest.fixture
def readiness(valley, station, phones) -> str:
    """The same station, where moreover two people disagree on level and lack, which belong together."""
    for by, level, lack in (("officer", "2", "水泵"), ("worker", "3", "斧")):
        valley.phone(by).send(a_visit(station, 1, level=level, lack=lack, hoses="6"))
    assert valley.record(station).conflicts == ("hoses", "lack", "level")
    return station


def test_a_merge_group_is_settled_as_a_whole(valley, readiness, officer):
    problem = next(each for each in officer.open() if "level" in each["detail"]["fields"])
    heads = field(officer.get(f"/problems/{problem['id']}"), "level")["values"]

    officer.settle(problem["id"], "choose", choices={"level": {"head": heads[0]["version"]}})

    record = valley.record(readiness)
    assert (record.fields["level"], record.fields["lack"]) == ("2", "水泵")
    assert record.conflicts == ("hoses",)
    assert [each["detail"]["fields"].keys() for each in officer.open()] == [{"hoses"}]


def test_a_new_value_of_one_member_of_a_group_stands_with_what_the_others_show(valley, readiness, officer):
    problem = next(each for each in officer.open() if "level" in each["detail"]["fields"])
    shown = valley.record(readiness).fields["lack"]

    officer.settle(problem["id"], "choose", choices={"level": {"value": "1"}})

    assert (valley.record(readiness).fields["level"], valley.record(readiness).fields["lack"]) == ("1", shown)


@pytest.fixture
def two_fields(valley, phones) -> str:
    """A station with two values of its head and of its hoses, filed as one problem."""
    id = new_uuid()
    valley.phone("worker").send(a_station(id, area=UNIT))
    for by, head, hoses in (("worker", "乙", "7"), ("officer", "丙", "8")):
        valley.phone(by).send(a_visit(id, 1, head=head, hoses=hoses))
    assert set(valley.record(id).conflicts) == {"head", "hoses", "label"}
    return id


def test_a_problem_with_some_fields_settled_stays_open_until_the_last_one_is(valley, two_fields, officer):
    id = officer.one()["id"]

    half = officer.settle(id, "choose", choices={"head": {"head": 2}, "label": {"head": 2}})
    assert (half["problem"]["settled_at"], half["problem"]["ways"]) == (None, ["choose", "undo"])
    assert [(each["name"], each["open"]) for each in half["problem"]["fields"]] == [
        ("head", False), ("hoses", True), ("label", False),
    ]  # fmt: skip
    assert officer.settle(id, "choose", choices={"head": {"head": 2}, "label": {"head": 2}}) == half

    whole = officer.settle(id, "choose", choices={"hoses": {"head": 3}})
    assert whole["problem"]["settled_by"] == "officer"
    record = valley.record(two_fields)
    assert (record.fields["head"], record.fields["hoses"], record.label) == ("乙", "8", "乙")

    officer.settle(id, "undo")
    assert set(valley.record(two_fields).conflicts) == {"head", "hoses", "label"}


def test_taking_one_choice_back_leaves_another_one_of_the_same_record(valley, readiness, officer):
    hoses, level = sorted(officer.open(), key=lambda each: "level" in each["detail"]["fields"])
    officer.settle(hoses["id"], "choose", choices={"hoses": {"head": 2}})
    officer.settle(level["id"], "choose", choices={"level": {"value": "1"}, "lack": {"value": "无"}})

    officer.settle(hoses["id"], "undo")

    assert valley.record(readiness).conflicts == ("hoses",)
    assert officer.one()["id"] == hoses["id"]
    assert officer.get(f"/problems/{level['id']}")["settlement"]["how"] == "choose"


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"how": "choose"}, 422, ["choices"]),
        ({"how": "choose", "choices": {"hoses": {"head": 1}, "head": {"head": 2}}}, 422,
         ["choices.hoses.head", "choices.head"]),
        ({"how": "choose", "choices": {"hoses": {"value": "很多"}}}, 422, ["choices.hoses"]),
        ({"how": "choose", "choices": {"hoses": {}}}, 422, ["choices.hoses.value"]),
        ({"how": "choose", "choices": {"hoses": {"head": 2, "value": "2"}}}, 422, ["choices.hoses.value"]),
        ({"how": "choose", "choices": {"hoses": {"value": "\x00"}}}, 422, ["choices.hoses.value.value"]),
        ({"how": "undo", "choices": {"hoses": {"head": 2}}}, 422, ["choices"]),
        ({"how": "choose", "choices": {"hoses": {"head": 2}}, "base_version": 2}, 409, []),
        ({"how": "undo"}, 409, []),
        ({"how": "dismiss", "reason": "不管了"}, 409, []),
        ({"how": "force"}, 409, []),
        ({"how": "burn"}, 422, ["how"]),
        ({}, 422, ["how"]),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_chinese_and_changes_nothing(valley, station, officer, body, status, named):
    id = officer.one()["id"]
    before = valley.holdings()

    answer = officer.post(f"/problems/{id}/settlement", body)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert [each["field"] for each in answer.json["errors"]] == named
    assert any("\u4e00" <= letter <= "\u9fff" for letter in answer.json["detail"])
    assert valley.holdings() == before
    assert officer.one()["settlement"] is None


@pytest.mark.parametrize(
    ("name", "status"),
    [("officer", 200), ("town", 200), ("brigade", 200), ("worker", 403), ("viewer", 403), ("stranger", 403)],
)
def test_who_may_settle_is_told_by_the_rights_at_the_place_of_the_problem(valley, station, name, status):
    id = Desk(valley, "officer").one()["id"]

    Desk(valley, name).settle(id, "choose", status, choices={"hoses": {"head": 2}})

    assert valley.record(station).conflicts == (() if status == 200 else ("hoses",))
    if name in ("worker", "viewer"):  # who see it; to the stranger it is not there
        assert Desk(valley, name).get(f"/problems/{id}")["ways"] == []


def test_a_field_client_of_an_officer_may_settle_what_it_has_seen_whole(valley, station, officer):
    client = Client(valley, "officer")
    stale = client.push(client.change(station, "settle", fields={"hoses": ("8", "9")}, base_version=2))[0]
    worker = Client(valley, "worker")
    not_allowed = worker.push(worker.change(station, "settle", fields={"hoses": ("8", "9")}, base_version=4))[0]

    done = client.push(client.change(station, "settle", fields={"hoses": ("8", "9")}, base_version=5))[0]

    assert [each["verdict"] for each in (stale, not_allowed, done)] == ["recorded", "recorded", "applied"]
    assert valley.record(station).conflicts == ()
    assert valley.problems() == ["recorded", "recorded"]
    [closed] = officer.get("/problems?settled=true")["items"]
    assert (closed["settled_by"], closed["settlement"]["how"]) == ("officer", "choose")
    back = client.push(client.change(station, "unsettle", fields={"undoes": (None, "6")}, base_version=6))[0]
    assert back["verdict"] == "applied"
    assert officer.one(kind="conflict")["settlement"]["how"] == "undo"


def test_a_conflict_that_is_none_is_refused_and_its_values_are_told_as_far_as_known(valley, station, officer):
    head = {"value": "5", "observed_at": "2026-11-24T04:00:00.000Z", "origin": "lost", "seq": 1, "version": 99}
    detail = {"fields": {"head": [head], "kit": []}}
    path = "130630/100/201/001"
    id = valley.do(problems.add, Problem(ProblemKind.CONFLICT, path, "请选定。", record=station, detail=detail))
    other = Problem(ProblemKind.CONFLICT, path, "请选定。", record=station, detail={"fields": {"kit": []}})
    bare = valley.do(problems.add, other)

    refused = officer.settle(id, "choose", 409, choices={"head": {"head": 99}})

    assert "已经没有冲突" in refused["detail"]
    [value] = field(officer.get(f"/problems/{id}"), "head")["values"]
    assert (value["value"], value["author"], value["device"], value["position"]) == ("5", None, "lost", None)
    assert field(officer.get(f"/problems/{bare}"), "kit")["values"] == []
