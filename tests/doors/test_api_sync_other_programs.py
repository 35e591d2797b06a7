"""Programs that are not ours push and pull as the protocol is written: what they leave out, and what they get wrong."""

from __future__ import annotations

import pytest
from builders import UNIT
from field_clients import Client, a_station


@pytest.fixture
def worker(valley) -> Client:
    return Client(valley, "worker")


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
