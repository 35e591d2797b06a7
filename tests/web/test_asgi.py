"""The front takes a request in whole before Python works on it, so that a stalled phone holds nothing up."""

import asyncio
import threading
from pathlib import Path
from tempfile import gettempdir

import pytest

from server.app import refused
from server.errors import Unavailable
from server.web import bodies
from server.web.admission import ADMITTED
from server.web.asgi import ShortRequests
from server.web.bodies import IN_PART, Spool, overloaded
from tests.web.front import bridge_to

MIB = 1_048_576


def scope_of(path="/records.csv", method="GET", headers=(), query=b""):
    host = [] if "host" in dict(headers) else [("host", "localhost")]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in [*headers, *host]],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 8600),
    }


class Wire:
    """The other side: what it sends, piece by piece, and what it was sent."""

    def __init__(self, *pieces, stalls=False):
        self.messages = [
            {"type": "http.request", "body": piece, "more_body": number < len(pieces) - 1 or stalls}
            for number, piece in enumerate(pieces or (b"",))
        ]
        self.sent = []

    async def receive(self):
        if not self.messages:
            await asyncio.Event().wait()
        return self.messages.pop(0)

    async def send(self, message):
        self.sent.append(message)

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def headers(self):
        return dict(self.sent[0]["headers"])

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def echo(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


SHORT = "/key/t/submission"


def run_here(request):
    request.run()
    request.answer()


def bridge(application=echo, *, run=run_here, **options):
    """Return a bridge on which submissions by key are short requests."""
    short = ShortRequests(lambda environ: environ["PATH_INFO"] == SHORT, run)
    return bridge_to(application, short=short, **options)


def both(wire):
    return wire.receive, wire.send


def call(app, scope, wire):
    asyncio.run(app(scope, wire.receive, wire.send))
    return wire


@pytest.mark.parametrize("size", [0, 1, MIB, MIB + 1, 3 * MIB])
def test_a_body_arrives_whole_whatever_its_size_and_pieces(size):
    body = b"x" * size
    pieces = [body[at : at + 65_536] for at in range(0, size, 65_536)]

    wire = call(bridge(), scope_of(method="PUT"), Wire(*pieces))

    assert (wire.status, wire.body) == (200, body)


def test_the_application_sees_who_asks_for_what():
    seen = {}

    def application(environ, start_response):
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    headers = [("host", "fire.example.org"), ("x-a", "1"), ("x-a", "2"), ("content-type", "text/xml")]
    wire = call(bridge(application), scope_of("/forms/巡查.xml", headers=headers, query=b"formID=a%20b"), Wire())

    assert wire.status == 204
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/forms/巡查.xml"
    assert seen["QUERY_STRING"] == "formID=a%20b"
    assert (seen["HTTP_HOST"], seen["HTTP_X_A"], seen["CONTENT_TYPE"]) == ("fire.example.org", "1,2", "text/xml")
    assert (seen["REMOTE_ADDR"], seen["SERVER_PORT"]) == ("127.0.0.1", "8600")


def test_a_header_with_an_underscore_does_not_pass_for_the_one_with_a_hyphen():
    seen = {}

    def application(environ, start_response):
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    headers = [("x_forwarded_for", "203.0.113.9"), ("x-forwarded-proto", "https"), ("content_length", "9")]
    call(bridge(application), scope_of(headers=headers), Wire())

    assert "HTTP_X_FORWARDED_FOR" not in seen
    assert (seen["HTTP_X_FORWARDED_PROTO"], seen["CONTENT_LENGTH"]) == ("https", "0")


def test_uploads_that_stall_hold_no_thread():
    async def scene():
        app = bridge(threads=1)
        stalled = [Wire(b"half", stalls=True) for _ in range(5)]
        waiting = [asyncio.ensure_future(app(scope_of(method="POST"), wire.receive, wire.send)) for wire in stalled]
        await asyncio.sleep(0)
        served = Wire(b"whole")
        await asyncio.wait_for(app(scope_of(method="POST"), served.receive, served.send), 5)
        for task in waiting:
            task.cancel()
        return served

    assert asyncio.run(scene()).body == b"whole"


@pytest.mark.parametrize("size", [5, 70_000])
def test_an_upload_that_stalls_too_long_is_given_up_and_told_so(monkeypatch, size):
    monkeypatch.setattr(bodies, "STALL_S", 0.05)
    monkeypatch.setattr(bodies, "DRAIN_S", 0.05)

    wire = call(bridge(), scope_of(method="POST"), Wire(b"x" * size, stalls=True))

    assert (wire.status, wire.headers[b"connection"]) == (408, b"close")


class Dripping(Wire):
    """Sends a body of ``size`` bytes, so many at a time with a pause before each."""

    def __init__(self, size, at_a_time, pause_s):
        super().__init__(*[b"x" * at_a_time] * (size // at_a_time))
        self._pause_s = pause_s

    async def receive(self):
        await asyncio.sleep(self._pause_s)
        return await super().receive()


def test_a_body_that_drips_slower_than_the_weakest_line_is_given_up_and_one_that_is_faster_is_taken(monkeypatch):
    monkeypatch.setattr(bodies, "STALL_S", 0.5)
    monkeypatch.setattr(bodies, "DRAIN_S", 0.01)
    monkeypatch.setattr(bodies, "STALL_BYTES", 1_000)

    slow = call(bridge(), scope_of(method="POST"), Dripping(2_000, 10, 0.01))
    fast = call(bridge(), scope_of(method="POST"), Dripping(30_000, 500, 0.01))

    assert slow.status == 408
    assert (fast.status, len(fast.body)) == (200, 30_000)


def test_a_phone_that_goes_away_in_the_middle_reaches_no_application():
    def application(environ, start_response):
        raise AssertionError("nobody asked")

    wire = Wire(b"half", stalls=True)
    wire.messages.append({"type": "http.disconnect"})

    assert call(bridge(application), scope_of(method="POST"), wire).sent == []


@pytest.mark.parametrize("ending", ["closed", "silent"])
def test_what_came_of_a_body_that_breaks_off_is_handed_on_and_nothing_is_held_for_the_rest(monkeypatch, ending):
    monkeypatch.setattr(bodies, "STALL_S", 0.05)
    monkeypatch.setattr(bodies, "DRAIN_S", 0.05)
    taken = []

    def application(environ, start_response):
        taken.append(environ["wsgi.input"].read())
        start_response("204 No Content", [])
        return []

    def in_part(environ, start_response):
        environ[ADMITTED], environ[IN_PART] = 3 * MIB, True
        start_response("100 Continue", [("Content-Length", "0")])
        return []

    async def scene():
        spool = Spool(Path(gettempdir()), 2 * MIB, 0)  # for one of these bodies
        app = bridge_to(application, threads=1, admission=in_part, spool=spool)
        broken = Wire(b"x" * MIB, b"y" * 9, stalls=True)
        if ending == "closed":
            broken.messages.append({"type": "http.disconnect"})
        for wire in (broken, Wire(b"z" * MIB, b"z")):
            scope = scope_of(method="PATCH", headers=stating(2 * MIB))
            await asyncio.wait_for(app(scope, wire.receive, wire.send), 5)
        return broken, wire

    broken, next_one = asyncio.run(scene())

    assert [len(each) for each in taken] == [MIB + 9, MIB + 1]
    assert [each["status"] for each in broken.sent[:1]] == ([408] if ending == "silent" else [])
    assert next_one.status == 204


def test_a_failure_with_what_came_of_a_body_is_logged_and_nobody_is_answered(capfd):
    def fails(_environ, _start_response):
        raise RuntimeError("the disk has gone")

    def in_part(environ, start_response):
        environ[ADMITTED], environ[IN_PART] = 3 * MIB, True
        start_response("100 Continue", [("Content-Length", "0")])
        return []

    async def scene():
        app = bridge_to(fails, threads=1, admission=in_part, spool=Spool(Path(gettempdir()), 2 * MIB, 0))
        wire = Wire(b"x" * MIB, b"y" * 9, stalls=True)
        wire.messages.append({"type": "http.disconnect"})
        await asyncio.wait_for(app(scope_of(method="PATCH", headers=stating(2 * MIB)), wire.receive, wire.send), 5)
        return wire

    assert asyncio.run(scene()).sent == []
    assert "the disk has gone" in capfd.readouterr().err


def stating(size):
    return [("content-length", str(size))]


def test_a_body_that_is_too_large_by_its_own_word_is_refused_before_any_of_it_is_read():
    wire = Wire(*[b"x" * 50_000] * 3)
    wire.read_before_answer = None

    async def send(message):
        wire.read_before_answer = wire.read_before_answer or len(wire.messages)
        await Wire.send(wire, message)

    asyncio.run(bridge(body_bytes_max=100_000)(scope_of(method="POST", headers=stating(150_000)), wire.receive, send))

    assert (wire.status, wire.headers[b"connection"]) == (413, b"close")
    assert wire.read_before_answer == 3
    assert wire.messages == []  # they are read and thrown away, so that the phone comes to read the answer


def test_a_body_that_turns_out_too_large_is_refused_and_not_read_to_the_end():
    wire = call(bridge(body_bytes_max=100_000), scope_of(method="POST"), Wire(*[b"x" * 60_000] * 100))

    assert (wire.status, wire.headers[b"connection"]) == (413, b"close")
    assert len(wire.messages) > 70


def test_who_is_refused_and_sends_nothing_more_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(bodies, "DRAIN_S", 0.05)

    wire = call(
        bridge(body_bytes_max=100_000), scope_of(method="POST", headers=stating(150_000)), Wire(b"x", stalls=True)
    )

    assert wire.status == 413


@pytest.mark.parametrize(("stated", "taken"), [(200_000, 0), (None, 2)], ids=["stated", "chunked"])
def test_no_more_than_a_little_of_a_body_is_taken_before_its_request_is_judged(stated, taken):
    wire = Wire(*[b"x" * 40_000] * 5)
    at_judgement = []

    def admission(environ, start_response):
        at_judgement.append(5 - len(wire.messages))
        environ[ADMITTED] = 1_000_000
        start_response("100 Continue", [("Content-Length", "0")])
        return []

    app = bridge(admission=admission)
    call(app, scope_of(method="POST", headers=stating(stated) if stated else ()), wire)

    assert at_judgement == [taken]
    assert len(wire.body) == 200_000


def test_large_bodies_have_a_bound_together_and_leave_room_on_the_disk(tmp_path):
    body = [b"x" * MIB] * 3

    little = call(bridge(spool=Spool(tmp_path, 2 * MIB, 0)), scope_of(SHORT, "POST"), Wire(*body))
    full = call(bridge(spool=Spool(tmp_path, 10 * MIB, 1 << 60)), scope_of(SHORT, "POST"), Wire(*body))
    spool = Spool(tmp_path, 4 * MIB, 0)
    one_after_the_other = [call(bridge(spool=spool), scope_of(SHORT, "POST"), Wire(*body)).status for _ in range(3)]

    assert (little.status, little.headers[b"retry-after"]) == (503, b"10")
    assert "大文件太多" in little.body.decode()
    assert full.status == 507
    assert "磁盘已满" in full.body.decode()
    assert one_after_the_other == [200] * 3
    assert list(tmp_path.iterdir()) == []


def test_headers_beyond_all_measure_are_refused():
    wire = call(bridge(), scope_of(headers=[("x-long", "a" * (MIB + 1))]), Wire())

    assert wire.status == 431
    assert wire.headers[b"content-type"] == b"application/problem+json"
    assert b"/problems/request-header-fields-too-large" in wire.body


def test_an_answer_of_unknown_length_is_sent_as_it_is_made():
    closed = []

    one, two = b"1" * 65_536, b"2" * 100

    class Pieces:
        def __iter__(self):
            return iter([one, two])

        def close(self):
            closed.append(True)

    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/csv")])
        return Pieces()

    wire = call(bridge(application), scope_of(), Wire())

    assert [message.get("body") for message in wire.sent[1:]] == [one, two, b""]
    assert closed == [True]


def test_small_parts_of_an_answer_go_out_together():
    def application(environ, start_response):
        start_response("200 OK", [])
        return (b"x" * 100 for _ in range(1_000))

    wire = call(bridge(application), scope_of(), Wire())

    assert len(wire.body) == 100_000
    assert len(wire.sent) == 4


class Endless:
    """An answer without end; says when it was closed."""

    def __init__(self, closed):
        self._closed = closed

    def __iter__(self):
        while True:
            yield b"x" * 65_536

    def close(self):
        self._closed.append(True)


class SilentReader(Wire):
    """Reads the beginning of an answer, and nothing more until it goes away."""

    def __init__(self, gone):
        super().__init__()
        self._gone = gone

    async def receive(self):
        if self.messages:
            return self.messages.pop(0)
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        await super().send(message)
        if len(self.sent) > 2:
            await self._gone.wait()


def test_more_readers_who_read_nothing_than_there_are_threads_hold_no_thread_and_their_answers_end_with_them():
    closed = []

    def application(environ, start_response):
        if environ["PATH_INFO"] != "/records.csv":
            return echo(environ, start_response)
        start_response("200 OK", [])
        return Endless(closed)

    async def scene():
        app, gone = bridge(application, threads=2), asyncio.Event()
        readers = [SilentReader(gone) for _ in range(3)]
        reading = [asyncio.ensure_future(app(scope_of(), reader.receive, reader.send)) for reader in readers]
        served = Wire(b"whole")
        await asyncio.sleep(0.1)
        await asyncio.wait_for(app(scope_of("/", method="POST"), served.receive, served.send), 5)
        gone.set()
        await asyncio.wait_for(asyncio.gather(*reading), 5)
        return served

    assert asyncio.run(scene()).body == b"whole"
    assert closed == [True] * 3


def test_every_thread_runs_before_the_first_request_so_that_none_is_wanted_while_memory_is_short(monkeypatch):
    bridge = bridge_to(echo, threads=3)
    wires = [Wire(b"a") for _ in range(3)]

    def no_memory(_self):
        raise RuntimeError("can't start new thread")

    async def all_at_once():
        await asyncio.gather(*(bridge(scope_of(method="POST"), each.receive, each.send) for each in wires))

    monkeypatch.setattr(threading.Thread, "start", no_memory)
    asyncio.run(all_at_once())

    assert [each.status for each in wires] == [200, 200, 200]


def test_short_requests_run_where_the_writer_is_and_all_else_in_threads():
    ran = []

    def run(request):
        ran.append(request)
        run_here(request)

    app = bridge(run=run)

    assert call(app, scope_of(SHORT, "POST"), Wire(b"form")).body == b"form"
    assert len(ran) == 1

    assert call(app, scope_of("/long", "POST"), Wire(b"form")).body == b"form"
    assert len(ran) == 1


@pytest.mark.parametrize(
    ("path", "media_type"), [("/api/v1/records", b"application/problem+json"), (SHORT, b"text/xml; charset=utf-8")]
)
def test_an_error_that_no_door_has_answered_is_told_to_the_one_who_asked_and_ends_the_connection(path, media_type):
    def application(environ, start_response):
        raise ZeroDivisionError

    wire = call(bridge(application), scope_of(path, "POST"), Wire(b"form"))

    assert (wire.status, wire.headers[b"connection"], wire.headers[b"content-type"]) == (500, b"close", media_type)
    assert "服务器内部错误" in wire.body.decode()


def test_an_error_in_the_middle_of_an_answer_is_raised_so_that_the_connection_is_cut():
    def application(environ, start_response):
        start_response("200 OK", [])
        yield b"x" * 65_536
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        call(bridge(application), scope_of(), Wire())


def test_a_writer_that_takes_nothing_more_is_told_as_such():
    def run(request):
        raise Unavailable("服务器正在停止，请稍后再试。")

    wire = call(bridge(run=run), scope_of(SHORT, "POST"), Wire(b"form"))

    assert wire.status == 503
    assert "正在停止" in wire.body.decode()


def test_whether_the_process_lives_is_answered_while_every_thread_is_busy():
    held = threading.Event()

    def application(environ, start_response):
        if environ["PATH_INFO"] != "/healthz":
            held.wait(30)
        return echo(environ, start_response)

    async def scene():
        app = bridge(application, threads=1, wait_s=0.01)
        asking = [asyncio.ensure_future(app(scope_of(), *both(Wire()))) for _ in range(3)]
        await asyncio.sleep(0.1)
        asked = Wire()
        await app(scope_of("/healthz"), *both(asked))
        held.set()
        await asyncio.gather(*asking)
        return asked

    assert asyncio.run(scene()).status == 200


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/api/v1/sync/push", b"application/problem+json"), ("/key/x/submission", b"text/xml; charset=utf-8")],
)
def test_who_would_wait_in_vain_is_told_when_to_come_back_and_nobody_who_waits_is(path, media_type):
    """One thread is held; one request has waited too long for it; the next is sent away at once, in its own words."""
    held = threading.Event()

    def application(environ, start_response):
        if environ["PATH_INFO"] != SHORT:
            assert held.wait(30)
        return echo(environ, start_response)

    async def scene():
        app = bridge(application, threads=1, wait_s=0.05)
        taken = [Wire(b"first"), Wire(b"second")]
        asking = [asyncio.ensure_future(app(scope_of(method="POST"), wire.receive, wire.send)) for wire in taken]
        await asyncio.sleep(0.2)
        late, small = Wire(b"late"), Wire(b"small")
        await app(scope_of(path, method="PUT"), late.receive, late.send)
        await app(scope_of(SHORT, method="POST"), small.receive, small.send)
        held.set()
        await asyncio.gather(*asking)
        again = Wire(b"late")
        await app(scope_of(path, method="PUT"), again.receive, again.send)
        return late, small, [*taken, again]

    late, small, answered = asyncio.run(scene())

    assert (late.status, late.headers[b"retry-after"]) == (503, b"10")
    assert late.headers[b"content-type"] == media_type
    assert "请稍后再送" in late.body.decode()
    assert small.status == 200  # the writer's own line is not jammed
    assert [wire.body for wire in answered] == [b"first", b"second", b"late"]


def test_a_phone_that_waits_for_the_writer_in_vain_is_told_so_too():
    queued = []

    async def scene():
        app = bridge(run=queued.append, wait_s=0.05)
        first, late = Wire(b"first"), Wire(b"late")
        asking = asyncio.ensure_future(app(scope_of(SHORT, method="POST"), first.receive, first.send))
        await asyncio.sleep(0.2)
        await app(scope_of(SHORT, method="POST"), late.receive, late.send)
        await asyncio.to_thread(run_here, queued.pop())
        await asking
        return first, late

    first, late = asyncio.run(scene())

    assert (first.status, late.status) == (200, 503)
    assert "<OpenRosaResponse" in late.body.decode()


def test_a_phone_that_is_told_to_come_back_is_told_in_the_words_of_its_protocol():
    answer = refused(SHORT, overloaded())

    assert (answer.status_code, answer.headers["X-OpenRosa-Version"]) == (503, "1.0")
    assert int(answer.headers["X-OpenRosa-Accept-Content-Length"]) == 1_000_000
    assert {"Date", "Retry-After"} <= set(answer.headers.keys())
