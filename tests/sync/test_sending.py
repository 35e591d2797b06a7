"""What is written on a device reaches the server: once, in its order, whatever happens on the way."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sync.client import outbox, records
from sync.client.failures import NoConnection, NotSignedIn, Refused
from tests.sync.town import lost_answer, lost_request, says


def test_a_change_is_on_disk_with_all_it_needs_before_anything_is_sent(phone, town):
    record = phone.create(head="甲", hoses="6")

    assert town.requests == []
    change = json.loads(phone.changes()[0]["body"])
    assert (change["record"], change["seq"], change["base_version"]) == (record, 1, 0)
    assert change["fields"] == {"head": [None, "甲"], "hoses": [None, "6"]}
    assert change["made_at"].startswith("2026-11-24T") and change["made_at"][-6] in "+-"


def test_a_push_brings_it_to_the_server_and_its_record_back(phone, town):
    record = phone.create(head="甲")

    sent = phone.push()

    assert dict(sent.verdicts) == {"applied": 1}
    assert town.state.records[record]["fields"] == {"head": "甲"}
    assert phone.see(record).version == 1
    assert phone.see(record).pending == ()


def test_an_edit_says_what_was_seen_and_which_version(phone, town):
    town.put("s1", head="甲", hoses="6")
    phone.pull()

    phone.edit("s1", head="乙", hoses="6")

    change = json.loads(phone.changes()[0]["body"])
    assert change["fields"] == {"head": ["甲", "乙"]}
    assert change["base_version"] == 1
    assert "after" not in change


def test_an_edit_that_changes_nothing_is_no_change(phone, town):
    town.put("s1", head="甲")
    phone.pull()

    assert phone.edit("s1", head="甲") is False
    assert phone.changes() == []


def test_a_second_edit_names_the_first_and_has_seen_its_value(phone, town):
    town.put("s1", head="甲")
    phone.pull()

    phone.edit("s1", head="乙")
    phone.edit("s1", head="甲")

    first, second = (json.loads(each["body"]) for each in phone.changes())
    assert second["after"] == first["id"]
    assert second["fields"] == {"head": ["乙", "甲"]}
    assert second["base_version"] == 1
    phone.push()
    assert town.state.records["s1"]["fields"] == {"head": "甲"}


def test_an_edit_of_a_name_that_the_server_composed_says_what_it_showed(phone, town):
    town.put("s1", head="甲")
    town.state.records["s1"]["label"] = "一号站"
    phone.pull()

    phone.edit("s1", label="二号站")

    assert json.loads(phone.changes()[0]["body"])["fields"] == {"label": ["一号站", "二号站"]}


def test_an_id_begins_one_record(phone):
    record = phone.create(head="甲")

    with pytest.raises(Refused, match="edit"), phone.device.writing():
        records.create(phone.device, "stations", {"head": "乙"}, record=record)
    assert len(phone.changes()) == 1


def test_an_act_tells_the_status_its_author_saw(phone, town):
    town.put("c1", head="x")
    town.state.records["c1"]["status"] = "assigned"
    phone.pull()

    phone.act("c1", "accept", note="马上去")

    change = json.loads(phone.changes()[0]["body"])
    assert (change["action"], change["seen_status"]) == ("accept", "assigned")
    assert phone.fields("c1") == {"head": "x"}
    phone.push()
    assert phone.see("c1").status == "accepted"


def test_when_the_answer_is_lost_the_same_bytes_go_again_and_nothing_is_done_twice(phone, town):
    record = phone.create(head="甲")
    town.faults = [lost_answer, lost_answer]

    phone.push()

    texts = {text for _, text in town.received}
    assert len(town.received) == 3 and len(texts) == 1
    assert town.state.records[record]["version"] == 1


def test_without_a_network_the_work_stays_and_the_next_push_sends_it(phone, town):
    record = phone.create(head="甲")
    town.faults = [lost_request] * 3

    with pytest.raises(NoConnection):
        phone.push()
    assert phone.fields(record) == {"head": "甲"}
    phone.push()

    assert town.state.records[record]["fields"] == {"head": "甲"}


def test_a_push_goes_oldest_first_in_batches_that_the_server_takes(phone, town):
    town.limits = {"changes": 8, "bytes": 1_000_000}
    for number in range(30):
        phone.create(head=str(number))

    sent = phone.push()

    assert sent.verdicts["applied"] == 30
    assert [json.loads(text)["seq"] for _, text in town.received] == list(range(1, 31))
    assert [len(asked["changes"]) for _, asked in town.requests] == [30, 8, 8, 8, 6]


def test_a_batch_that_is_too_many_bytes_is_halved(phone, town):
    town.limits = {"changes": 200, "bytes": 3_000}
    for number in range(20):
        phone.create(head=f"{number}" * 40)

    phone.push()

    assert len(town.received) == 20


def test_one_change_too_large_for_the_server_holds_up_nothing_and_says_so(phone, town):
    town.limits = {"changes": 200, "bytes": 3_000}
    big = phone.create(note="长" * 3_000)
    small = phone.create(head="甲")

    sent = phone.push()

    assert len(sent.too_large) == 1
    assert small in town.state.records and big not in town.state.records
    assert phone.see(big).pending[0].trouble


def test_an_edit_whose_record_is_not_there_waits_and_is_asked_after_later(phone, phones, town):
    record = phone.create(head="甲")
    other = phones()
    with other.device.writing():
        outbox.add(other.device, {**json.loads(phone.changes()[0]["body"]), "id": other.ids(), "action": "edit"})
    assert dict(other.push().verdicts) == {"waiting": 1}
    phone.push()

    assert dict(other.push().verdicts) == {}
    other.at += timedelta(hours=2)
    assert dict(other.push().verdicts) == {"applied": 1}
    assert town.state.records[record]["version"] == 2


def test_a_verdict_for_a_person_is_kept_with_its_reason(phone):
    record = phone.create(type="forbidden", head="甲")

    phone.push()

    assert phone.changes()[0]["problem"] == "不归您管。"
    assert phone.see(record).pending[0].verdict == "quarantined"


def test_what_is_durable_goes_and_what_is_not_stays(phone, town):
    town.durable = 0
    phone.create(head="甲")
    phone.push()
    assert phone.changes()[0]["body"] is not None

    town.durable = None
    phone.pull()

    assert phone.changes()[0]["body"] is None
    assert phone.changes()[0]["verdict"] == "applied"


def test_a_restored_server_is_offered_again_what_no_backup_holds(phone, town):
    town.durable = 0
    town.put("s1", head="甲")
    backup = town.backup()
    phone.pull()
    record = phone.create(head="新")
    phone.edit("s1", head="乙")
    phone.push()
    phone.edit(record, head="更新")
    phone.push()

    town.restore(backup)
    phone.pull()
    assert phone.fields("s1") == {"head": "乙"}
    assert phone.fields(record) == {"head": "更新"}
    assert not phone.see(record).is_handed_over
    phone.push()
    phone.pull()

    assert town.state.records["s1"]["fields"] == {"head": "乙"}
    assert town.state.records[record]["fields"] == {"head": "更新"}
    assert phone.held() == {"s1": 1002, record: 2}


def test_a_restored_server_counts_versions_anew_and_its_word_counts(phone, town):
    town.durable = 0
    backup = town.backup()
    record = phone.create(head="甲")
    phone.push()
    town.put(record, head="丙")
    phone.pull()
    assert phone.see(record).version == 2

    town.restore(backup)
    phone.create(head="另一个")
    phone.push()

    assert phone.see(record).version == 1
    assert phone.fields(record) == {"head": "甲"}


def test_a_server_restored_during_a_push_gets_all_of_it(phone, town):
    town.durable = 0
    backup = town.backup()
    town.limits = {"changes": 1, "bytes": 1_000_000}
    phone.push()
    ids = [phone.create(head=str(number)) for number in range(3)]

    def restored(work):
        town.restore(backup)
        return work()

    town.faults = [lambda work: work(), lambda work: work(), lambda work: work(), restored]
    phone.push()

    assert all(id in town.state.records for id in ids)


def test_a_refused_key_is_told_apart_from_no_network(phones, town):
    stranger = phones("nobody")
    stranger.create(head="甲")

    with pytest.raises(NotSignedIn, match="密钥无效"):
        stranger.push()
    assert len(outbox.unsent(stranger.device)) == 1


def test_an_answer_without_an_outcome_does_not_make_a_push_go_round_for_ever(phone, town):
    phone.create(head="甲")
    town.faults = [lambda work: (200, {}, {**work()[2], "outcomes": []})]

    sent = phone.push()

    assert not sent.verdicts
    assert len(outbox.unsent(phone.device)) == 1


def test_outcomes_of_what_was_not_sent_from_here_are_passed_over(phone, town):
    record = phone.create(head="甲")
    stray = {"verdict": "applied", "version": 1, "seq": 1, "problem": None, "record": None}

    def more(work):
        status, headers, body = work()
        return status, headers, {**body, "outcomes": [{**stray, "id": "not-mine"}, stray, *body["outcomes"]]}

    town.faults = [more]
    sent = phone.push()

    assert dict(sent.verdicts) == {"applied": 1}
    assert [(each["record"], each["verdict"]) for each in phone.changes()] == [(record, "applied")]


@pytest.mark.parametrize(
    "nonsense",
    [
        {},
        [],
        {"outcomes": []},
        {"epoch": "e", "durable": "x", "now": "2026-11-24T04:00:00Z", "outcomes": []},
        {"epoch": "e", "durable": 1, "now": "yesterday", "outcomes": []},
        {"epoch": "e", "durable": 1, "now": "2026-11-24T04:00:00", "outcomes": []},
        {"epoch": "e", "durable": 1, "now": "2026-11-24T04:00:00Z", "outcomes": [{"id": "x"}]},
    ],
)
def test_nothing_of_a_garbled_answer_is_used(phone, town, nonsense):
    phone.create(head="甲")
    town.faults = [says(200, {}, nonsense)]

    with pytest.raises(NoConnection, match="无法理解"):
        phone.push()
    assert len(outbox.unsent(phone.device)) == 1
    assert phone.device.setting("epoch") is None
