"""Hostile and broken POSTs through the real door: a clear refusal in Chinese, nothing half kept, and life goes on."""

from __future__ import annotations

import io
import threading
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.filled_forms import Entity, Filled, a_station, a_visit, multipart, new_uuid, photo
from tests.laws import examples
from tests.odk_collect import HEADERS, is_chinese, message_of

GOOD = a_station("11111111-2222-4333-8444-555555555555")
HEAD = b'<?xml version="1.0"?>'
TAIL = b"<meta><instanceID>uuid:x</instanceID></meta></data>"


def bomb(declaration: str, body: str = "&e;") -> bytes:
    return f'<?xml version="1.0"?><!DOCTYPE data [{declaration}]><data id="audited" version="1">'.encode() + (
        f"<seen>{body}</seen>".encode() + TAIL
    )


def filled(inside: bytes) -> bytes:
    return HEAD + b'<data id="audited" version="1">' + inside + TAIL


LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghe", strict=True)
)
HOSTILE = {
    "a billion laughs": bomb(LAUGHS),
    "quadratic blow-up": bomb(f'<!ENTITY e "{"x" * 50_000}">', "&e;" * 50_000),
    "a file of the server": bomb('<!ENTITY e SYSTEM "file:///etc/passwd">'),
    "a foreign address": bomb('<!ENTITY e SYSTEM "http://127.0.0.1:1/">'),
    "a parameter entity": bomb('<!ENTITY % e SYSTEM "http://127.0.0.1:1/x.dtd"> %e;', "x"),
    "an empty DTD": bomb("", "x"),
    "depth": filled(b"<a>" * 100_000 + b"</a>" * 100_000),
    "a million elements": filled(b"<a/>" * 1_000_000),
    "a million attributes": filled(b"<a " + b" ".join(b'a%d="1"' % n for n in range(300_000)) + b"/>"),
    "wrong UTF-8": filled(b"<seen>\xff\xfe\xc0\x80</seen>"),
    "an unknown encoding": filled(b"<seen/>").replace(b'"1.0"', b'"1.0" encoding="EBCDIC-XX"', 1),
    "UTF-7": filled(b"<seen>+ADw-</seen>").replace(b'"1.0"', b'"1.0" encoding="UTF-7"', 1),
    "a NUL": filled(b"<seen>\x00</seen>"),
    "a control character": filled(b"<seen>\x0b</seen>"),
    "a coded control character": filled(b"<seen>&#8;</seen>"),
    "half a surrogate": filled(b"<seen>&#xD800;</seen>"),
    "an unknown entity": filled(b"<seen>&nbsp;</seen>"),
    "an unbound prefix is no matter, an unclosed tag is": filled(b"<x:seen>"),
    "two roots": filled(b"") + filled(b""),
    "no XML at all": b"PK\x03\x04" + b"\x00" * 100,
    "an endless instance id": HEAD
    + b'<data id="audited" version="1"><meta><instanceID>'
    + b"x" * 300
    + b"</instanceID></meta></data>",
    "a form id with a line break": filled(b"").replace(b'"audited"', b'"aud&#10;ited"'),
}


def still_serves(valley) -> bool:
    phone = valley.phone()
    return phone.get("formList").status_code == 200 and phone.send(GOOD).status_code in (201, 202)


def nothing_is_kept(valley) -> bool:
    return set(valley.holdings().values()) == {0} and valley.blobs() == []


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_xml_is_refused_and_nothing_of_its_post_is_kept(valley, phone, what):
    answer = phone.send(HOSTILE[what], photo("a.jpg", b"x" * 100_000))

    assert answer.status_code == 400
    assert is_chinese(message_of(answer))
    assert nothing_is_kept(valley)
    assert still_serves(valley)


def test_fifty_megabytes_of_xml_are_too_much(valley, phone):
    answer = phone.send(filled(b"<seen>" + b"x" * 50_000_000 + b"</seen>"))

    assert answer.status_code == 413
    assert is_chinese(message_of(answer))
    assert nothing_is_kept(valley)
    assert still_serves(valley)


