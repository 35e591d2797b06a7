"""Photos arrive with their record or after it, in any number of posts, and none is ever overwritten (section 7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.forms.domain.definitions import Allowance
from server.forms.usecases import publish
from server.submissions.store import submissions
from tests.county import prepared
from tests.field_forms import settings_of
from tests.filled_forms import Filled, a_station, new_uuid, photo
from tests.odk_collect import message_of

MINIMAL = Filled("audited", {"seen": "无"})
WITH_PHOTOS = replace(a_station(new_uuid(), before="a.jpg", after="b.jpg"), entities=())


def files_of(valley, filled: Filled) -> list[tuple[str, str]]:
    """Return name and content of every file kept of a submission, those served first in front."""
    id = valley.rows("SELECT id FROM submission WHERE instance_id = :id", id=filled.instance)[0]["id"]
    with valley.store.reading() as reading:
        kept = submissions.attachments_of(reading, id)
    blobs = valley.blob_store
    return [(file.name, blobs.path(file.sha256).read_bytes().decode("latin-1")) for file in kept]


def test_a_photo_may_come_in_a_second_post(valley, phone):
    # 34
    first = phone.send(WITH_PHOTOS)
    second = phone.send(WITH_PHOTOS, photo("a.jpg"))
    third = phone.send(WITH_PHOTOS, photo("b.jpg"))

    assert [answer.status_code for answer in (first, second, third)] == [201, 201, 201]
    assert "还缺 2 个附件" in message_of(first)
    assert "还缺 1 个附件" in message_of(second)
    assert "还缺" not in message_of(third)
    assert [name for name, _ in files_of(valley, WITH_PHOTOS)] == ["a.jpg", "b.jpg"]


def test_a_photo_that_comes_twice_is_one(valley, phone):
    # 35
    answers = [phone.send(WITH_PHOTOS, photo("a.jpg")) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 202]
    assert len(files_of(valley, WITH_PHOTOS)) == len(valley.blobs()) == 1


def test_known_and_new_photos_may_be_mixed(valley, phone):
    # 36
    one, two = photo("a.jpg", b"1"), photo("b.jpg", b"2")

    answers = [phone.send(WITH_PHOTOS), phone.send(WITH_PHOTOS, one), phone.send(WITH_PHOTOS, one, two)]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert files_of(valley, WITH_PHOTOS) == [("a.jpg", "1"), ("b.jpg", "2")]


def test_another_photo_of_the_same_name_never_overwrites_the_first(valley, phone):
    # 37
    phone.send(WITH_PHOTOS, photo("a.jpg", b"first"))

    answer = phone.send(WITH_PHOTOS, photo("a.jpg", b"second"))

    assert answer.status_code == 201
    assert files_of(valley, WITH_PHOTOS) == [("a.jpg", "first"), ("a.jpg", "second")]
    assert valley.problems() == ["file_differs"]
    assert phone.send(WITH_PHOTOS, photo("a.jpg", b"second")).status_code == 202
    assert valley.problems() == ["file_differs"]


def test_two_photos_of_one_name_in_one_post_are_both_kept(valley, phone):
    answer = phone.send(WITH_PHOTOS, photo("a.jpg", b"first"), photo("a.jpg", b"second"))

    assert answer.status_code == 201
    assert {content for _, content in files_of(valley, WITH_PHOTOS)} == {"first", "second"}
    assert valley.problems() == ["file_differs"]


def test_two_photos_of_one_content_are_both_there(valley, phone):
    # 39
    answer = phone.send(WITH_PHOTOS, photo("a.jpg", b"same"), photo("b.jpg", b"same"))

    assert answer.status_code == 201
    assert files_of(valley, WITH_PHOTOS) == [("a.jpg", "same"), ("b.jpg", "same")]
    assert len(valley.blobs()) == 1


def test_a_photo_named_twice_in_the_record_is_awaited_once(valley, phone):
    # 40
    filled = replace(WITH_PHOTOS, values={"before": "a.jpg", "after": "a.jpg"})

    answer = phone.send(filled, photo("a.jpg"))

    assert answer.status_code == 201
    assert "还缺" not in message_of(answer)


def test_a_file_that_the_record_does_not_name_is_kept_as_an_extra(valley, phone):
    # 41
    answer = phone.send(MINIMAL, photo("default.png"))

    assert answer.status_code == 201
    assert valley.rows("SELECT name, expected FROM submission_file") == [{"name": "default.png", "expected": 0}]


@pytest.mark.parametrize("name", ["隐患 3号楼🔥.jpg", "a\u200bb.jpg", "e\u0301.jpg", "a;b=c.jpg", "100%.jpg"])
def test_any_file_name_that_a_phone_can_write_comes_back(valley, phone, name):
    # 42
    filled = replace(WITH_PHOTOS, values={"before": name})

    answer = phone.send(filled, photo(name))

    assert answer.status_code == 201
    assert "还缺" not in message_of(answer)
    assert [kept for kept, _ in files_of(valley, filled)] == [name]


def test_a_chain_of_posts_ends_with_all_files_and_one_record(valley, phone):
    # 43, 44
    id = new_uuid()
    filled = a_station(id, before="a.jpg", after="b.jpg")

    answers = [
        phone.send(filled, photo("a.jpg", b"1"), incomplete=True),
        phone.send(filled, photo("b.jpg", b"2"), incomplete=True),
        phone.send(filled, ("audit.csv", b"event,node,start,end\n", "text/csv")),
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert [name for name, _ in files_of(valley, filled)] == ["a.jpg", "audit.csv", "b.jpg"]
    assert valley.record(id).version == 1
    assert valley.count("submission") == 1
    assert phone.send(filled, incomplete=True).status_code == 202


def test_an_audit_log_is_awaited_when_the_record_names_it(valley, phone):
    # 59
    filled = Filled("audited", {"seen": "无"})
    xml = filled.xml().replace(b"<orx:meta>", b"<orx:meta><audit>audit.csv</audit>")

    assert "还缺 1 个附件" in message_of(phone.send(xml))
    assert "还缺" not in message_of(phone.send(xml, ("audit.csv", b"event,node,start,end\n", "text/csv")))
    assert valley.rows("SELECT files_expected, files_present FROM submission") == [
        {"files_expected": 1, "files_present": 1}
    ]


def test_a_default_picture_that_nobody_replaced_is_not_awaited(phone):
    kept = replace(WITH_PHOTOS, values={"before": "jr://images/blank.png", "after": "b.jpg"})

    assert "还缺 1 个附件" in message_of(phone.send(kept))
    assert "还缺" not in message_of(phone.send(kept, photo("b.jpg")))


ENVELOPE = """\
<data xmlns="http://opendatakit.org/submissions" xmlns:orx="http://openrosa.org/xforms" id="audited" version="1"
 encrypted="yes"><base64EncryptedKey>a2V5</base64EncryptedKey>
 <orx:meta><orx:instanceID>uuid:9f1c2b77-4a55-4c1e-9d38-0d5a8f1f7c11</orx:instanceID></orx:meta>
 <media><file>a.jpg.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile>
 <base64EncryptedElementSignature>c2ln</base64EncryptedElementSignature></data>
