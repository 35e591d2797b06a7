"""A POST of a phone comes apart the same way however the network cuts it, or not at all."""

import hashlib
import io
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from server.errors import TooLarge, Unreadable
from server.openrosa.multipart import Limits, read_post
from server.submissions.store.blobs import BlobStore
from tests.laws import examples

BOUNDARY = "d3f0-b1"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
XML = b"<data id='f'><meta><instanceID>uuid:1</instanceID></meta></data>"

contents = st.binary(max_size=200) | st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", BOUNDARY.encode()[:-1], b"x", b"\r\n--"]), max_size=30
).map(b"".join).filter(lambda content: b"\r\n--" + BOUNDARY.encode() not in b"\r\n" + content)


class Memo:
    """A sink that remembers what became of it."""

    def __init__(self):
        self.content = b""
        self.largest_bytes = 0
        self.closed = False
        self.discarded = False

    @property
    def sha256(self):
        return hashlib.sha256(self.content).hexdigest()

    def write(self, chunk):
        assert not self.closed
        self.content += chunk
        self.largest_bytes = max(self.largest_bytes, len(chunk))

    def close(self):
        self.closed = True

    def discard(self):
        self.discarded = True


class Memos(list):
    """Opens sinks and keeps sight of them."""

    def __call__(self):
        self.append(Memo())
        return self[-1]


class InChunks:
    """A stream that gives what it was given, piece by piece, and then fails or ends."""

    def __init__(self, chunks, failure=None):
        self._chunks = iter(chunks)
        self._failure = failure

    def read(self, size):
        chunk = next(self._chunks, b"")
        if not chunk and self._failure:
            raise self._failure
        assert len(chunk) <= size
        return chunk


def a_part(name, content=b"", *, filename=None, header=None, media_type=None):
    disposition = header or f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    lines = [f"Content-Disposition: {disposition}"] + ([f"Content-Type: {media_type}"] if media_type else [])
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def the_xml(content=XML, **changed):
    return a_part("xml_submission_file", content, **{"filename": "s.xml", "media_type": "text/xml", **changed})


def a_photo(name="1.jpg", content=b"jpeg", **changed):
    return a_part(name, content, **{"filename": name, "media_type": "image/jpeg", **changed})


def a_body(*parts):
    mark = b"--" + BOUNDARY.encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def read(body, *, sinks=None, content_type=TYPE, limits=None):
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    return read_post(stream, content_type, open_sink=Memos() if sinks is None else sinks, limits=limits)


def told(post):
    """Return a post as plain values."""
    files = [(file.name, file.filename, file.media_type, file.sink.content) for file in post.files]
    return post.xml, files


def cut(body, places):
    edges = [0, *sorted(set(places)), len(body)]
    return [body[a:b] for a, b in pairwise(edges) if a < b]


# What a phone sends


def test_a_post_of_collect_comes_apart_into_record_and_photos():
    body = a_body(the_xml(), a_photo("1724566509123.jpg"), a_part("*isIncomplete*", b"yes"))

    post = read(body)

    assert told(post) == (XML, [("1724566509123.jpg", "1724566509123.jpg", "image/jpeg", b"jpeg")])
    assert all(file.sink.closed and not file.sink.discarded for file in post.files)


@pytest.mark.parametrize(
    "part",
    [
        the_xml(media_type="application/xml"),
        the_xml(media_type='Text/XML; charset="utf-8"'),
        the_xml(filename=None, media_type=None),
        the_xml(media_type="application/octet-stream"),
    ],
)
def test_the_record_may_come_as_a_file_or_a_field_of_any_type(part):
    post = read(a_body(part))

    assert (post.xml, post.files) == (XML, ())


def test_the_record_is_kept_byte_for_byte():
    raw = b"\xef\xbb\xbf<a>\r\n\r\n--\r\n--d3f0-b</a>\r\n"

    assert read(a_body(a_photo(), the_xml(raw))).xml == raw


@pytest.mark.parametrize(
    "content_type",
    [
        f'multipart/form-data; boundary="{BOUNDARY}"',
        f"Multipart/Form-Data;charset=utf-8;BOUNDARY={BOUNDARY}",
        f"multipart/form-data; boundary={BOUNDARY}; charset=utf-8",
    ],
)
def test_the_boundary_is_found_however_it_is_written(content_type):
    assert read(a_body(the_xml()), content_type=content_type).xml == XML


