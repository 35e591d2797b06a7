"""A field client pushes what it saved and pulls what it may hold, each time from where it stands."""

from __future__ import annotations

import json
from uuid import uuid4

import orjson
import pytest

from schemas.sync import PullRequestSchema
from server.replication.usecases import restoring
from server.staffing.usecases import enrolment
from tests.field_clients import Client, a_station
from tests.valley import FAR_UNIT, NEXT_UNIT, UNIT, VILLAGE


@pytest.fixture
def worker(valley) -> Client:
    return Client(valley, "worker")


@pytest.fixture
def officer(valley) -> Client:
    return Client(valley, "officer")


def test_a_pushed_record_is_in_the_next_pull_of_everyone_who_may_see_it(valley, worker, officer):
    stranger = Client(valley, "stranger")
    made = a_station(worker)

    outcome = worker.push(made)[0]

    assert (outcome["verdict"], outcome["version"], outcome["problem"]) == ("applied", 1, None)
    assert outcome["record"]["fields"] == {"head": "甲"}
    for client in (worker, officer):
        client.pull()
        assert client.rows()[made["record"]]["label"] == "一号站"
    stranger.pull()
    assert stranger.rows() == {}


def test_every_retry_gets_the_stored_verdict(worker):
    made = a_station(worker)
    first = worker.push(made)[0]
    worker.push(worker.change(made["record"], "edit", fields={"head": ("甲", "乙")}, base_version=1))

    again = worker.push(made, made | {"clock_offset_s": 7.5})

    assert [(each["verdict"], each["version"], each["seq"]) for each in again] == [
        (first["verdict"], first["version"], first["seq"])
    ] * 2
    assert again[0]["record"]["fields"]["head"] == "乙"


def test_the_same_id_with_other_content_is_kept_and_quarantined(valley, worker):
    made = a_station(worker)
    worker.push(made)

    outcome = worker.push(made | {"fields": {"head": [None, "冒名"]}})[0]

    assert (outcome["id"], outcome["verdict"]) == (made["id"], "quarantined")
    assert valley.record(made["record"]).fields["head"] == "甲"
    assert valley.problems() == ["quarantined"]


def test_an_update_before_its_record_waits_and_is_released_by_it(worker):
    made = a_station(worker)
    update = worker.change(made["record"], "edit", fields={"head": ("甲", "乙")}, base_version=0, after=made["id"])

    assert worker.push(update)[0]["verdict"] == "waiting"
    worker.push(made)

    released = worker.push(update)[0]
    assert (released["verdict"], released["problem"]) == ("applied", None)
    worker.pull()
    assert worker.rows()[made["record"]]["fields"]["head"] == "乙"


@pytest.mark.parametrize(
    "bad",
    [
        "nonsense",
        7,
        None,
        [],
        {},
        {"id": "x"},
        {"id": str(uuid4()), "seq": 0, "record": str(uuid4()), "type": "stations", "action": "edit"},
        {
            "id": str(uuid4()),
            "seq": 1,
            "record": str(uuid4()),
            "type": "stations",
            "action": "edit",
            "fields": {"a": 7},
        },
        {"id": str(uuid4()), "seq": 1, "record": str(uuid4()), "type": "no_such_list", "action": "create"},
    ],
)
def test_a_bad_item_is_kept_whole_once_and_delays_nobody(valley, worker, bad):
    good = [a_station(worker), a_station(worker)]

    outcomes = worker.push(good[0], bad, good[1])
    again = worker.push(bad)

    assert [each["verdict"] for each in outcomes] == ["applied", "quarantined", "applied"]
    assert again[0]["problem"] == outcomes[1]["problem"] is not None
    assert valley.problems() == ["unreadable"]


ODD = {
    "half a character": r'{"id": "ID", "fields": {"head": [null, "\ud800"]}}',
    "half a character in a name": r'{"id": "ID", "fields": {"\udfff": [null, "x"]}}',
    "not a number": '{"id": "ID", "clock_offset_s": NaN}',
    "beyond all numbers": '{"id": "ID", "clock_offset_s": 1e999}',
    "four hundred digits": '{"id": "ID", "seq": %s}' % ("9" * 400),  # its braces are JSON
    "a deep list": "[" * 900 + "]" * 900,
    "an id that is none": r'{"id": "\ud800"}',
}


