"""A mask that comes back is no write, whichever way it comes; what somebody could not see, they have not replaced."""

from __future__ import annotations

import pytest

from server.app import close
from server.people.store import people
from server.replication.store import epochs
from server.replication.usecases import pull as pulling
from server.replication.usecases.pull import Cursor
from tests.api.test_personal_data_at_every_door import NAME, PHONE, SHOP, fill, lay, put, uuid_of
from tests.api_county import UNIT
from tests.county import open_county

EDIT_FORM = """\
| survey |
| | type | name | label | constraint | save_to | bind::fg:personal |
| | select_one_from_file shops.csv | pick | 店 | | | |
| | text | owner | 店主姓名 | | owner | |
| | text | phone | 店主电话 | regex(., '^[0-9][0-9 -]{2,18}[0-9]$') | phone | |
| | text | hotline | 值班电话 | | hotline | |
| | text | remark | 说明 | | remark | |
| entities |
| | list_name | entity_id | update_if |
| | shops | ${pick} | true() |
| settings |
| | form_title | form_id | version | namespaces |
| | 更新店铺 | shop_edit | 1 | fg="urn:firegrid:xforms" |
"""


@pytest.fixture
def shops(tmp_path):
    made = open_county(tmp_path / "data", lay, fill)
    made.publish(EDIT_FORM)
    yield made
    close(made.app)


def an_update(word: str, base: int, branch: str = "", **answers: str) -> bytes:
    """Return an update from version 1; on a branch ``base`` counts the phone's own."""
    said = "".join(f"<{name}>{value}</{name}>" for name, value in answers.items())
    return f"""\
<data xmlns:orx="http://openrosa.org/xforms" id="shop_edit" version="1"><pick>{uuid_of("two")}</pick>{said}<meta>\
<orx:instanceID>uuid:{uuid_of(word)}</orx:instanceID>\
<entity dataset="shops" id="{uuid_of("two")}" update="1" baseVersion="{base}" \
trunkVersion="1" branchId="{branch}"/></meta></data>
""".encode()


@pytest.fixture
def shop(shops):
    """A shop that nobody argues about."""
    held = {"shop": "粮店", "owner": NAME, "phone": PHONE, "hotline": "110", "remark": f"找 {PHONE}", "label": "粮店"}
    put(shops, "two", "worker", held, area=UNIT)
    return held


def fields_of(shops) -> dict[str, str]:
    return dict(shops.record(uuid_of("two")).fields)


def test_a_phone_without_the_personal_answers_sends_them_back_blank_and_changes_none(shops, shop):
    row = shops.phone("police").list("shop", "shops.csv")[uuid_of("two")]
    before = fields_of(shops)

    answers = {name: row[name] for name in ("owner", "phone", "remark")} | {"hotline": "119"}
    assert shops.phone("police").send(an_update("p", 1, **answers)).status_code == 201

    assert (answers["owner"], answers["phone"], answers["remark"]) == ("", "", "找 138****0471")
    assert fields_of(shops) == before | {"hotline": "119"}
    assert shops.problems(record=uuid_of("two")) == []


def test_a_worker_who_blanks_a_name_means_it(shops, shop):
    assert shops.phone("worker").send(an_update("w", 1, owner="", phone=PHONE)).status_code == 201

    assert fields_of(shops)["owner"] == ""
    assert fields_of(shops)["phone"] == PHONE


def test_a_value_that_its_author_could_not_see_is_not_replaced_by_theirs(shops, shop):
    shops.phone("police").send(an_update("p", 1, owner="司马青", phone="", hotline="110"))

    assert shops.record(uuid_of("two")).conflicts == ("owner",)


def test_nor_is_it_when_all_is_merged_anew(shops, shop):
    """The later of two updates comes first, so that the earlier one has to be put before it."""
    branch = uuid_of("branch")
    shops.phone("police").send(an_update("second", 2, branch, owner="司马青", phone="", hotline="120"))
    shops.phone("police").send(an_update("first", 1, branch, owner="", phone="", hotline="119"))

    assert shops.record(uuid_of("two")).conflicts == ("owner",)
    assert fields_of(shops)["hotline"] == "120"
    assert fields_of(shops)["phone"] == PHONE


@pytest.mark.parametrize("written", ["138****0471", ["138****0471", "138****0471"], [PHONE, "138****0471"]])
def test_the_api_takes_a_mask_for_no_write(shops, shop, written):
    before = fields_of(shops)
    body = {"action": "edit", "fields": {"phone": written, "hotline": "119"}}

    answer = shops.post(f"/records/{uuid_of('two')}/changes", "officer", body)

    assert answer.status_code == 200, answer.text
    assert fields_of(shops) == before | {"hotline": "119"}


