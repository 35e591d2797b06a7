"""Somebody changes a record that they never had to do with: it is kept, and nobody learns that the record is there."""

from __future__ import annotations

from typing import Any

import pytest

from server.people.usecases import phone_keys
from server.staffing.usecases import enrolment
from tests.api.test_api_sync import Client
from tests.county import add_people
from tests.desks import Desk
from tests.field_clients import a_station
from tests.filled_forms import a_hazard, a_visit, new_uuid
from tests.valley import FAR_UNIT, FAR_VILLAGE, NEXT_UNIT, UNIT, a_valley

AT_HOME = "130630/101/201/001"
"""The path of the stranger's own unit."""

CHANGES: dict[str, dict[str, Any]] = {
    "an edit": {"action": "edit", "fields": {"head": ("甲", "丙")}, "base_version": 1},
    "an edit of what was made here": {"action": "edit", "fields": {"head": ("甲", "丙")}},
    "an edit of a version to come": {"action": "edit", "fields": {"head": ("甲", "丙")}, "base_version": 900},
    "an edit of another ledger's": {
        "action": "edit", "type": "hazards", "fields": {"item": ("", "gas_hose")}, "base_version": 1,
    },
    "an act": {"action": "accept", "type": "hazards", "base_version": 1, "seen_status": "assigned"},
    "a settlement": {"action": "settle", "fields": {"head": ("甲", "丙")}, "base_version": 1},
    "a record of the same id elsewhere": {"action": "create", "area": NEXT_UNIT, "fields": {"head": (None, "丙")}},
}  # fmt: skip
"""What a stranger may send about a record, as fields of a change."""


@pytest.fixture
def stranger(valley) -> Client:
    return Client(valley, "stranger")


@pytest.fixture
def station(valley) -> str:
    """A station of the worker's unit, at version 1."""
    made = a_station(Client(valley, "worker"))
    assert Client(valley, "worker").push(made)[0]["verdict"] == "applied"
    return made["record"]


@pytest.fixture
def own_office(valley) -> Desk:
    """The desk of the village that the stranger works in."""
    valley.do(add_people, [("elsewhere", "village_officer", FAR_VILLAGE)])
    valley.keys["elsewhere"] = valley.do(phone_keys.issue, "elsewhere", by="test")
    return Desk(valley, "elsewhere")


def traces(valley, record: str) -> dict[str, list[Any]]:
    """Return every row of the record, its history and its desk."""
    return {
        "record": valley.rows("SELECT * FROM record WHERE id = :id", id=record),
        "revision": valley.rows("SELECT * FROM revision WHERE record = :id ORDER BY version", id=record),
        "bucket": valley.rows("SELECT * FROM bucket WHERE name LIKE 'area:130630/100%' ORDER BY type, name"),
        "problem": valley.rows("SELECT id FROM problem WHERE path LIKE '130630/100%'"),
        "submission": valley.rows("SELECT id FROM submission WHERE path LIKE '130630/100%'"),
        "case_fact": valley.rows("SELECT * FROM case_fact"),
    }


def without_ids(told: Any) -> Any:
    """Return what was told with every id and instant that differs from one change to the next taken out."""
    if isinstance(told, dict):
        own = {"id", "change", "received_at", "created_at", "receipt", "record"}
        return {name: without_ids(value) for name, value in told.items() if name not in own}
    return [without_ids(each) for each in told] if isinstance(told, list) else told


@pytest.mark.parametrize("name", CHANGES)
def test_the_answer_to_a_push_is_that_for_an_id_which_nobody_knows(valley, stranger, station, name):
    before = traces(valley, station)
    here, nowhere = (stranger.change(id, **CHANGES[name]) for id in (station, new_uuid()))

    told, unknown = (stranger.push(each)[0] for each in (here, nowhere))
    again, unknown_again = stranger.push(here, nowhere)

    assert without_ids(told) == without_ids(unknown)
    assert set(told) == set(unknown)
    assert told["problem"]["message"] == unknown["problem"]["message"]
    assert (told["verdict"], told["record"], told["version"], told["seq"]) == (unknown["verdict"], None, None, None)
    assert (again, unknown_again) == (told, unknown)
    assert traces(valley, station) == before
    assert [row["verdict"] for row in valley.rows(_VERDICTS, id=here["id"])] == ["quarantined"]


_VERDICTS = "SELECT verdict FROM change WHERE id = :id AND body IS NOT NULL"


def test_the_own_office_is_told_and_the_offices_of_the_record_are_not(valley, stranger, station, own_office):
    stranger.push(stranger.change(station, **CHANGES["an edit"]))

    problem = own_office.one()

    assert (problem["asked"]["fields"], problem["author"]) == ({"head": ["甲", "丙"]}, "stranger")
    assert (problem["label"], problem["version"]) == (None, None)
    for name in ("officer", "town", "worker"):
        assert Desk(valley, name).open() == []


def test_whatever_own_office_and_author_look_up_says_the_same_of_both(valley, stranger, station, own_office):
    ids = station, new_uuid()
    for id in ids:
        stranger.push(stranger.change(id, **CHANGES["an edit"]))

    for desk in (own_office, Desk(valley, "stranger")):
        problems = desk.get("/problems")["items"]
        found = {each["record"]: desk.get(f"/problems/{each['id']}") for each in problems}
        known, unknown = (found[id] for id in ids)
        assert without_ids(known) == without_ids(unknown)
        items = desk.get("/items?author=stranger")["items"]
        assert len({str(without_ids(each)) for each in items}) == 1
        assert len(items) == 2
        answers = [desk.get(f"/records/{id}{more}", 404) for id in ids for more in ("", "/history")]
        assert len({each["detail"] for each in answers}) == 1


