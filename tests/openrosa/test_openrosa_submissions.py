"""What a phone sends arrives once and whole, however often and in however many pieces (section 7, 30 to 60)."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from server.forms.usecases import publish
from tests import field_forms as forms
from tests.filled_forms import Filled, a_hazard, a_station, multipart, new_uuid, photo
from tests.odk_collect import HEADERS, is_chinese, message_of
from tests.valley import a_valley

MINIMAL = Filled("audited", {"seen": "无"})
WITH_PHOTOS = replace(a_station(new_uuid(), before="a.jpg", after="b.jpg"), entities=())


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


@pytest.mark.one_process  # it knows the date
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


@pytest.mark.parametrize(
    ("query", "device"), [("?deviceID=collect%3Aabc", "collect:abc"), ("?deviceID=", None), ("?deviceID=a%00b", "a�b")]
)
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


def test_a_post_goes_where_the_phone_sends_it_slashes_or_not(valley, phone):
    # 16, 60
    body, content_type = multipart(a_hazard(new_uuid()).xml())

    for path in ("submission/", "/submission", "submission//"):
        assert phone.post(body, content_type, path).status_code in (201, 202)
    assert valley.count("submission") == 1
