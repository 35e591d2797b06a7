"""A write with an id that comes again is answered as it was, and carried out once.

``tests/web/repeating_client.py`` sends every write of every other test twice; here is what else holds.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from server.admin.usecases import forgetting, housekeeping
from server.app import close
from server.db import repeats, sealing, values_as_text
from server.db.database import Database
from server.db.repeats import Repeats
from server.errors import Conflict, NotFound, OutcomeUnknown
from server.grid.domain.areas import Area, Level
from server.people.domain.roles import Role
from server.web.problem_details import status_of
from tests.api_county import NEXT_VILLAGE, PASSWORD, UNIT, VILLAGE, lay_people
from tests.county import NOON, Clock, County, open_county
from tests.office.desk import Desk
from tests.source_tree import program

ID = "0190a7c2-3f1e-7aaa-8bbb-0123456789ab"
UNITS = f"/areas/{VILLAGE}/units"


@pytest.fixture
def county(tmp_path):
    made = open_county(tmp_path / "data", lay_people, clock=Clock())
    yield made
    close(made.app)


def post(county: County, path: str, body: object, id: str | None = ID, name: str = "admin"):
    """Post once: the client of tests would repeat it."""
    headers = {"Authorization": f"Key {county.keys[name]}"} | ({} if id is None else {"Idempotency-Key": id})
    with county.app.test_client() as client:
        return super(type(client), client).open(f"/api/v1{path}", method="POST", headers=headers, json=body)


def keys_of(county: County, name: str) -> int:
    return int(county.rows("SELECT COUNT(*) AS n FROM phone_key WHERE person = :name", name=name)[0]["n"])


def test_a_key_whose_answer_was_lost_is_asked_for_again_and_given_once(county):
    before = keys_of(county, "worker")
    first, again = (post(county, "/users/worker/key", {}) for _ in range(2))

    assert first.status_code == again.status_code == 201
    assert first.json["url"] == again.json["url"] and keys_of(county, "worker") == before + 1
    assert post(county, "/users/worker/key", {}, "another-id-of-16-letters").json["url"] != first.json["url"]


def test_without_an_id_each_request_stands_for_itself(county):
    first, again = (post(county, "/users/worker/key", {}, None) for _ in range(2))

    assert first.json["url"] != again.json["url"] and county.count("write_result") == 0


def test_a_password_that_was_made_is_told_again(county):
    first, again = (post(county, "/users/gas/password", {}) for _ in range(2))

    assert first.json["password"] == again.json["password"] is not None


def test_one_id_is_one_request_of_one_person(county):
    post(county, "/users/worker/key", {})

    other = post(county, "/users/worker/key", {"replace": True})
    elsewhere = post(county, "/users/neighbour/key", {})
    of_another = post(county, "/users/worker/key", {}, name="town")

    for answer in (other, elsewhere):
        assert answer.status_code == 422 and "请为新的请求换一个新的编号" in answer.json["detail"]
    assert of_another.status_code == 201
    assert keys_of(county, "neighbour") == 1


@pytest.mark.parametrize("id", ["short", "x" * 201, "with blanks between them"])
def test_an_id_that_is_none_is_refused_with_its_cure(county, id):
    answer = post(county, "/users/worker/key", {}, id)

    assert answer.status_code == 422 and "例如一个 UUID" in answer.json["detail"]


def test_what_was_refused_is_examined_again(county):
    wanted = {"role": "grid_worker", "area": UNIT, "body": None, "from": "2027-01-01"}
    refused = post(county, "/users/newcomer/duties", wanted)
    county.post("/users", "admin", {"name": "newcomer", "role": "grid_worker", "area": NEXT_VILLAGE + "001"})

    assert refused.status_code == 404
    assert post(county, "/users/newcomer/duties", wanted).status_code == 201


@pytest.mark.parametrize("outcome", ["there already", Conflict("已有这个人")], ids=["returned", "refused"])
def test_the_same_that_came_twice_at_once_is_answered_alike(county, outcome):
    one, other = (Repeats(b"k" * 32, "the same") for _ in range(2))

    def finds_it_done(database: Database) -> str:
        one.carry_out(database.aside(), lambda database: database.write(lambda tx: "done"))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    assert other.carry_out(county.store, finds_it_done) == "done"


def test_what_was_refused_after_another_request_is_refused(county):
    def refuses(database: Database) -> None:
        raise Conflict("已有这个人")

    with pytest.raises(Conflict, match="已有这个人"):
        Repeats(b"k" * 32, "this").carry_out(county.store, refuses)


@pytest.mark.parametrize("times", [2, 3])
def test_a_wrong_old_password_is_wrong_however_often_it_is_sent(county, times):
    wanted = {"old_password": "not-this-one-4711", "new_password": "five-red-kettles-9"}
    begun = county.client.post("/api/v1/session", json={"username": "admin", "password": PASSWORD}).json
    headers = {"Authorization": f"Bearer {begun['access_token']}", "Idempotency-Key": ID}

    answers = [county.client.post("/api/v1/session/password", json=wanted, headers=headers) for _ in range(times)]

    assert [each.status_code for each in answers] == [422] * times
    assert {each.json["errors"][0]["field"] for each in answers} == {"old_password"}


def test_a_right_that_was_lost_meanwhile_opens_no_answer(county):
    assert post(county, "/users/worker/key", {}, name="town").status_code == 201
    county.post("/users/town/revocation", "admin")

    assert post(county, "/users/worker/key", {}, name="town").status_code == 403


def test_nobody_reads_in_the_database_what_was_answered(county):
    url = post(county, "/users/worker/key", {}).json["url"]

    (row,) = county.rows("SELECT * FROM write_result")
    assert url.rpartition("/")[2].encode() not in row["result"]
    assert ID not in str(row) and b"worker" not in row["result"]


def test_results_are_forgotten_when_nobody_asks_any_more(county):
    post(county, "/users/worker/key", {})
    county.clock.pass_by(days=repeats.KEPT.days - 1)
    county.do(housekeeping.round_of)
    assert county.count("write_result") == 1
    county.clock.pass_by(days=1, minutes=1)

    county.do(housekeeping.round_of)

    assert county.count("write_result") == 0


def test_nothing_is_kept_of_whoever_is_forgotten(county):
    post(county, "/users/worker/key", {})
    county.post("/users/viewer/revocation", "admin")

    county.do(forgetting.forget_account, "viewer", by="admin")

    assert {row["result"] for row in county.rows("SELECT result FROM write_result")} == {b""}


def test_what_was_done_before_somebody_was_forgotten_is_not_done_again(county):
    post(county, "/users/worker/key", {})
    county.post("/users/viewer/revocation", "admin")
    county.do(forgetting.forget_account, "viewer", by="admin")
    keys = county.count("phone_key")

    answer = post(county, "/users/worker/key", {})

    assert answer.status_code == 409 and "已经办理过" in answer.json["detail"]
    assert county.count("phone_key") == keys


def test_what_an_older_program_kept_in_another_shape_is_not_guessed(county):
    post(county, UNITS, {"name": "东头", "from": "2027-01-01"})
    key = sealing.key_of(county.app.config["JWT_SECRET_KEY"], "header", "admin", ID)
    older = sealing.sealed(b'["server.grid.domain.areas:Area",{"kind":"unit"}]', key)
    county.do(lambda tx: tx.sql.run("UPDATE write_result SET result = :older", {"older": older}))

    answer = post(county, UNITS, {"name": "东头", "from": "2027-01-01"})

    assert answer.status_code == 409 and "已经办理过" in answer.json["detail"]


def test_a_form_of_a_page_that_is_sent_again_is_answered_as_it_was(county):
    desk = Desk(county)
    desk.sign_in("admin")
    form = desk.form(desk.open("/office/admin/bodies?add=1"), "/office/admin/bodies")
    sent = {"code": "dept-water", "name": "水利局", "kind": "department", "area": VILLAGE}

    answers = [desk.submit(form, **sent) for _ in range(2)]
    other = desk.submit(form, **{**sent, "code": "dept-forest", "name": "林草局"})  # going back, and changing it

    assert [each.status_code for each in (*answers, other)] == [303, 303, 303]
    assert {row["code"] for row in county.rows("SELECT code FROM body")} == {"dept-gas", "dept-water", "dept-forest"}


def test_doors_write_by_what_knows_repeats():
    """Whatever a view writes goes through ``context.write`` or ``context.carry_out``."""
    writes = re.compile(r"(?<!context)\.write\(\s*(?:lambda|partial)|database\(\)\.write\(|write=context\.write\b")
    doors = [each for each in program() if each.name.startswith(("server/api/", "server/office/"))]

    assert len(doors) > 100
    assert [each.name for each in doors if writes.search(each.text)] == []


VALUES = [
    None, True, 7, 1.5, "文", b"\x00\xff", (), (1, (2, None)), [1], {"a": (1,)}, {1: "b"}, {1, 2}, frozenset("ab"),
    timedelta(days=7), NOON, NOON.date(), Role.BRIGADE,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_a_value_comes_back_as_it_was(value):
    back = values_as_text.decoded(values_as_text.encoded(value))

    assert back == value and type(back) is type(value)


def test_classes_of_the_program_come_back_and_others_never():
    area = Area(VILLAGE, "荆山口村", Level.VILLAGE, None)

    assert values_as_text.decoded(values_as_text.encoded(area)) == area
    with pytest.raises(TypeError):
        values_as_text.encoded(Path())
    with pytest.raises(LookupError):
        values_as_text.decoded(b'["os:stat_result",{}]')


def test_refusals_come_back_with_their_particulars():
    back = values_as_text.decoded(values_as_text.encoded(NotFound("没有。", user="x")))

    assert (type(back), back.message, back.data, str(back)) == (NotFound, "没有。", {"user": "x"}, "没有。")


def test_what_is_sealed_opens_by_its_own_key_alone():
    key, other = (sealing.key_of("secret", each) for each in "ab")

    assert sealing.opened(sealing.sealed(b"x", key), key) == b"x"
    with pytest.raises(ValueError, match="another key"):
        sealing.opened(sealing.sealed(b"x", key), other)


def test_an_unknown_outcome_says_to_send_the_same_again():
    assert status_of(OutcomeUnknown()) == 503
    assert "不知道是否已保存" in OutcomeUnknown().message and "原样再提交一次" in OutcomeUnknown().message