BODY, TYPE = multipart(GOOD.xml(), (photo("a.jpg", b"x" * 40_000),))
BROKEN = {
    "no boundary": (BODY, "multipart/form-data"),
    "another boundary": (BODY, "multipart/form-data; boundary=other"),
    "no multipart": (GOOD.xml(), "text/xml"),
    "a form of another kind": (b"xml_submission_file=x", "application/x-www-form-urlencoded"),
    "nothing": (b"", TYPE),
    "no content type": (BODY, ""),
    "a header without end": (b"--b\r\n" + b"X: " + b"y" * 100_000, "multipart/form-data; boundary=b"),
    "no closing line": (BODY[:-6], TYPE),
}


def test_a_post_that_is_too_large_by_its_own_word_is_told_so_unread(valley, phone):
    # The front does not take in what states such a length: no byte of it reaches the application.
    answer = valley.app.test_client().post(
        f"{phone.base}/submission",
        headers=HEADERS,
        content_type=TYPE,
        environ_overrides={"CONTENT_LENGTH": "1000000000000"},
    )

    assert answer.status_code == 413
    assert is_chinese(message_of(answer))
    assert nothing_is_kept(valley)


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_post_is_refused_and_leaves_nothing(valley, phone, what):
    answer = phone.post(*BROKEN[what])

    assert answer.status_code == 400
    assert is_chinese(message_of(answer))
    assert nothing_is_kept(valley)


def test_a_post_cut_off_anywhere_leaves_nothing(valley, phone):
    for end in (1, 100, 500, 700, 5_000, 39_000, len(BODY) - 5):
        answer = phone.post(BODY[:end], TYPE)

        assert answer.status_code == 400
        assert is_chinese(message_of(answer))
    assert nothing_is_kept(valley)
    assert still_serves(valley)


def streamed(phone, stream: io.RawIOBase, length: int):
    """POST a body that comes in piece by piece."""
    body = {
        "wsgi.input": io.BufferedReader(stream, 65_536),
        "CONTENT_LENGTH": str(length),
        "CONTENT_TYPE": TYPE,
    }
    client = phone.valley.app.test_client()
    return client.post(f"{phone.base}/submission", headers=HEADERS, environ_overrides=body)


@pytest.mark.one_process  # the balancer would meet the break
def test_a_connection_that_breaks_leaves_nothing(valley, phone):
    class Breaking(io.RawIOBase):
        def __init__(self) -> None:
            self.left = [BODY[:20_000]]

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            if not self.left:
                raise ConnectionResetError("the phone went behind a hill")
            chunk = self.left.pop()[: len(buffer)]
            buffer[: len(chunk)] = chunk
            return len(chunk)

    answer = streamed(phone, Breaking(), len(BODY))

    assert answer.status_code == 400
    assert "中途断了" in message_of(answer)
    assert nothing_is_kept(valley)


@pytest.mark.parametrize("name", ["../../firegrid.db", "..", "a\x00b.jpg", "a\nb.jpg", "x" * 300 + ".jpg", "a/../b"])
def test_a_file_name_that_plays_tricks_is_refused(valley, phone, name):
    body, content_type = multipart(GOOD.xml(), (photo("PLACE"),))

    answer = phone.post(body.replace(b"PLACE", name.encode()), content_type)

    assert answer.status_code == 400
    assert is_chinese(message_of(answer))
    assert nothing_is_kept(valley)


