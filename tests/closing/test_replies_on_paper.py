"""A paper reply is filed in its handler's name, with its scan: told as such, counted, and checked by somebody else."""

from __future__ import annotations

import pytest

from server.simulate import recount
from tests.case_land import Land, Refused, scan_sent

REPLY = {"result_code": "fixed", "scan": "回复.jpg", "note": "已更换"}


def told(land: Land) -> tuple[int, int]:
    today = land.clock.at.date().isoformat()
    total = land.valley.get(f"/summaries/closure?from=2026-11-01&to={today}", "brigade").json["total"]
    assert total["rates"]["filed_reply_rate"]["n"] == total["counts"]["filed_replies"]
    return total["counts"]["filed_replies"], total["counts"]["once_fed_back"]


@pytest.fixture
def given(land: Land) -> str:
    """A case that a shop without any account has."""
    id = land.report("worker")
    land.lead_to(id, ("register", "officer"), ("assign", "officer", {"assignee": "body:shop"}))
    return id


def act(land: Land, id: str, action: str, name: str, **fields: str) -> None:
    land.act(id, action, name, **fields)


def test_who_typed_and_in_whose_name_stand_in_history_and_it_counts_as_a_share(land, given):
    act(land, given, "file_reply", "officer", **REPLY)

    record = land.valley.get(f"/records/{given}", "brigade").json
    *_, last = land.valley.get(f"/records/{given}/history", "brigade").json["items"]

    assert record["status"] == "feedback" and "代承办人填" in record["office_note"]
    assert (last["action"], last["author"]) == ("file_reply", "officer")
    assert last["received"]["in_name_of"][-1] == "body:shop"
    assert told(land) == (1, 1)
    with land.valley.store.reading() as reading:
        (case,) = recount.cases(reading)
    assert case.filed


def test_without_the_scan_or_in_another_name_it_is_refused_with_the_cure(land, given):
    with pytest.raises(Refused) as without:
        act(land, given, "file_reply", "officer", result_code="fixed")
    with pytest.raises(Refused) as other:
        act(land, given, "file_reply", "officer", **REPLY, in_name_of="body:city_mgmt")

    assert (without.value.status, without.value.fields) == (422, ["fields.scan"])
    assert (other.value.status, other.value.fields) == (422, ["fields.in_name_of"])
    named = {"action": "file_reply", "fields": REPLY}
    assert land.valley.post(f"/records/{given}/changes", "officer", named).status_code == 422  # named, and did not come
    assert told(land) == (0, 0)


def test_a_scan_that_is_only_named_or_that_somebody_else_has_sent_files_no_reply(land, given):
    sent = scan_sent(land.valley, "town", "回复.jpg")
    for file in ({**sent, "sha256": "0" * 64}, sent):
        asked = {"action": "file_reply", "fields": REPLY, "attachments": [file]}
        answer = land.valley.post(f"/records/{given}/changes", "officer", asked)
        unnamed = land.valley.post(
            f"/records/{given}/changes", "officer", {**asked, "fields": {"result_code": "fixed"}}
        )

        assert (answer.status_code, unnamed.status_code) == (422, 422)
        assert [each["field"] for each in answer.json["errors"]] == ["fields.scan"]
        assert "还没有传到" in answer.json["detail"]
    assert told(land) == (0, 0)


def test_who_typed_it_does_not_check_it_and_somebody_else_does(land, given):
    act(land, given, "file_reply", "officer", **REPLY)

    for action, more in (("close", {}), ("rework", {"reason": "没有改好"})):
        with pytest.raises(Refused) as refused:
            act(land, given, action, "officer", **more)
        assert (refused.value.status, refused.value.code) == (403, "not-allowed")
    act(land, given, "close", "worker")

    assert land.valley.get(f"/records/{given}", "brigade").json["status"] == "closed"


def test_nobody_of_the_body_that_replied_closes_it_and_the_handler_feeds_back_as_before(land):
    id = land.report("worker")
    land.lead_to(id, ("register", "officer"), ("assign", "officer", {"assignee": "body:committee"}))

    with pytest.raises(Refused) as own:
        act(land, id, "file_reply", "secretary", **REPLY)
    act(land, id, "file_reply", "town", **REPLY)
    with pytest.raises(Refused) as closing:
        act(land, id, "close", "secretary")

    assert (own.value.status, closing.value.status) == (403, 403)
    act(land, id, "close", "officer")


def test_a_worker_files_nobody_elses_reply(land, given):
    with pytest.raises(Refused) as refused:
        act(land, given, "file_reply", "worker", **REPLY)

    assert refused.value.status == 403


def test_sent_back_and_fed_back_by_the_handler_it_still_counts_as_filed_once(land, given):
    act(land, given, "file_reply", "officer", **REPLY)
    act(land, given, "rework", "worker", reason="没有改好")

    assert told(land) == (1, 1)
