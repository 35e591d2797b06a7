"""The bridge from ASGI to WSGI: receives a request whole, then runs the application; a stalled phone holds no thread.

The event loop reads bodies (to disk when they are large) and writes answers; a thread is busy only while Python
works. In valleys with weak signal many uploads stall for minutes, and a thread each would stop the server.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from werkzeug.exceptions import RequestHeaderFieldsTooLarge
from werkzeug.wrappers import Response

from server.db.writer import Request
from server.errors import Busy
from server.settings import WAIT_S
from server.web.exchange import Exchange, Receive, Send
from server.web.observability import HEALTH_PATH, log_front_failure
from server.web.problem_details import as_problem

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Scope = MutableMapping[str, Any]
_Ran = asyncio.Future[Exception | None]

MEMORY_BYTES_MAX = 1_048_576
"""A larger body goes to a file while it comes in."""

HEADER_BYTES_MAX = 1_048_576
"""Integrity requests carry every unsent id in one line, about 39 bytes each."""

STALL_S = 120
"""How long a phone may send nothing in the middle of a body, or take nothing of an answer, in seconds."""


RETRY_AFTER_S = 10
"""When a refused client may come back, in seconds; clients add a spread of their own."""


class Stalled(Exception):
    """The other side went away, or sent nothing for too long; there is nobody to answer."""


class ShortRequests(NamedTuple):
    """Requests that run in the writer's thread instead of one of their own.

    include: returns whether a request is one of them. run: queues one (``Database.run_in_writer``).
    """

    include: Callable[[WSGIEnvironment], bool]
    run: Callable[[Request], None]


class Bridge:
    """An ASGI application that runs a WSGI application in ``threads`` threads, and ``short`` requests elsewhere.

    body_bytes_max: larger bodies are answered 413 before they are read to the end. refused: makes the answer to a
    path that nobody behind the bridge has seen, of the error. is_stopping: set when the server stops, so that every
    answer is the last of its connection. wait_s: how long others may wait before newcomers are refused.
    """

    def __init__(
        self,
        application: WSGIApplication,
        threads: int,
        body_bytes_max: int,
        refused: Callable[[str, Exception], Response],
        *,
        short: ShortRequests | None = None,
        wait_s: float = WAIT_S,
    ) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._body_bytes_max = body_bytes_max
        self._short = short
        self._refused = refused
        self._thread_queue, self._writer_queue = Queue(wait_s), Queue(wait_s)
        self._ran: deque[tuple[_Ran, Exception | None]] = deque()
        self.is_stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served here, not {scope['type']}")
        exchange = Exchange(send)
        try:
            await self._answer(scope, receive, exchange)
        except Exception as error:  # whatever it is, whoever asked is told, and the connection ends
            if exchange.has_begun:
                raise  # half an answer cannot be taken back: the web server logs it, and closes the connection
            log_front_failure(error)
            exchange.run(self._refused(scope["path"], error), {"REQUEST_METHOD": scope["method"]})
            await exchange.finish(receive, self._in_thread, is_last=True)

    async def _answer(self, scope: Scope, receive: Receive, exchange: Exchange) -> None:
        if _header_bytes(scope) > HEADER_BYTES_MAX:
            exchange.run(as_problem(RequestHeaderFieldsTooLarge()), {"REQUEST_METHOD": scope["method"]})
            await exchange.finish(receive, self._in_thread, is_last=True)
            return
        stated = _stated_bytes(scope)
        is_small = 0 < stated <= MEMORY_BYTES_MAX
        with BytesIO() if is_small else tempfile.SpooledTemporaryFile(MEMORY_BYTES_MAX) as body:
            try:
                # What states too large a length is not read at all; the application refuses it.
                size = stated if stated > self._body_bytes_max else await _read(receive, body, self._body_bytes_max)
            except Stalled:
                return
            await self._run(_environ(scope, body, size), scope["path"], exchange)
            is_last = self.is_stopping or size > self._body_bytes_max
            await exchange.finish(receive, self._in_thread, is_last=is_last)

    async def _run(self, environ: WSGIEnvironment, path: str, exchange: Exchange) -> None:
        short = self._short if self._short is not None and self._short.include(environ) else None
        queue = self._thread_queue if short is None else self._writer_queue
        if path == HEALTH_PATH:
            exchange.run(self._application, environ)  # here, so that it is answered while every thread is busy
        elif queue.is_overloaded():
            exchange.run(self._refused(path, overloaded()), environ)
        elif short is not None:
            await self._in_writer(asyncio.get_running_loop(), exchange, environ, short)
        else:
            await self._in_thread(lambda: exchange.run(self._application, environ))

    def close(self) -> None:
        """Wait for the requests that are under way."""
        self._threads.shutdown(wait=True)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        def begin() -> Any:
            self._thread_queue.leave()
            return work()

        self._thread_queue.enter()
        return await asyncio.get_running_loop().run_in_executor(self._threads, begin)

    async def _in_writer(
        self, loop: asyncio.AbstractEventLoop, exchange: Exchange, environ: WSGIEnvironment, short: ShortRequests
    ) -> None:
        answered: _Ran = loop.create_future()
        error: Exception | None = None

        def run() -> None:
            nonlocal error
            self._writer_queue.leave()
            try:
                exchange.run(self._application, environ)
            except Exception as raised:  # it belongs to the caller, not to the writer
                error = raised

        self._writer_queue.enter()
        short.run(Request(run, lambda: self._tell_later(loop, answered, error)))
        if (raised := await answered) is not None:
            raise raised

    def _tell_later(self, loop: asyncio.AbstractEventLoop, ran: _Ran, error: Exception | None) -> None:
        """Tell the loop that a request has run; those of one commit come in a row, and share one wake-up."""
        self._ran.append((ran, error))
        if len(self._ran) == 1:
            loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        while self._ran:
            ran, error = self._ran.popleft()
            if not ran.done():  # its connection may have gone
                ran.set_result(error)


class Queue:
    """Requests that wait to be served, first come, first served.

    wait_s: how long the first may wait, in seconds, before no more are taken in. An evening on which a whole
    county sends drains long before.
    """

    def __init__(self, wait_s: float = WAIT_S, now: Callable[[], float] = time.monotonic) -> None:
        self._wait_s = wait_s
        self._now = now
        self._since: deque[float] = deque()

    def is_overloaded(self) -> bool:
        """Return whether the first in the queue has waited for so long that the last would wait in vain."""
        try:
            return self._now() - self._since[0] > self._wait_s
        except IndexError:
            return False

    def enter(self) -> None:
        """Note that one more waits."""
        self._since.append(self._now())

    def leave(self) -> None:
        """Note that the first is being served."""
        with suppress(IndexError):
            self._since.popleft()


def overloaded() -> Busy:
    """Return the refusal of who would wait in vain."""
    return Busy("现在送来的人很多，请稍后再送；内容都还在手机上。", retry_after_s=RETRY_AFTER_S)


def _stated_bytes(scope: Scope) -> int:
    stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(stated) if stated.isdigit() else 0


def _header_bytes(scope: Scope) -> int:
    fields = sum(len(name) + len(value) for name, value in scope["headers"])
    return len(scope["raw_path"]) + len(scope["query_string"]) + fields


async def _read(receive: Receive, body: IO[bytes], bytes_max: int) -> int:
    """Take the whole body in and return its size. Raises Stalled."""
    size = 0
    while True:
        try:
            async with asyncio.timeout(STALL_S):
                message = await receive()
        except TimeoutError:
            raise Stalled from None
        if message["type"] == "http.disconnect":
            raise Stalled
        piece = message.get("body", b"")
        size += len(piece)
        if size > bytes_max:
            return size  # the rest is not read: the application says that it is too large
        body.write(piece)
        if not message.get("more_body"):
            body.seek(0)
            return size


def _environ(scope: Scope, body: IO[bytes], size: int) -> WSGIEnvironment:
    host, port = scope.get("server") or ("localhost", 0)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "CONTENT_LENGTH": str(size),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = _environ_name(name)
        if key is not None:
            earlier = environ.get(key)
            environ[key] = value.decode("latin-1") if earlier is None else f"{earlier},{value.decode('latin-1')}"
    return environ


@lru_cache(maxsize=1_000)
def _environ_name(name: bytes) -> str | None:
    """Return the name of a request's header in a WSGI environment, None for what the bridge itself states.

    A header with an underscore has none: there it could not be told from the one with a hyphen, and a stranger would
    speak for a trusted proxy by ``X_Forwarded_For``.
    """
    if b"_" in name:
        return None
    key = name.decode("latin-1").upper().replace("-", "_")
    if key in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
        return None
    return key if key == "CONTENT_TYPE" else f"HTTP_{key}"
