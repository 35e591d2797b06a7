"""Acceptance stories of the county: late phones, duplicates, a changed grid, missing photos, returned cases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server import instants
from server.forms.store import codes
from server.forms.usecases import code_lists
from server.grid.domain.file_rows import SheetRow
from server.grid.usecases import loading
from tests.case_land import CASE_NEW, CITY, ESTATE, NEW_VILLAGE, NEXT_UNIT, OLD_VILLAGE, a_report, as_listed
from tests.filled_forms import photo

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}


def test_a_patrol_far_from_any_signal_arrives_a_day_later(land):
    # S01
    older = land.report("neighbour", area=NEXT_UNIT, item="wiring_messy")
    phone = land.phone("neighbour")
    claimed = instants.text(land.clock.at)
    begun = (land.clock.at + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S.000+08:00")
    assert phone.rows[older].fields["status"] == "reported"
    found = [phone.report(item=item, area=NEXT_UNIT, start=begun) for item in ("hose_aged", "no_smoke_alarm_home")]

    land.clock.pass_by(hours=26)
    phone.send()

    for id in found:
        record = land.record(id)
        received = instants.parse(record.created_at)
        [revision] = land.valley.rows("SELECT made_at, received_at FROM revision WHERE record = :id", id=id)
        assert revision["made_at"][:19] == claimed[:19]
        assert timedelta(hours=26) <= received - instants.parse(revision["made_at"]) < timedelta(hours=26, seconds=5)
        assert record.due_at == "2026-11-26T16:00:00.000Z", "the working day after the day of receipt"
        assert record.case.facts.received_at == record.created_at
    assert land.valley.problems() == []


def test_a_hazard_cleared_on_the_spot_closes_without_a_photo_and_says_so(land):
    # S02
    phone = land.phone("neighbour")
    id = phone.report(action="spot_close", item="corridor_blocked", no_photo_reason="no_battery", area=NEXT_UNIT)

    phone.send()

    record = land.record(id)
    assert (record.status, record.flags, record.fields["no_photo_reason"]) == (
        "spot_closed",
        ("evidence_missing",),
        "no_battery",
    )
    assert (record.case.facts.closed, record.case.facts.spot) == (True, True)
    assert land.valley.problems() == []


def test_a_photo_of_what_was_cleared_is_evidence(land):
    phone = land.phone("neighbour")
    id = phone.report(action="spot_close", item="corridor_blocked", photo_after="1.jpg", area=NEXT_UNIT)

    phone.send(photo("1.jpg"))

    assert (land.record(id).status, land.record(id).flags) == ("spot_closed", ())


def test_two_reports_of_one_hazard_become_one_case_and_both_learn_the_result(land):
    # S03
    first, second = land.phone("east"), land.phone("west")
    one = first.report(item="ebike_indoor_charge", area=f"{ESTATE}001", spot="39.36010 114.69430 0 0")
    land.clock.pass_by(minutes=42)
    two = second.report(item="ebike_indoor_charge", area=f"{ESTATE}002", spot="39.36020 114.69450 0 0")
    second.send()
    first.send()

    assert [each["id"] for each in land.file(two, "estate")["case"]["similar"]] == [one]
    officer = land.phone("estate")
    officer.act(two, "merge", into=one)
    officer.act(one, "assign", assignee="user:east")
    officer.send()
    land.lead_to(one, ("feedback", "east", FIXED), ("close", "estate"))
    second.pull()

    assert (land.record(one).status, land.record(two).status) == ("closed", "merged")
    row = second.rows[two]
    assert row.fields["office_note"].startswith("主案件2026-000001已办结")
    assert (row.fields["todo"], row.fields["status"]) == ("", "merged")
    assert second.shown(two) == as_listed(land.listed("west")[two])
    assert land.record(two).case.facts.registered_at is None


def test_a_duplicates_reporter_learns_the_result_months_later_and_of_the_case_that_it_all_became(land):
    first, second, third = (land.report("east", area=f"{ESTATE}001") for _ in range(3))
    land.act(third, "merge", "estate", into=second)
    land.act(second, "merge", "estate", into=first)
    land.clock.pass_by(days=40)
    assert set(land.listed("east")) == {first}

    land.lead_to(
        first, ("assign", "estate", {"assignee": "user:east"}), ("feedback", "east", FIXED), ("close", "estate")
    )

    rows = land.listed("east")
    assert set(rows) == {first, second, third}
    assert all("已办结" in rows[id]["office_note"] for id in (second, third))


def test_feedback_that_comes_days_after_somebody_else_finished_is_kept_and_changes_nothing(land):
    # S04
    id = land.report("worker")
    land.act(id, "assign", "officer", assignee="user:worker")
    phone = land.phone("worker")
    phone.act(id, "accept")
    phone.act(id, "feedback", result_code="fixed", fixed_photo="1.jpg", fixed_photo_2="2.jpg")
    land.clock.pass_by(days=2)
    land.lead_to(
        id,
        ("assign", "officer", {"assignee": "user:neighbour"}),
        ("feedback", "neighbour", FIXED),
        ("close", "officer", {"note": "现场看过"}),
    )
    before = land.record(id)
    land.clock.pass_by(days=3)

    phone.send(photo("1.jpg"), photo("2.jpg", b"\xff\xd8 another"))
    phone.pull()

    after = land.record(id)
    assert (after.status, after.closed_at, after.case) == ("closed", before.closed_at, before.case)
    assert after.office_note == f"{before.office_note}；此后现场又有送来，已留存，结果不变"
    assert after.version == before.version + 2
    assert [row["verdict"] for row in land.history(id)[-2:]] == ["recorded", "recorded"]
    assert land.history(id)[-1]["author"] == "worker"
    assert land.valley.problems(record=id) == ["recorded", "recorded"]
    assert len(land.valley.rows("SELECT name FROM submission_file")) == 2
    assert phone.shown(id) == as_listed(land.listed("worker")[id])


def test_a_phone_with_last_months_grid_reports_where_the_village_was(land):
    # S05
    phone = land.phone("old")
    today = land.clock.at.date().isoformat()
    row = SheetRow(2, {"code": OLD_VILLAGE, "ends": today, "successor": NEW_VILLAGE})
    land.valley.do(loading.load, [row], by="admin")
    land.clock.pass_by(days=4)
    id = phone.report(area=f"{OLD_VILLAGE}001")

    phone.send()

    record = land.record(id)
    assert (record.area, record.status) == (f"{OLD_VILLAGE}001", "reported")
    assert set(land.listed("city")) == {id}
    assert record.path.startswith(f"130630/{CITY[6:9]}/")


@pytest.mark.parametrize("checked_first", [True, False])
def test_photos_that_time_out_attach_to_the_same_feedback_later(land, checked_first):
    # S06
    id = land.report("worker")
    land.act(id, "assign", "officer", assignee="user:worker")
    phone = land.phone("worker")
    pictures = [photo(f"{number}.jpg", b"\xff\xd8 %d" % number) for number in (1, 2)]
    filled = phone.act(id, "feedback", result_code="fixed", fixed_photo="1.jpg", fixed_photo_2="2.jpg")

    phone.phone.send(filled, incomplete=True)

    assert (land.record(id).status, land.record(id).flags) == ("feedback", ())
    submission = land.valley.rows("SELECT submission FROM revision WHERE record = :id AND version = 3", id=id)[0]
    counts = "SELECT files_expected, files_present FROM submission WHERE id = :id"
    assert land.valley.rows(counts, id=submission["submission"]) == [{"files_expected": 2, "files_present": 0}]
    assert [photo["href"] for photo in land.file(id, "officer")["photos"]] == [None, None]
    if checked_first:
        land.act(id, "close", "officer")
    for picture in (*pictures, pictures[0]):
        phone.phone.send(filled, picture, incomplete=True)
    assert land.valley.rows(counts, id=submission["submission"]) == [{"files_expected": 2, "files_present": 2}]
    assert land.record(id).version == 3 + checked_first
    assert len(land.valley.blobs()) == 2
    hrefs = [photo["href"] for photo in land.file(id, "officer")["photos"]]
    assert hrefs == [f"/api/v1/submissions/{submission['submission']}/attachments/{name}.jpg" for name in (1, 2)]


def test_a_case_that_comes_back_twice_needs_a_joint_meeting(land):
    # S11
    id = land.report("worker", item="illegal_structure")
    for _ in range(2):
        land.act(id, "assign", "town", assignee="body:city_mgmt")
        phone = land.phone("clerk")
        phone.act(id, "ask_return", reason="not_my_duty")
        phone.send()
        assert "return_pending" in land.record(id).flags
        land.act(id, "return", "town", reason="not_my_duty")

    record = land.record(id)
    assert (record.status, record.assignee, record.flags) == ("registered", None, ("joint_meeting",))
    assert [dispatch.returned_at is not None for dispatch in record.case.facts.dispatches] == [True, True]
    assert land.listed("clerk")[id]["todo"] == ""
    land.act(id, "assign", "town", assignee="user:officer")
    assert land.record(id).flags == ()  # the meeting has found somebody
    assert [dispatch.returned_at is not None for dispatch in land.record(id).case.facts.dispatches] == [
        True,
        True,
        False,
    ]


def test_a_code_that_was_retired_keeps_its_meaning_for_phones_that_were_offline(land):
    # S19
    phone = land.phone("worker")
    reported = phone.report(item="wiring_messy", action="spot_close")
    assigned = land.report("worker")
    land.act(assigned, "assign", "officer", assignee="user:worker")
    phone.pull()
    phone.act(assigned, "feedback", result_code="demolished", no_photo_reason="too_dark")

    def retire(tx, *retired: str) -> None:
        code_lists.install(tx)
        for name in ("hazard_items", "result_codes"):
            rows = [row for rows in codes.of_list(tx, name).values() for row in rows]
            codes.replace_list(tx, name, [_ended(row) if row.code in retired else row for row in rows])

    land.valley.do(retire, "wiring_messy", "demolished")
    phone.send()

    assert land.record(reported).status == "spot_closed"
    assert land.record(reported).fields["item"] == "wiring_messy"
    assert land.record(assigned).status == "feedback"
    assert land.record(assigned).office_note.endswith("反馈：已拆除")
    assert land.valley.problems() == []


def test_a_form_that_has_a_newer_version_is_taken_as_it_was_filled_in(land):
    # S19
    filled = a_report(item="wiring_messy")
    land.valley.publish(CASE_NEW.replace("| 1 |", "| 2 |"))

    assert land.valley.phone("worker").send(filled).status_code == 201

    [revision] = land.valley.rows("SELECT form, form_version FROM revision")
    assert (revision["form"], revision["form_version"]) == ("case_new", "1")
    assert land.valley.problems() == []


def _ended(code: codes.Code) -> codes.Code:
    return codes.Code(code.list, code.code, code.label, code.label_en, code.active_from, "2026-11-01", code.extra)
