"""Programs that are not ours push and pull as the protocol is written: what they leave out, and what they get wrong."""

from __future__ import annotations

import pytest

from tests.field_clients import Client, a_station
from tests.valley import UNIT


@pytest.fixture
def worker(valley) -> Client:
    return Client(valley, "worker")


@pytest.fixture
def officer(valley) -> Client:
    return Client(valley, "officer")


def test_members_of_a_group_that_nobody_touched_stand_beside_the_ones_that_two_people_changed(valley, worker, officer):
    made = a_station(worker, level="2", lack="水泵")
    worker.push(made)
    id = made["record"]
    worker.push(worker.change(id, "edit", fields={"level": ("2", "3")}, base_version=1))

    outcome = officer.push(officer.change(id, "edit", fields={"lack": ("水泵", "斧")}, base_version=1))[0]

    record = valley.record(id)
    assert (outcome["verdict"], record.conflicts) == ("merged", ("lack", "level"))
    assert (record.fields["level"], record.fields["lack"]) == ("2", "斧")


def test_a_group_is_the_same_when_the_first_of_two_edits_comes_last(valley, worker, officer):
    made = a_station(worker, level="2", lack="水泵")
    worker.push(made)
    id = made["record"]
    first = officer.change(id, "edit", fields={"level": ("2", "3")}, base_version=1)
    second = officer.change(id, "edit", fields={"head": ("甲", "乙")}, base_version=1, after=first["id"])

    officer.push(second)
    officer.push(first)

    fields = valley.record(id).fields
    assert (fields["level"], fields["lack"], fields["head"]) == ("3", "水泵", "乙")
    assert valley.record(id).conflicts == ()


def test_members_that_an_unsent_edit_changed_are_what_the_next_one_saw(valley, worker):
    made = a_station(worker, level="2", lack="水泵")
    worker.push(made)
    id = made["record"]

    worker.push(
        worker.change(id, "edit", fields={"level": ("2", "3")}, base_version=1),
        worker.change(id, "edit", fields={"lack": ("水泵", "斧")}, base_version=1),
    )

    record = valley.record(id)
    assert (record.fields["level"], record.fields["lack"], record.conflicts) == ("3", "斧", ())


def test_what_is_wrong_with_an_item_is_said_in_words_that_an_officer_reads(worker):
    outcome = worker.push({"id": "x", "seq": "1", "record": None, "type": "stations", "fields": {"head": 7}})[0]

    assert outcome["problem"]["message"].removeprefix("手机送来一项不能直接办理的内容，已原样留存：") == (
        "id：应为 UUID；seq：应为1以上的整数；record：不能为空；action：必填；"
        "fields.head.value：应写成 [看到的值或 null, 新值]，都是文字。"
    )


def test_a_body_above_the_limit_is_refused_with_the_limits(worker):
    answer = worker.post("push", {"device": "d", "changes": ["x" * 1_100_000]})

    assert answer.status_code == 413
    assert answer.json["limits"] == {"changes": 200, "bytes": 1_000_000}


def test_a_bucket_that_there_is_not_can_be_forgotten(worker):
    worker.push(a_station(worker))
    worker.pull()

    page = worker.page(forget=["area:nowhere", "person:nobody", "x"])

    assert page["ops"] == []
    assert UNIT in {row["area"] for row in worker.rows().values()}