@pytest.mark.parametrize("form", ["../../etc/passwd", "%2e%2e", "a" * 255, "'; DROP TABLE record; --", "表"])
def test_a_form_nobody_knows_is_refused_and_its_words_are_kept_once(valley, phone, form):
    sent = Filled(form.replace("'", "&apos;"), {"seen": "无"})

    answers = [phone.send(sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert (valley.count("kept_body"), valley.problems()) == (1, ["not_taken"])
    assert still_serves(valley)


@pytest.mark.parametrize(
    "end",
    [
        "1970-01-01T00:00:00.000+08:00", "2099-12-31T23:59:59.999+08:00", "0001-01-01T00:00:00.000+14:00",
        "9999-12-31T23:59:59.999-12:00", "1800-01-01T00:00:00", "2026-11-24T12:00:00.000+08:00:30", "0001-01-01",
        "9999-12-31", "yesterday", "", "2026-02-30T00:00:00Z", "2026-11-24T25:00:00Z",
    ],
)  # fmt: skip
def test_a_clock_that_is_years_off_changes_nothing_but_the_choice_of_the_shown_value(valley, phone, end):
    id = new_uuid()
    assert phone.send(a_station(id, end=end)).status_code == 201
    assert phone.send(a_visit(id, 1, hoses="7", end=end)).status_code == 201
    late = a_visit("99999999-2222-4333-8444-555555555555", 1, hoses="7", end=end)
    assert phone.send(late).status_code == 201

    assert valley.record(id).fields["hoses"] == "7"
    assert valley.verdicts(id) == ["applied", "applied"]
    assert valley.verdicts(late.entities[0].id) == ["waiting"]
    revisions = valley.rows("SELECT observed_at, received_at FROM revision WHERE record = :id", id=id)
    assert all(row["observed_at"] <= row["received_at"] for row in revisions)


def test_numbers_of_any_size_in_an_entity_are_no_reason_to_fail(valley, phone):
    id = new_uuid()
    phone.send(a_station(id))
    for base in ("0", "00001", "999999999", "9" * 400, "1e9", "１"):
        assert phone.send(a_visit(id, base, hoses="7", branch="B" * 1000)).status_code == 201
    assert valley.record(id).version == 7


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
numbers = st.one_of(st.integers(-1, 12).map(str), st.sampled_from(["", "x", " 1 "]))


@given(
    st.lists(
        st.builds(
            Entity,
            dataset=st.sampled_from(["stations", "hazards", "castles", ""]),
            id=st.sampled_from(["11111111-2222-4333-8444-555555555555", "22222222-2222-4333-8444-555555555555", "x"]),
            create=st.sampled_from(["", "1", "true", "0"]),
            update=st.sampled_from(["", "1", "true", "0"]),
            base=numbers,
            trunk=numbers,
            branch=st.sampled_from(["", "b", "c"]),
            label=st.none() | words,
        ),
        max_size=3,
    ),
    st.dictionaries(st.sampled_from(["head", "hoses", "kit", "level", "lack", "area", "action", "end"]), words),
    st.sampled_from(["station_new", "station_edit", "station_any", "hazard", "hazard_step", "round"]),
)
@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_phone_writes_in_a_readable_form_it_gets_its_receipt(valley, entities, values, form):
    for name in ("worker", "officer"):
        answer = valley.phone(name).send(Filled(form, values, tuple(entities)))

        assert answer.status_code == 201, answer.text


@pytest.mark.slow
def test_two_hundred_megabytes_pass_through_the_door_in_little_memory(valley, phone):
    size = 200_000_000
    head, _, tail = BODY.partition(b"x" * 40_000)

    class Video(io.RawIOBase):
        left = size

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            count = min(len(buffer), self.left)
            buffer[:count] = b"v" * count
            self.left -= count
            return count

    class Chain(io.RawIOBase):
        parts = (io.BytesIO(head), Video(), io.BytesIO(tail))

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            return next((count for part in self.parts if (count := part.readinto(buffer))), 0)

    tracemalloc.start()
    answer = streamed(phone, Chain(), len(head) + size + len(tail))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert answer.status_code == 201, answer.text
    assert [path.stat().st_size for path in valley.blobs()] == [size]
    assert peak < 8_000_000
    assert threading.active_count() < 50