"""


def test_an_envelope_of_encrypted_answers_awaits_its_files_and_tells_the_office(valley, phone):
    envelope = ENVELOPE.encode()

    first = phone.send(envelope)
    second = phone.send(envelope, photo("submission.xml.enc"), photo("a.jpg.enc"))

    assert (first.status_code, second.status_code) == (201, 201)
    assert "还缺 2 个附件" in message_of(first)
    assert "还缺" not in message_of(second)
    assert valley.problems() == ["unreadable"]


LOCKED = "| survey |\n| | type | name | label |\n| | text | seen | 所见 |\n| | image | before | 照片 |\n" + settings_of(
    "audited", "加密的表", version="1e", public_key="MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"
)


@pytest.fixture
def envelope(valley) -> bytes:
    """What a phone sends of a form that an administrator published encrypted."""
    valley.do(publish.publish, prepared(LOCKED), None, [Allowance.ENCRYPTION])
    return ENVELOPE.replace('version="1"', 'version="1e"').encode()


def test_an_envelope_that_is_whole_is_kept_and_no_problem(valley, phone, envelope):
    answer = phone.send(envelope, photo("submission.xml.enc", b"locked"), photo("a.jpg.enc"))

    assert (answer.status_code, valley.problems()) == (201, [])
    assert "还缺" not in message_of(answer)
    assert valley.rows("SELECT files_expected, files_present FROM submission") == [
        {"files_expected": 2, "files_present": 2}
    ]


def test_an_envelope_without_its_answers_is_a_problem_until_they_come(valley, phone, envelope):
    first = phone.send(envelope, photo("a.jpg.enc"))
    alone = valley.problems()
    again = phone.send(envelope, photo("submission.xml.enc", b"locked"))

    assert "还缺 1 个附件" in message_of(first)
    assert alone == ["unreadable"]
    assert "submission.xml.enc" in valley.rows("SELECT message FROM problem")[0]["message"]
    assert ("还缺" in message_of(again), valley.problems()) == (False, [])


def test_an_envelope_that_names_no_answers_is_a_problem(valley, phone, envelope):
    phone.send(envelope.replace(b"<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>", b""), photo("a.jpg.enc"))

    assert valley.problems() == ["unreadable"]