def test_preamble_padding_and_epilogue_mean_nothing():
    body = b"hello\r\n" + a_body(the_xml()).replace(b"d3f0-b1\r\n", b"d3f0-b1 \t\r\n") + b"anything --d3f0-b1\r\n"

    assert read(body).xml == XML


def test_fields_that_the_protocol_does_not_know_are_let_go():
    assert told(read(a_body(a_part("csrf", b"x" * 100_000), the_xml()))) == (XML, [])


# Names


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('form-data; name="隐患 照片.jpg"; filename="隐患 照片.jpg"', "隐患 照片.jpg"),
        ('form-data; name="🔥.jpg"; filename="🔥.jpg"', "🔥.jpg"),
        ('form-data; name="a\u202f\u200eb.jpg"; filename="a\u202f\u200eb.jpg"', "a\u202f\u200eb.jpg"),
        ('form-data; name="3%22.jpg"; filename="3%22.jpg"', '3".jpg'),
        (r'form-data; name="3\".jpg"; filename="3\".jpg"', '3".jpg'),
        ('form-data; name="100%25.jpg"; filename="100%25.jpg"', "100%25.jpg"),
        ('form-data; name="a;filename=b.jpg"; filename="a;filename=b.jpg"', "a;filename=b.jpg"),
        ("form-data; name=a.jpg; filename=a.jpg", "a.jpg"),
        ("form-data; name=\"a.jpg\"; filename*=UTF-8''%E7%85%A7.jpg", "a.jpg"),
        (r'form-data; name="C:\photos\a.jpg"; filename="a.jpg"', "a.jpg"),
        ('form-data; name="media/a.jpg"; filename="a.jpg"', "a.jpg"),
        ('form-data; name="/sdcard/a.jpg"; filename="a.jpg"', "a.jpg"),
        ('form-data; filename="a.jpg"', "a.jpg"),
        (f'form-data; name="{"字" * 85}"; filename="x"', "字" * 85),
    ],
)
def test_a_file_keeps_the_name_it_was_given(header, name):
    post = read(a_body(the_xml(), a_part("", b"1", header=header, media_type="image/jpeg")))

    assert [file.name for file in post.files] == [name]


@pytest.mark.parametrize(
    "name",
    ["../x.jpg", "a/../x.jpg", r"..\x.jpg", "..", ".", "...", " ", "a/", "/", "a\0b", "a%0Db", "a%0d%0ab", "a\x1b[0m",
     "a\x85b", "字" * 86, "x" * 256],
)  # fmt: skip
@pytest.mark.parametrize("where", ["name", "filename"])
def test_a_name_that_climbs_hides_or_overflows_is_refused(name, where):
    sinks = Memos()
    part = a_photo(name, filename="x.jpg") if where == "name" else a_photo("x.jpg", filename=name)

    with pytest.raises(Unreadable):
        read(a_body(a_photo("first.jpg"), part, the_xml()), sinks=sinks)

    assert all(sink.discarded for sink in sinks)


@pytest.mark.parametrize(
    ("name", "filename", "expected", "called"),
    [
        ("1.jpg", "1.jpg", ["1.jpg"], "1.jpg"),
        ("1.jpg", "2.jpg", ["1.jpg", "2.jpg"], "1.jpg"),
        ("1.jpg", "2.jpg", ["2.jpg"], "2.jpg"),
        ("1.jpg", "2.jpg", [], "1.jpg"),
        ("file", "2.jpg", [], "2.jpg"),
        ("photo", "2.jpg", ["photo"], "photo"),
        ("1.jpg", None, [], "1.jpg"),
    ],
)
def test_a_file_is_called_by_its_part_first_and_by_its_file_name_where_that_says_more(name, filename, expected, called):
    post = read(a_body(the_xml(), a_photo(name, filename=filename)))

    assert post.files[0].stored_name(expected) == called


def test_a_file_without_a_type_or_with_an_odd_one_is_octets():
    post = read(a_body(the_xml(), a_photo("a", media_type=None), a_photo("b", media_type="<script>")))

    assert [file.media_type for file in post.files] == ["application/octet-stream"] * 2


