"""What the server lets a device hold comes to it, page by page, and goes again when it is no longer its own."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from sync.client import synchronization
from sync.client.failures import NoConnection, Refused
from tests.sync.town import lost_answer, lost_request, says


def test_a_first_pull_brings_every_row_and_the_next_one_nothing(phone, town):
    for number in range(5):
        town.put(f"s{number}", head=str(number))
    town.put("area:unit1", "county", name="第1单元")

    assert phone.pull().rows == 6
    assert phone.pull().rows == 0
    assert len(phone.held()) == 6


def test_what_changed_at_the_office_comes_with_the_next_pull(phone, town):
    town.put("s1", head="甲")
    phone.pull()

    town.put("s1", head="乙")
    phone.pull()

    assert phone.fields("s1") == {"head": "乙"}
    assert phone.see("s1").version == 2


def test_a_row_that_leaves_its_bucket_goes(phone, town):
    town.put("s1", head="甲")
    phone.pull()

    town.take_away("s1")
    phone.pull()

    assert phone.held() == {}


def test_a_row_that_moves_to_another_bucket_of_mine_stays(phone, town):
    town.put("s1", "area:unit1", head="甲")
    phone.pull()

    town.put("s1", "person:worker", head="甲")
    phone.pull()

    assert phone.held() == {"s1": 2}


def test_a_person_who_moves_gets_the_new_rows_and_loses_the_old_ones(phone, town):
    town.put("s1", "area:unit1", head="甲")
    town.put("s2", "area:unit2", head="乙")
    phone.pull()

    town.entitled["worker"] = ["area:unit2", "county", "person:worker"]
    phone.pull()

    assert phone.held() == {"s2": 1}


def test_unsent_work_on_rows_that_left_waits_in_the_tray_read_only_until_it_is_answered(phone, town):
    town.put("s1", head="甲")
    town.put("s2", head="丙")
    phone.pull()
    phone.edit("s1", head="乙")

    town.entitled["worker"] = ["county"]
    phone.pull()

    assert list(phone.held()) == ["s1"]
    assert phone.see("s1").is_handed_over
    assert phone.fields("s1") == {"head": "乙"}
    with pytest.raises(Refused, match="移交"):
        phone.edit("s1", head="丁")
    phone.push()
    assert phone.held() == {}
    assert town.state.records["s1"]["fields"] == {"head": "乙"}


def test_a_handed_over_row_that_comes_back_can_be_edited_again(phone, town):
    town.put("s1", head="甲")
    phone.pull()
    phone.edit("s1", head="乙")
    town.entitled["worker"] = ["county"]
    phone.pull()

    town.entitled["worker"] = ["area:unit1"]
    phone.pull()

    assert phone.edit("s1", head="丁")


def test_pending_edits_lie_over_what_the_pull_brings(phone, town):
    town.put("s1", head="甲", hoses="6")
    phone.pull()
    phone.edit("s1", head="乙")

    town.put("s1", hoses="8")
    phone.pull()

    assert phone.fields("s1") == {"head": "乙", "hoses": "8"}
    phone.push()
    assert town.state.records["s1"]["fields"] == {"head": "乙", "hoses": "8"}


def test_a_pull_that_dies_goes_on_from_the_last_whole_page(phone, town, monkeypatch):
    monkeypatch.setattr(synchronization, "PAGE_ROWS", 2)
    for number in range(7):
        town.put(f"s{number}", head=str(number))
    town.faults = [lambda work: work(), lambda work: work(), lost_answer, lost_request, lost_request]
    with pytest.raises(NoConnection):
        phone.pull()
    held = len(phone.held())

    rest = phone.pull()

    assert held == 4
    assert rest.rows == 3
    assert len(phone.held()) == 7


def test_a_page_asked_for_from_another_place_than_the_store_is_at_is_dropped(phone, phones, town):
    town.put("s1", head="甲")

    def overtaken(work):
        answer = work()
        town.put("s2", head="乙")
        late.append(answer)
        return answer

    late = []
    town.faults = [overtaken]
    asked = synchronization.replica.next_request(phone.device)
    phone.pull()
    page = synchronization.wire.read_page(late[0][2])
    with phone.device.writing():
        applied = synchronization.replica.apply_page(phone.device, page, asked)

    assert applied is None
    phone.pull()
    assert set(phone.held()) == {"s1", "s2"}


def test_a_bucket_that_lost_a_row_here_is_read_again_whole_and_no_other(phone, town):
    town.put("s1", head="甲")
    town.put("s2", head="乙")
    town.put("w1", "person:worker", head="丙")
    phone.pull()
    with phone.device.writing():
        phone.device.run("DELETE FROM row WHERE id = 's2'")

    town.put("s1", head="丁")
    pulled = phone.pull()

    assert pulled.reread == ["area:unit1"]
    assert phone.held() == {"s1": 2, "s2": 1, "w1": 1}
    assert [asked.get("forget") for _, asked in town.requests][-1] == ["area:unit1"]
    assert pulled.rows == 3


def test_a_server_that_never_adds_up_is_told_to_a_person_and_unsent_work_is_safe(phone, town):
    town.put("s1", head="甲")
    phone.pull()
    phone.edit("s1", head="乙")
    town._check = lambda bucket: {"count": 7, "hash": "0" * 12}
    town.put("s1", hoses="1")

    with pytest.raises(Refused, match="核对"):
        phone.pull()
    assert phone.fields("s1")["head"] == "乙"


def test_a_cursor_that_the_server_does_not_know_begins_anew_and_drops_what_is_not_mine(phone, town):
    town.put("s1", head="甲")
    town.put("s2", "area:unit2", head="乙")
    town.entitled["worker"] = ["area:unit1", "area:unit2"]
    phone.pull()

    town.state.epoch = "another"
    town.entitled["worker"] = ["area:unit2"]
    phone.pull()

    assert phone.held() == {"s2": 1}


def test_a_row_that_came_with_an_answer_is_not_taken_for_a_difference(phone, town):
    town.put("s1", head="甲")
    phone.pull()
    phone.edit("s1", head="乙")
    phone.push()

    pulled = phone.pull()

    assert pulled.reread == []
    assert phone.held() == {"s1": 2}


def test_what_i_made_outside_of_my_buckets_goes_with_the_pull_that_does_not_bring_it(phone, town):
    record = phone.create(area="unit9", head="甲")
    phone.push()

    phone.pull()

    assert phone.see(record) is None
    assert record in town.state.records


def test_what_another_process_sends_during_a_pull_is_not_dropped_by_it(phone, town, monkeypatch):
    monkeypatch.setattr(synchronization, "exchange_lock", lambda folder: nullcontext())
    made = []

    def meanwhile(work):
        answer = work()
        made.append(phone.create(head="甲"))
        phone.push()
        return answer

    town.faults = [meanwhile]
    phone.pull()

    assert phone.see(made[0]).version == 1


def test_two_processes_that_both_pull_do_no_harm(phone, town, monkeypatch):
    """Even without turns: the second pulls while the first one's page is under way, which is then asked for anew."""
    monkeypatch.setattr(synchronization, "exchange_lock", lambda folder: nullcontext())
    town.put("s1", head="甲")

    def meanwhile(work):
        answer = work()
        town.put("s2", head="乙")
        phone.pull()
        return answer

    town.faults = [meanwhile]
    late = phone.pull()

    assert late.rows == 0
    assert phone.held() == {"s1": 1, "s2": 1}