def test_an_edit_of_nothing_but_masks_is_carried_out_and_changes_nothing(shops, shop):
    before = fields_of(shops)

    answer = shops.post(
        f"/records/{uuid_of('two')}/changes", "officer",
        {"action": "edit", "fields": {"phone": "138****0471", "owner": "欧**", "remark": "找 138****0471"}},
    )  # fmt: skip

    assert answer.status_code == 200, answer.text
    assert fields_of(shops) == before


@pytest.mark.parametrize("written", [{"phone": "139****0471"}, {"owner": "司**"}, {"phone": [PHONE, "138****0472"]}])
def test_what_was_made_of_a_mask_is_refused_at_a_desk_with_the_cure(shops, shop, written):
    before = fields_of(shops)

    answer = shops.post(f"/records/{uuid_of('two')}/changes", "officer", {"action": "edit", "fields": written})

    assert answer.status_code == 422
    assert "请写完整，或不改这一项" in answer.json["detail"]
    assert [each["field"] for each in answer.json["errors"]] == [f"fields.{name}" for name in written]
    assert fields_of(shops) == before


def test_what_was_made_of_a_mask_on_a_phone_is_told_to_the_office_and_the_rest_is_kept(shops, shop):
    before = fields_of(shops)

    assert shops.phone("worker").send(an_update("w", 1, phone="138****0472", hotline="119")).status_code == 201

    changed = {name: value for name, value in fields_of(shops).items() if value != before.get(name)}
    assert changed == {"hotline": "119"}
    [problem] = shops.problems(record=uuid_of("two"))
    assert problem == "misfit"


def test_nor_does_a_field_client_write_half_a_number(shops, shop):
    before = fields_of(shops)
    change = {
        "id": uuid_of("pushed"), "seq": 1, "record": uuid_of("two"), "type": "shops", "action": "edit",
        "fields": {"phone": [PHONE, "138****0472"], "remark": [f"找 {PHONE}", "没人"]}, "base_version": 1,
    }  # fmt: skip

    answer = shops.post("/sync/push", "worker", {"device": uuid_of("laptop"), "epoch": None, "changes": [change]})

    assert fields_of(shops) == before | {"remark": "没人"}
    assert shops.problems(record=uuid_of("two")) == ["misfit"], answer.text


def test_a_field_client_may_push_a_mask(shops, shop):
    before = fields_of(shops)
    change = {
        "id": uuid_of("pushed"), "seq": 1, "record": uuid_of("two"), "type": "shops", "action": "edit",
        "fields": {"phone": [PHONE, "138****0471"], "remark": [f"找 {PHONE}", "没人"]}, "base_version": 1,
    }  # fmt: skip

    answer = shops.post("/sync/push", "worker", {"device": uuid_of("laptop"), "epoch": None, "changes": [change]})

    assert [each["verdict"] for each in answer.json["outcomes"]] == ["applied"], answer.text
    assert fields_of(shops) == before | {"remark": "没人"}


def test_a_conflict_may_be_settled_by_the_mask_of_one_of_its_values(shops):
    [problem] = shops.ids("/problems?kind=conflict", "officer")

    answer = shops.post(
        f"/problems/{problem}/settlement", "officer", {"how": "choose", "choices": {"phone": {"value": "138****0472"}}}
    )

    assert answer.status_code == 200, answer.text
    assert shops.record(SHOP).fields["phone"] == "13800000472"


def test_a_client_from_before_goes_on_and_reads_again_only_what_is_now_masked(shops):
    with shops.store.reading() as reading:
        mark = epochs.mark(reading)
        kept = {}
        for name in ("worker", "police"):
            by = people.actor(reading, name)
            new = pulling.page(reading, by, Cursor(), mark, limit=500, forget=frozenset()).cursor
            plain = {key: each for key, each in pulling.to_json(new).items() if key != "s"}
            old = pulling.from_json(plain)
            kept[name] = pulling.page(reading, by, old, mark, limit=500, forget=frozenset())

    assert kept["worker"].ops == ()
    done = [(op.op, op.bucket.partition(";")[0], ";" in op.bucket) for op in kept["police"].ops if op.op != "put"]
    assert ("leave", f"area:{UNIT}", False) in done
    assert ("enter", f"area:{UNIT}", True) in done
    assert "county" not in {bucket for _, bucket, _ in done}


def test_a_masked_bucket_can_be_asked_for_again_by_its_name(shops):
    first = shops.post("/sync/pull", "police", {"cursor": None, "limit": 500}).json
    bucket = next(
        op["bucket"] for op in first["ops"] if op["op"] == "enter" and op["bucket"].startswith(f"area:{UNIT}")
    )

    again = shops.post("/sync/pull", "police", {"cursor": first["cursor"], "limit": 500, "forget": [bucket]}).json
    idle = shops.post("/sync/pull", "police", {"cursor": again["cursor"], "limit": 500}).json

    assert [op["bucket"] for op in again["ops"] if op["op"] == "enter"] == [bucket]
    assert again["checks"][bucket] == first["checks"][bucket]
    assert idle["ops"] == []
    assert idle["cursor"] == again["cursor"]