# The same thing twice


def test_the_same_file_twice_is_one_file():
    sinks = Memos()

    post = read(a_body(the_xml(), a_photo(), a_photo()), sinks=sinks)

    assert [file.sink for file in post.files] == [sinks[0]]
    assert [sink.discarded for sink in sinks] == [False, True]


def test_one_name_with_two_contents_keeps_both_in_order():
    post = read(a_body(the_xml(), a_photo(content=b"1"), a_photo(content=b"2")))

    assert [(file.name, file.sink.content) for file in post.files] == [("1.jpg", b"1"), ("1.jpg", b"2")]


def test_one_content_under_two_names_is_two_files():
    post = read(a_body(the_xml(), a_photo("1.jpg"), a_photo("2.jpg")))

    assert [file.name for file in post.files] == ["1.jpg", "2.jpg"]


def test_the_same_record_twice_is_one_and_two_records_are_refused():
    assert read(a_body(the_xml(), the_xml())).xml == XML
    with pytest.raises(Unreadable):
        read(a_body(the_xml(), the_xml(XML + b" ")))


# Whatever the network does


@given(
    st.lists(st.tuples(st.sampled_from(["a.jpg", "b.csv", "照片.png"]), contents), max_size=4),
    contents,
    st.booleans(),
    st.lists(st.integers(0, 2000), max_size=12) | st.just(range(5000)),
)
def test_any_chunking_gives_the_same_post(files, xml, incomplete, places):
    hint = [a_part("*isIncomplete*", b"yes")] if incomplete else []
    body = a_body(the_xml(xml), *(a_photo(name, content) for name, content in files), *hint)

    post = read(InChunks(cut(body, [place for place in places if place < len(body)])))

    distinct = list(dict.fromkeys(files))
    assert told(post) == (xml, [(n, n, "image/jpeg", c) for n, c in distinct])


BROKEN_OFF = [None, ClientDisconnected(), ConnectionResetError(), TimeoutError()]


@pytest.mark.parametrize("failure", BROKEN_OFF, ids=repr)
def test_a_body_that_breaks_off_at_any_byte_is_refused_and_leaves_nothing(failure, tmp_path):
    store = BlobStore(tmp_path / "blobs")
    body = a_body(the_xml(), a_photo(content=b"x" * 40), a_part("*isIncomplete*", b"yes"))

    for end in range(len(body) - len(b"\r\n")):
        with pytest.raises(Unreadable):
            read_post(InChunks([body[:end]], failure), TYPE, open_sink=store.incoming)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@given(st.integers(0, 300_000))
@settings(max_examples=examples(20))
def test_a_large_file_that_breaks_off_leaves_nothing_on_the_disk(tmp_path_factory, end):
    folder = tmp_path_factory.mktemp("large")
    store = BlobStore(folder)
    body = a_body(a_photo(content=b"1" * 100_000), the_xml(), a_photo(content=b"2" * 200_000))

    with pytest.raises(Unreadable):
        read_post(io.BytesIO(body[:end]), TYPE, open_sink=store.incoming)

    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_full_disk_is_no_fault_of_the_phone_and_leaves_nothing():
    sinks = Memos()

    def full(_chunk):
        raise OSError(28, "No space left on device")

    def open_sink():
        sink = sinks()
        if len(sinks) == 2:
            sink.write = full
        return sink

    with pytest.raises(OSError, match="No space"):
        read_post(io.BytesIO(a_body(the_xml(), a_photo("1"), a_photo("2"))), TYPE, open_sink=open_sink)

    assert [sink.discarded for sink in sinks] == [True, True]


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda junk: a_body(the_xml(), junk, a_photo())))
def test_any_bytes_are_read_or_refused_by_name_and_nothing_is_left_over(body):
    sinks = Memos()

    try:
        post = read(body, sinks=sinks)
    except Unreadable:
        kept = []
    else:
        kept = [file.sink for file in post.files]

    assert [sink for sink in sinks if not sink.discarded] == kept


# What is no submission