@pytest.mark.parametrize("odd", ODD)
def test_an_item_that_no_database_can_keep_as_it_is_is_kept_as_text_and_delays_nobody(valley, worker, odd):
    good = [orjson.dumps(a_station(worker)).decode() for _ in range(2)]
    item = ODD[odd].replace("ID", str(uuid4()))
    body = f'{{"device": "tablet", "epoch": null, "changes": [{good[0]}, {item}, {good[1]}]}}'
    headers = {"Authorization": f"Key {valley.keys['worker']}", "Content-Type": "application/json"}

    for _ in range(2):
        answer = valley.app.test_client().post("/api/v1/sync/push", data=body, headers=headers)
        assert [each["verdict"] for each in answer.json["outcomes"]] == ["applied", "quarantined", "applied"]

    [kept] = valley.rows("SELECT kind, detail FROM problem")
    assert kept["kind"] == "unreadable"
    assert repr(json.loads(orjson.loads(kept["detail"])["item"])) == repr(json.loads(item))


@pytest.mark.parametrize("place", ["value", "id", "name", "type"])
def test_a_zero_wherever_it_stands_becomes_a_problem_and_delays_nobody(valley, worker, place):
    odd = a_station(worker)
    if place == "value":
        odd["fields"]["head"] = (None, "a\0b")
    elif place == "id":
        odd["id"] = "a\0b"
    elif place == "name":
        odd["fields"]["a\0b"] = (None, "x")
    else:
        odd["type"] = "a\0b"

    outcomes = worker.push(a_station(worker), odd, a_station(worker))

    assert [each["verdict"] for each in outcomes] == ["applied", "quarantined", "applied"]
    assert len(valley.problems()) == 1


@pytest.mark.parametrize(
    "body", ['{"device": "\\ud800", "changes": []}', "[" * 5000 + "]" * 5000, "{", '{"changes": NaN}']
)
def test_an_envelope_that_cannot_be_read_is_sent_back(valley, body):
    headers = {"Authorization": f"Key {valley.keys['worker']}", "Content-Type": "application/json"}

    answer = valley.app.test_client().post("/api/v1/sync/push", data=body, headers=headers)

    assert (answer.status_code, answer.json["type"]) == (400, "/problems/unreadable")


def test_fields_that_do_not_exist_become_a_problem_and_the_rest_applies(valley, worker):
    made = a_station(worker, beds="9")

    outcome = worker.push(made)[0]

    assert outcome["verdict"] == "applied"
    assert outcome["problem"]["message"]
    assert valley.problems() == ["misfit"]


def test_a_clock_a_year_off_changes_nothing_but_what_is_shown(worker):
    made = a_station(worker)
    worker.push(made)
    ahead = worker.change(
        made["record"], "edit", fields={"head": ("甲", "乙")}, base_version=1, made_at="2031-01-01T00:00:00+08:00"
    )

    assert worker.push(ahead)[0]["verdict"] == "applied"
    assert worker.push(a_station(worker) | {"made_at": "yesterday"})[0]["verdict"] == "applied"


def test_a_change_by_who_was_in_charge_long_ago_is_quarantined_and_its_record_not_shown(valley, worker):
    valley.was_in_charge("stranger", VILLAGE)
    stranger = Client(valley, "stranger")
    made = a_station(worker)
    worker.push(made)

    outcome = stranger.push(stranger.change(made["record"], "edit", fields={"head": ("甲", "丙")}, base_version=1))[0]

    assert (outcome["verdict"], outcome["record"]) == ("quarantined", None)
    assert valley.record(made["record"]).fields["head"] == "甲"


def test_two_devices_under_one_name_keep_both_values(valley, worker):
    clone = Client(valley, "worker", device=worker.device)
    made = a_station(worker)
    worker.push(made)
    clone._seq = worker._seq
    worker.push(worker.change(made["record"], "edit", fields={"head": ("甲", "乙")}, base_version=1))

    outcome = clone.push(clone.change(made["record"], "edit", fields={"head": ("甲", "丙")}, base_version=1))[0]

    assert outcome["verdict"] == "merged"
    assert outcome["conflicts"] == ["head"]
    assert "dot_reused" in valley.problems()


