"""Edits of sent forms: a chain of versions of one submission that never changes a record (section 7, 61 to 70)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.submissions.store import submissions
from tests.filled_forms import Filled, a_hazard, a_station, new_uuid, photo
from tests.odk_collect import is_chinese, message_of


@pytest.fixture
def original(phone) -> Filled:
    """A filled form that was sent and taken."""
    filled = Filled("audited", {"seen": "无"})
    assert phone.send(filled).status_code == 201
    return filled


def versions(valley) -> list[dict[str, object]]:
    return valley.rows("SELECT instance_id, root, deprecates, current, review_state FROM submission ORDER BY seq")


def files_of(valley, filled: Filled) -> list[tuple[str, str, int]]:
    id = valley.rows("SELECT id FROM submission WHERE instance_id = :id", id=filled.instance)[0]["id"]
    blobs = valley.blob_store
    with valley.store.reading() as reading:
        kept = submissions.attachments_of(reading, id)
    return [(file.name, blobs.path(file.sha256).read_bytes().decode("latin-1"), file.carried) for file in kept]


def test_an_edit_of_the_newest_version_becomes_the_newest(valley, phone, original):
    # 61
    edit = original.edited(seen="有")

    answer = phone.send(edit)

    assert answer.status_code == 201
    assert versions(valley) == [
        {
            "instance_id": original.instance, "root": original.instance, "deprecates": None, "current": 0,
            "review_state": None,
        },
        {
            "instance_id": edit.instance, "root": original.instance, "deprecates": original.instance, "current": 1,
            "review_state": "edited",
        },
    ]  # fmt: skip
    assert valley.problems() == []


def test_an_edit_of_an_edit_belongs_to_the_same_submission(valley, phone, original):
    first = original.edited(seen="有")
    second = first.edited(seen="有两处")

    assert [phone.send(first).status_code, phone.send(second).status_code] == [201, 201]

    assert {row["root"] for row in versions(valley)} == {original.instance}
    assert [row["current"] for row in versions(valley)] == [0, 0, 1]


def test_an_edit_of_what_nobody_sent_waits_on_the_phone_and_is_kept(valley, phone):
    # 62, 69
    original = Filled("audited", {"seen": "无"})
    edit = original.edited(seen="有")

    early = phone.send(edit)
    assert early.status_code == 404
    assert "原记录还没有送到" in message_of(early)
    assert valley.problems() == ["not_taken"]
    assert (valley.count("kept_body"), valley.count("submission")) == (1, 0)

    assert [phone.send(original).status_code, phone.send(edit).status_code] == [201, 201]
    assert valley.problems() == []
    assert [row["current"] for row in versions(valley)] == [0, 1]


def test_an_edit_of_a_version_that_was_replaced_is_refused_and_kept(valley, phone, original):
    # 63
    phone.send(original.edited(seen="一"))

    answer = phone.send(original.edited(seen="二"))

    assert answer.status_code == 409
    assert is_chinese(message_of(answer))
    assert valley.problems() == ["not_taken"]
    assert len(versions(valley)) == 2


def test_an_edit_under_a_number_in_use_is_refused_and_another_form_may_use_it(valley, phone, original):
    # 64
    other = Filled("audited", {"seen": "别的"})
    phone.send(other)

    assert phone.send(replace(original.edited(seen="有"), instance=other.instance)).status_code == 409
    assert phone.send(replace(original, form="round")).status_code == 201
    assert [row["current"] for row in versions(valley)] == [1, 1, 1]


def test_an_edit_sent_again_is_known(valley, phone, original):
    # 65
    edit = original.edited(seen="有")

    assert [phone.send(edit).status_code for _ in range(2)] == [201, 202]
    assert len(versions(valley)) == 2


def test_photos_are_carried_over_unless_they_are_sent_anew(valley, phone):
    # 66
    original = replace(a_station(new_uuid(), before="a.jpg", after="b.jpg"), entities=())
    phone.send(original, photo("a.jpg", b"old a"), photo("b.jpg", b"old b"), photo("extra.jpg"))
    edit = original.edited(hoses="8")

    phone.send(edit, photo("a.jpg", b"new a"))
    assert files_of(valley, edit) == [("a.jpg", "new a", 0), ("b.jpg", "old b", 1)]

    assert phone.send(edit, photo("b.jpg", b"new b")).status_code == 201
    assert files_of(valley, edit)[1] == ("b.jpg", "new b", 0)
    assert files_of(valley, original)[0] == ("a.jpg", "old a", 0)
    assert valley.problems() == []


def test_a_carried_photo_that_is_sent_after_all_is_the_edits_own(valley, phone):
    original = replace(a_station(new_uuid(), before="a.jpg"), entities=())
    phone.send(original, photo("a.jpg", b"same"))
    edit = original.edited(hoses="8")
    phone.send(edit)
    assert files_of(valley, edit) == [("a.jpg", "same", 1)]

    assert phone.send(edit, photo("a.jpg", b"same")).status_code == 201

    assert files_of(valley, edit) == [("a.jpg", "same", 0)]


def test_an_edit_that_names_another_photo_awaits_it(phone, valley):
    original = replace(a_station(new_uuid(), before="a.jpg"), entities=())
    phone.send(original, photo("a.jpg"))

    answer = phone.send(original.edited(before="c.jpg"))

    assert "还缺 1 个附件" in message_of(answer)


def test_the_original_sent_again_after_an_edit_is_known(valley, phone, original):
    # 67
    phone.send(original.edited(seen="有"))

    assert phone.send(original).status_code == 202
    assert [row["current"] for row in versions(valley)] == [0, 1]


def test_an_edit_never_changes_the_record_and_a_difference_is_a_problem(valley, phone):
    # 68
    id = new_uuid()
    original = a_station(id)
    phone.send(original)
    before = valley.record(id)

    assert phone.send(same := original.edited()).status_code == 201
    assert valley.problems() == []
    assert phone.send(same.edited(hoses="60")).status_code == 201

    assert valley.record(id) == before
    assert valley.problems(record=id) == ["edit_differs"]
    detail = valley.rows("SELECT detail FROM problem")[0]["detail"]
    assert '"hoses":["6","60"]' in detail


def test_an_edit_of_what_is_still_waiting_or_set_aside_is_compared_as_well(valley):
    stranger, id = valley.phone("stranger"), new_uuid()
    out_of_place = a_station(id, area="130630100201001")
    stranger.send(out_of_place)
    assert valley.record(id) is None

    stranger.send(out_of_place.edited(hoses="60"))

    assert valley.problems(record=id) == ["quarantined", "edit_differs"]


def test_an_edit_of_a_case_changes_neither_its_status_nor_its_fields(valley, phone):
    id = new_uuid()
    original = a_hazard(id)
    phone.send(original)

    phone.send(original.edited(action="spot_close"))

    assert (valley.record(id).status, valley.record(id).version) == ("reported", 1)
    assert valley.problems(record=id) == ["edit_differs"]


@pytest.mark.parametrize("prefix", ["orx:", ""])
def test_the_name_of_the_original_is_read_with_and_without_prefix(valley, phone, prefix):
    # 70
    original = Filled("audited", {"seen": "无"}, prefix=prefix)
    edit = original.edited(seen="有")

    assert [phone.send(original).status_code, phone.send(edit).status_code] == [201, 201]
    assert [row["current"] for row in versions(valley)] == [0, 1]