NO_SUBMISSION = {
    "no type": ("", a_body(the_xml())),
    "another type": ("application/x-www-form-urlencoded", b"a=b"),
    "the bare record": ("text/xml", XML),
    "no boundary": ("multipart/form-data", a_body(the_xml())),
    "an empty boundary": ('multipart/form-data; boundary=""', a_body(the_xml())),
    "another boundary": ("multipart/form-data; boundary=other", a_body(the_xml())),
    "an empty body": (TYPE, b""),
    "no parts": (TYPE, a_body()),
    "no record": (TYPE, a_body(a_photo())),
    "a record under another name": (TYPE, a_body(a_part("xml", XML, filename="s.xml"))),
    "a part without header": (TYPE, a_body(b"\r\n" + XML)),
    "a part without name": (TYPE, a_body(the_xml(), a_part("", header="form-data"))),
    "a part that is no form data": (TYPE, a_body(the_xml(), b"Content-Type: text/plain\r\n\r\nx")),
    "a header without end": (TYPE, a_body(the_xml(), b"X: " + b"x" * 100_000)),
    "a header larger than the limit": (TYPE, a_body(the_xml(), b"X: " + b"x" * 9000 + b"\r\n" + a_photo())),
    "a header in another encoding": (TYPE, a_body(the_xml(), a_photo("照片.jpg").replace("照".encode(), b"\xd5\xd5"))),
    "a quote without end": (TYPE, a_body(the_xml(), a_part("", header='form-data; name="a'))),
    "a filename* of no encoding": (TYPE, a_body(the_xml(), a_part("", header="form-data; filename*=x''%ff"))),
    "a filename* in bad utf-8": (TYPE, a_body(the_xml(), a_part("", header="form-data; filename*=utf-8''%ff"))),
    "encoded content": (TYPE, a_body(b"Content-Transfer-Encoding: base64\r\n" + the_xml())),
    "a delimiter that goes on": (TYPE, a_body(the_xml()).replace(b"d3f0-b1\r\n", b"d3f0-b1x\r\n")),
}


@pytest.mark.parametrize(("content_type", "body"), NO_SUBMISSION.values(), ids=NO_SUBMISSION)
def test_what_is_no_submission_is_refused_in_chinese(content_type, body):
    with pytest.raises(Unreadable) as refused:
        read(body, content_type=content_type)

    assert any("\u4e00" <= c <= "\u9fff" for c in refused.value.message)


# What is too much


@pytest.mark.parametrize(
    ("body", "limits"),
    [
        (a_body(the_xml(b"x" * 1001)), Limits(xml_bytes_max=1000)),
        (a_body(the_xml(), *[a_photo(str(n)) for n in range(10)]), Limits(parts_max=10)),
        (a_body(the_xml(), a_photo(content=b"x" * 5000)), Limits(total_bytes_max=5000)),
        (a_body(the_xml()) + b"x" * 5000, Limits(total_bytes_max=5000)),
    ],
    ids=["record", "parts", "total", "epilogue"],
)
def test_too_much_is_refused_and_leaves_nothing(body, limits):
    sinks = Memos()

    with pytest.raises(TooLarge):
        read(body, sinks=sinks, limits=limits)

    assert all(sink.discarded for sink in sinks)


def test_the_limits_are_exact():
    body = a_body(the_xml(), a_photo())

    post = read(body, limits=Limits(xml_bytes_max=len(XML), parts_max=2, total_bytes_max=len(body)))

    assert len(post.files) == 1


def test_a_server_that_cuts_the_stream_at_its_own_limit_says_too_large():
    with pytest.raises(TooLarge):
        read(InChunks([a_body(the_xml())[:50]], RequestEntityTooLarge()))


def test_two_hundred_megabytes_pass_through_the_memory_of_a_few_chunks(tmp_path):
    store = BlobStore(tmp_path)
    head, tail = a_body(the_xml(), a_photo("v.mp4", b"@@")).split(b"@@")
    video = b"\r\n--d3f0-b" + b"v" * 65_526
    tracemalloc.start()

    post = read_post(InChunks([head, *[video] * 3200, tail]), TYPE, open_sink=store.incoming)

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    post.files[0].sink.discard()
    assert post.files[0].sink.size == 3200 * len(video) > 200_000_000
    assert peak_bytes < 1024 * 1024