def test_more_than_a_batch_is_refused_whole_with_the_limits(valley, worker):
    answer = worker.post("push", {"device": "d", "changes": [{}] * 201})

    assert answer.status_code == 413
    assert answer.json["limits"] == {"changes": 200, "bytes": 1_000_000}
    assert valley.count("problem") == 0


def test_a_body_above_the_limit_is_refused(worker):
    answer = worker.post("push", {"device": "d", "changes": ["x" * 1_100_000]})

    assert answer.status_code == 413


@pytest.mark.parametrize("body", [{}, {"device": "", "changes": {}}, {"device": 7, "changes": []}, [], "x"])
def test_an_envelope_that_cannot_be_read_is_a_problem_and_nothing_is_kept(valley, worker, body):
    answer = worker.post("push", body)

    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"
    assert valley.count("change") == valley.count("problem") == 0


@pytest.mark.parametrize("device", ["office", "server", "office#1", "", "a\nb", "x" * 201])
def test_no_device_writes_under_the_name_of_a_desk(valley, worker, device):
    answer = worker.post("push", {"device": device, "changes": [a_station(worker)]})

    assert answer.status_code == 422
    assert valley.count("record") == 0


@pytest.mark.parametrize("made_at", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_a_time_in_no_year_of_utc_counts_as_none(worker, made_at):
    assert worker.push(a_station(worker) | {"made_at": made_at})[0]["verdict"] == "applied"


def test_an_idle_pull_tells_nothing_and_leaves_the_cursor_as_it_is(worker):
    worker.push(a_station(worker))
    worker.pull()
    before = worker.cursor

    page = worker.page()

    assert (page["ops"], page["more"], page["checks"], worker.cursor) == ([], False, {}, before)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_of_any_size_add_up_to_the_same_rows(worker, officer, limit):
    made = [a_station(worker, label=f"{number}号站") for number in range(8)]
    worker.push(*made)

    officer.pull(limit)

    assert officer.rows().keys() == {each["record"] for each in made}


def test_what_changes_while_a_client_pages_comes_in_the_end(worker, officer):
    made = [a_station(worker, label=f"{number}号站") for number in range(6)]
    worker.push(*made)
    officer.page(2)
    worker.push(worker.change(made[0]["record"], "edit", fields={"head": ("甲", "乙")}, base_version=1))
    worker.push(a_station(worker, made_late := str(uuid4())))

    officer.pull(2)

    rows = officer.rows()
    assert rows[made[0]["record"]]["fields"]["head"] == "乙"
    assert rows.keys() == {made_late, *(each["record"] for each in made)}


def test_a_moved_worker_leaves_one_bucket_and_enters_another_and_nothing_else_is_sent(valley, worker):
    neighbour = Client(valley, "neighbour")
    worker.push(a_station(worker))
    theirs = a_station(neighbour, area=NEXT_UNIT)
    neighbour.push(theirs)
    worker.pull()
    valley.do(enrolment.move_user, "worker", area=NEXT_UNIT, by="test")

    ops = worker.pull()

    assert [(op["op"], op["bucket"]) for op in ops] == [
        ("leave", f"area:{UNIT}"),
        ("enter", f"area:{NEXT_UNIT}"),
        ("put", f"area:{NEXT_UNIT}"),
    ]
    assert theirs["record"] in worker.rows()
    assert worker.buckets.keys() == {"county", f"area:{VILLAGE}", f"area:{NEXT_UNIT}", "person:worker"}


def test_whoever_has_no_duty_any_more_leaves_everything(valley, worker):
    worker.push(a_station(worker))
    worker.pull()
    [duty] = [each["id"] for each in valley.rows("SELECT id FROM duty WHERE person = 'worker'")]
    valley.do(enrolment.end_duty, "worker", duty, by="test")

    worker.pull()

    assert worker.rows() == {}
    assert worker.buckets.keys() == {"county"}


def test_what_a_client_forgets_is_sent_again_and_nothing_else(worker):
    worker.push(a_station(worker))
    worker.pull()

    page = worker.page(forget=[f"area:{UNIT}"])

    assert [(op["op"], op["bucket"]) for op in page["ops"]] == [("enter", f"area:{UNIT}"), ("put", f"area:{UNIT}")]


def test_a_cursor_of_another_person_or_of_nobody_is_worth_nothing(valley, worker, officer):
    worker.push(a_station(worker))
    worker.pull()
    for forged in ("x", worker.cursor[:-4] + "AAAA", worker.cursor):
        officer.cursor, officer.buckets = forged, {}

        page = officer.page()

        assert page["fresh"]
        assert {op["op"] for op in page["ops"]} == {"enter", "put"}


def test_another_epoch_starts_anew(valley, worker):
    worker.push(a_station(worker))
    worker.pull()
    other = valley.do(restoring.take_new_epoch, "test")

    page = worker.page()

    assert (page["fresh"], page["epoch"]) == (True, other)
    assert ("enter", f"area:{UNIT}") in {(op["op"], op["bucket"]) for op in page["ops"]}


def test_the_shared_lists_come_once_and_again_when_they_change(valley, worker):
    worker.pull()
    shared = worker.buckets["county"]
    assert f"area:{UNIT}" in shared
    assert f"area:{FAR_UNIT}" in shared
    assert shared["form:hazard"]["fields"]["state"] == "open"

    assert worker.page()["ops"] == []


def test_files_that_a_change_announces_stay_in_the_history_until_their_bytes_come(valley, worker):
    file = {"name": "1.jpg", "sha256": "ab" * 32, "size": 81_234, "media_type": "image/jpeg"}
    made = a_station(worker) | {"attachments": [file]}

    assert worker.push(made)[0]["verdict"] == "applied"

    headers = {"Authorization": f"Key {valley.keys['officer']}"}
    history = valley.app.test_client().get(f"/api/v1/records/{made['record']}/history", headers=headers).json
    assert [each["attachments"] for each in history["items"]] == [[file]]
    other = file | {"sha256": "cd" * 32}
    assert worker.push(made | {"attachments": [other]})[0]["verdict"] == "quarantined"
    assert worker.push(made)[0]["verdict"] == "applied"


def test_an_item_about_a_record_that_nobody_can_read_is_kept_and_done_once_the_record_is_mended(valley, worker):
    made, good = a_station(worker), a_station(worker)
    worker.push(made)
    [kept] = valley.rows("SELECT id, registers FROM record")
    spoil = "UPDATE record SET registers = :registers WHERE id = :id"
    valley.do(lambda tx: tx.sql.run(spoil, kept | {"registers": "[[["}))
    stuck = worker.change(made["record"], "edit", fields={"head": ("甲", "乙")}, base_version=1)

    outcomes = worker.push(stuck, good)

    assert [each["verdict"] for each in outcomes] == ["quarantined", "applied"]
    assert "服务器办理时出错" in outcomes[0]["problem"]["message"]
    assert valley.problems() == ["unreadable"]
    valley.do(lambda tx: tx.sql.run(spoil, kept))
    assert worker.push(stuck)[0]["verdict"] == "applied"
    assert valley.record(made["record"]).fields["head"] == "乙"
    assert valley.rows("SELECT settled_by FROM problem") == [{"settled_by": "server"}]


def test_an_item_that_was_kept_whole_stays_on_the_list_when_another_one_comes_under_its_id(valley, worker):
    aside = a_station(worker) | {"type": "nothing_of_ours"}
    worker.push(aside)

    assert worker.push(aside | {"type": "stations"})[0]["verdict"] == "applied"
    assert valley.problems() == ["unreadable"]

    assert worker.push(aside)[0]["verdict"] == "quarantined"
    assert valley.problems() == ["quarantined"]


def test_a_pull_is_read_by_the_schema_that_the_route_has(worker, monkeypatch):
    worker.pull()
    made = []
    monkeypatch.setattr(PullRequestSchema, "__init__", lambda schema, *_, **__: made.append(schema))

    worker.pull()

    assert made == []
