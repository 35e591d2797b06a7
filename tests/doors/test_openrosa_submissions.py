"""What a phone sends arrives once and whole, however often and in however many pieces (section 7, 30 to 60)."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import field_forms as forms
import pytest
from builders import a_valley
from filled_forms import Filled, a_hazard, a_station, multipart, new_uuid, photo
from phones import HEADERS, is_chinese, message_of

from server.store import submissions
from server.usecases import publish

MINIMAL = Filled("audited", {"seen": "无"})
WITH_PHOTOS = replace(a_station(new_uuid(), before="a.jpg", after="b.jpg"), entities=())


def files_of(valley, filled: Filled) -> list[tuple[str, str]]:
    """Return name and content of every file kept of a submission, those served first in front."""
    id = valley.rows("SELECT id FROM submission WHERE instance_id = :id", id=filled.instance)[0]["id"]
    with valley.store.reading() as reading:
        kept = submissions.files_of(reading, id)
    blobs = valley.app.extensions["firegrid"].blobs
    return [(file.name, blobs.path(file.sha256).read_bytes().decode("latin-1")) for file in kept]


def kept_xml(valley, filled: Filled) -> bytes:
    return valley.rows("SELECT xml FROM submission WHERE instance_id = :id", id=filled.instance)[0]["xml"]


def test_the_question_before_sending_is_answered_as_collect_demands(phone):
    # 30
    answer = phone.head("submission?deviceID=collect%3Aabc")

    assert (answer.status_code, answer.data) == (204, b"")
    assert int(answer.headers["X-OpenRosa-Accept-Content-Length"]) == 1_000_000
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert "Location" not in answer.headers
    assert phone.get("submission").status_code == 204


def test_a_record_is_received_with_a_number_in_chinese(valley, phone):
    # 32
    answer = phone.send(MINIMAL)

    receipt = valley.rows("SELECT receipt FROM submission")[0]["receipt"]
    assert answer.status_code == 201
    assert message_of(answer) == f"已收到，回执号 {receipt}"
    assert receipt.startswith("20261124-")


def test_the_same_record_again_is_known_and_kept_once(valley, phone):
    # 33
    first = message_of(phone.send(MINIMAL))

    again = phone.send(MINIMAL)

    assert again.status_code == 202
    assert message_of(again) == first.replace("已收到", "此前已收到")
    assert valley.count("submission") == 1


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


def test_other_content_under_a_known_number_is_refused_and_kept_beside(valley, phone):
    # 38
    phone.send(MINIMAL)
    other = replace(MINIMAL, values={"seen": "有"})

    answers = [phone.send(other, photo("late.jpg")) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert "已留存" in message_of(answers[0])
    assert kept_xml(valley, MINIMAL) == MINIMAL.xml()
    assert [row["xml"] for row in valley.rows("SELECT xml FROM kept_body")] == [other.xml()]
    assert valley.count("kept_file") == 1
    assert valley.problems() == ["copy_differs"]


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


def test_a_record_is_kept_byte_for_byte(valley, phone):
    # 45
    xml = "\ufeff".encode() + MINIMAL.xml().replace(b"<seen>", b"<!-- ? -->\r\n\t<seen  >") + b"\n\n"

    assert phone.send(xml).status_code == 201

    assert kept_xml(valley, MINIMAL) == xml


@pytest.mark.parametrize(
    "xml",
    [b"<test", b"", b"<data/>", b'<data id="audited"/>', MINIMAL.xml().replace(b' id="audited"', b"")],
    ids=["broken", "empty", "no id", "no instance", "no form"],
)
def test_a_record_that_cannot_be_read_is_refused(valley, phone, xml):
    # 47, 54
    answer = phone.send(xml, photo("a.jpg", b"x" * 100_000))

    assert answer.status_code == 400
    assert is_chinese(message_of(answer))
    assert set(valley.holdings().values()) == {0}
    assert valley.blobs() == []


def test_a_post_without_a_record_is_refused(valley, phone):
    # 46
    client = valley.app.test_client()
    parts = {"a.jpg": (io.BytesIO(b"1"), "a.jpg", "image/jpeg")}

    answer = client.post(f"{phone.base}/submission", data=parts, headers=HEADERS)

    assert answer.status_code == 400
    assert "xml_submission_file" in message_of(answer)
    assert valley.blobs() == []


@pytest.mark.parametrize(("form", "version"), [("nope", "1"), ("audited", "v99")])
def test_what_no_form_can_read_is_refused_but_kept_once(valley, phone, form, version):
    # 49
    filled = Filled(form, {"seen": "无"}, version=version)

    answers = [phone.send(filled, photo("a.jpg")) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (version if form == "audited" else form) in message_of(answers[0])
    assert valley.problems() == ["not_taken"]
    assert (valley.count("kept_body"), valley.count("kept_file"), valley.count("submission")) == (1, 1, 0)


def test_a_refused_body_that_is_taken_after_all_is_no_problem_any_more(valley, phone):
    filled = Filled("apiary", {"keeper": "乙"})
    assert phone.send(filled).status_code == 404
    valley.publish(forms.BEES)

    assert phone.send(filled).status_code == 201

    assert valley.problems() == []


def test_every_version_ever_published_is_taken(valley, phone):
    # 50
    valley.publish(forms.station_new("2", "| | text | note | 备注 | note | | |\n"))
    old, new = a_station(new_uuid()), replace(a_station(new_uuid(), note="新"), version="2")

    assert [phone.send(old).status_code, phone.send(new).status_code] == [201, 201]
    assert valley.record(new.entities[0].id).fields["note"] == "新"


def test_a_form_that_winds_down_takes_records_and_a_closed_one_keeps_them_aside(valley, phone):
    # 51
    valley.do(publish.wind_down, "audited", by="admin")
    assert phone.send(MINIMAL).status_code == 201
    valley.do(publish.close, "audited", by="admin")

    late = Filled("audited", {"seen": "晚"})
    answer = phone.send(late)

    assert answer.status_code == 409
    assert "已停用" in message_of(answer)
    assert valley.problems() == ["not_taken"]
    assert phone.send(MINIMAL).status_code == 202


@pytest.mark.parametrize(("query", "device"), [("?deviceID=collect%3Aabc", "collect:abc"), ("?deviceID=", None)])
def test_phone_and_app_are_kept_with_the_record(valley, phone, query, device):
    # 53
    phone.send(MINIMAL, query=query)

    kept = valley.rows("SELECT device, user_agent FROM submission")[0]
    assert kept == {"device": device, "user_agent": HEADERS["User-Agent"]}


def test_a_phone_with_an_endless_name_is_taken_all_the_same(valley, phone):
    # 53
    assert phone.send(MINIMAL, query="?deviceID=" + "x" * 300).status_code == 201

    assert valley.rows("SELECT device FROM submission")[0]["device"] == "x" * 255


def test_twenty_at_once_make_one_record(valley):
    # 55
    id = new_uuid()
    filled = a_station(id, before="a.jpg")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: valley.phone().send(filled, photo("a.jpg")), range(20)))

    assert {answer.status_code for answer in answers} <= {201, 202}
    assert (valley.count("submission"), valley.count("submission_file"), valley.count("revision")) == (1, 1, 1)
    assert valley.record(id).version == 1


def test_more_than_advertised_is_taken(tmp_path):
    # 56
    with a_valley(tmp_path / "data", advertised_bytes=100_000) as valley:
        answer = valley.phone().send(WITH_PHOTOS, photo("a.jpg", b"x" * 130_000), photo("b.jpg", b"y" * 3_000_000))

        assert valley.phone().head().headers["X-OpenRosa-Accept-Content-Length"] == "100000"
        assert answer.status_code == 201


def test_more_than_the_server_takes_is_refused_and_leaves_nothing(tmp_path):
    with a_valley(tmp_path / "data", submission_bytes_max=200_000) as valley:
        answer = valley.phone().send(WITH_PHOTOS, photo("a.jpg", b"x" * 130_000), photo("b.jpg", b"y" * 130_000))

        assert answer.status_code == 413
        assert is_chinese(message_of(answer))
        assert valley.blobs() == []
        assert set(valley.holdings().values()) == {0}


@pytest.mark.parametrize("head", ["Content-Type: application/xml\r\n", ""])
def test_the_record_may_come_under_another_type_or_as_a_plain_field(valley, phone, head):
    # 58
    disposition = 'Content-Disposition: form-data; name="xml_submission_file"\r\n'
    body = f"--b\r\n{disposition}{head}\r\n".encode() + MINIMAL.xml() + b"\r\n--b--\r\n"

    answer = phone.post(body, "multipart/form-data; boundary=b")

    assert answer.status_code == 201
    assert kept_xml(valley, MINIMAL) == MINIMAL.xml()


def test_an_audit_log_is_awaited_when_the_record_names_it(valley, phone):
    # 59
    filled = Filled("audited", {"seen": "无"})
    xml = filled.xml().replace(b"<orx:meta>", b"<orx:meta><audit>audit.csv</audit>")

    assert "还缺 1 个附件" in message_of(phone.send(xml))
    assert "还缺" not in message_of(phone.send(xml, ("audit.csv", b"event,node,start,end\n", "text/csv")))
    assert valley.rows("SELECT files_expected, files_present FROM submission") == [
        {"files_expected": 1, "files_present": 1}
    ]


def test_a_post_goes_where_the_phone_sends_it_slashes_or_not(valley, phone):
    # 16, 60
    body, content_type = multipart(a_hazard(new_uuid()).xml())

    for path in ("submission/", "/submission", "submission//"):
        assert phone.post(body, content_type, path).status_code in (201, 202)
    assert valley.count("submission") == 1