@pytest.mark.parametrize("how", ["release", "force"])
def test_the_own_office_cannot_find_out_by_settling_it(valley, stranger, station, own_office, how):
    for id in (station, new_uuid()):
        stranger.push(stranger.change(id, **CHANGES["an edit"]))
    before = traces(valley, station)

    refused = [own_office.settle(each["id"], how, 409)["detail"] for each in own_office.open()]

    assert len(set(refused)) == 1
    assert traces(valley, station) == before


def test_the_own_office_may_close_it_with_a_reason_and_the_author_reads_that(valley, stranger, station, own_office):
    change = stranger.change(station, **CHANGES["an edit"])
    stranger.push(change)

    own_office.settle(own_office.one()["id"], "dismiss", reason="不是本村的站")

    [item] = Desk(valley, "stranger").get("/items")["items"]
    assert (item["verdict"], item["problem"]["reason"]) == ("waiting", "不是本村的站")
    assert stranger.push(change)[0]["verdict"] == "waiting"


def test_who_answers_for_both_places_knows_it_for_what_it_is_and_may_force_it(valley, stranger, station):
    brigade = Desk(valley, "brigade")
    change = stranger.change(station, **CHANGES["an edit"])
    stranger.push(change)
    problem = brigade.one()
    assert (problem["verdict"], problem["ways"]) == ("quarantined", ["release", "force", "dismiss"])
    brigade.settle(problem["id"], "release", 409)

    done = brigade.settle(problem["id"], "force")

    assert (done["outcome"]["verdict"], done["outcome"]["version"]) == ("applied", 2)
    assert valley.record(station).fields["head"] == "丙"
    assert stranger.push(change)[0]["verdict"] == "applied"
    assert brigade.open() == []


def test_once_the_author_is_in_charge_it_can_be_released(valley, stranger, station):
    stranger.push(stranger.change(station, **CHANGES["an edit"]))
    valley.do(enrolment.add_duty, "stranger", role="grid_worker", area=UNIT, by="test")
    brigade = Desk(valley, "brigade")

    done = brigade.settle(brigade.one()["id"], "release")

    assert (done["outcome"]["verdict"], valley.record(station).fields["head"]) == ("applied", "丙")


def test_what_waited_for_a_record_that_turns_out_to_be_foreign_goes_on_waiting_and_leaves_no_trace(valley, stranger):
    worker = Client(valley, "worker")
    made = a_station(worker)
    early = stranger.change(made["record"], **CHANGES["an edit"])
    first = stranger.push(early)[0]

    worker.push(made)

    assert stranger.push(early)[0] == first
    assert valley.record(made["record"]).version == 1
    assert valley.problems(path=AT_HOME) == ["waiting"]
    assert valley.rows(_VERDICTS, id=early["id"]) == [{"verdict": "quarantined"}]
    worker.push(worker.change(made["record"], "edit", fields={"head": ("甲", "乙")}, base_version=1))
    assert valley.record(made["record"]).version == 2


@pytest.mark.parametrize("fast_path", [True, False])
def test_a_submission_from_a_phone_stays_with_the_own_office_and_gets_its_receipt(tmp_path, fast_path):
    with a_valley(tmp_path / "data", fast_path=fast_path) as valley:
        station = new_uuid()
        worker = Client(valley, "worker")
        made = a_station(worker) | {"record": station}
        worker.push(made)
        before, phone, nowhere = traces(valley, station), valley.phone("stranger"), new_uuid()

        answers = [phone.send(a_visit(id, 1, hoses="99")) for id in (station, nowhere)]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert traces(valley, station) == before
        assert {row["path"] for row in valley.rows("SELECT path FROM submission")} == {AT_HOME}
        assert valley.problems(path=AT_HOME) == ["waiting", "waiting"]
        known, unknown = (phone.integrity(id) for id in (station, nowhere))
        assert list(known.values()) == list(unknown.values())


def test_a_step_of_a_case_from_a_phone_leaves_no_trace_either(valley):
    case = new_uuid()
    valley.phone("worker").send(a_hazard(case, area=UNIT))
    before = traces(valley, case)

    Client(valley, "stranger").push(
        Client(valley, "stranger").change(case, "accept", type="hazards", base_version=1, seen_status="assigned")
    )

    assert traces(valley, case) == before


def test_a_pull_brings_the_stranger_nothing_of_it(valley, stranger, station):
    stranger.pull()
    stranger.push(stranger.change(station, **CHANGES["an edit"]))

    assert stranger.pull() == []
    assert stranger.rows() == {}


def test_a_record_at_home_with_an_id_in_use_is_set_aside_without_a_trace_at_the_other(valley, stranger, station):
    """That an id is in use cannot be hidden from who makes a record with it; whose it is, and where, stays hidden."""
    before = traces(valley, station)

    told = stranger.push(stranger.change(station, area=FAR_UNIT, fields={"head": (None, "丙")}))[0]

    assert (told["verdict"], told["record"], told["version"]) == ("quarantined", None, None)
    assert traces(valley, station) == before
    assert valley.problems(path=AT_HOME) == ["quarantined"]