def test_the_clock_of_the_server_is_known_after_each_contact(phone, town):
    phone.pull()

    offset = float(phone.device.setting("clock_offset_s"))
    assert offset == pytest.approx((town.now - phone.at).total_seconds(), abs=3)


def test_pages_that_never_end_are_not_followed(phone, town):
    town.put("s1", head="甲")
    phone.pull()

    town.faults = [lambda work: (200, {}, {**work()[2], "more": True})] * 2
    with pytest.raises(NoConnection, match="无法理解"):
        phone.pull()


@pytest.mark.parametrize(
    "op",
    [
        {"op": "drop", "bucket": "area:unit1"},
        {"op": "put", "bucket": "area:unit1"},
        {"op": "put", "bucket": "area:unit1", "record": {"id": "s2", "type": "stations", "version": "1", "fields": {}}},
        {"op": "put", "record": {"id": "s2", "type": "stations", "version": 1, "fields": {}}},
        {"op": "remove", "bucket": "area:unit1"},
    ],
)
def test_one_garbled_op_and_nothing_of_its_page_is_used(phone, town, op):
    town.put("s1", head="甲")
    town.faults = [lambda work: (200, {}, {**work()[2], "ops": [*work()[2]["ops"], op]})]

    with pytest.raises(NoConnection, match="无法理解"):
        phone.pull()
    assert phone.held() == {}
    phone.pull()
    assert phone.held() == {"s1": 1}


@pytest.mark.parametrize("garbled", [{"more": "yes"}, {"more": None}, {"fresh": 1}, {"ops": {}}, {"checks": [1]}])
def test_a_page_that_is_no_page_is_not_used(phone, town, garbled):
    town.put("s1", head="甲")
    town.faults = [lambda work: (200, {}, {**work()[2], **garbled})]

    with pytest.raises(NoConnection, match="无法理解"):
        phone.pull()
    assert phone.held() == {}


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_sign_in_page_of_the_network_is_no_server(phone, town, status):
    town.faults = [says(status, {"Location": "http://portal.test/"}, b"<html>")]

    with pytest.raises(NoConnection, match="无线网络"):
        phone.pull()
