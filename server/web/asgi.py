"""The bridge from ASGI to WSGI: receives a request whole, then runs the application; a stalled phone holds no thread.

The event loop reads bodies (to disk when they are large) and writes answers; a thread is busy only while Python
works. In valleys with weak signal many uploads stall for minutes, and a thread each would stop the server.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from werkzeug.exceptions import RequestHeaderFieldsTooLarge
from werkzeug.wrappers import Response

from server.db.writer import Request
from server.settings import WAIT_S
from server.web.http_date import http_date
from server.web.overload import Queue
from server.web.problem_details import as_problem

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_Ran = asyncio.Future[Exception | None]

MEMORY_BYTES_MAX = 1_048_576
"""A larger body goes to a file while it comes in."""

HEADER_BYTES_MAX = 1_048_576
"""Integrity requests carry every unsent id in one line, about 39 bytes each."""

STALL_S = 120
"""How long a phone may send nothing in the middle of a body, in seconds."""


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

    body_bytes_max: larger bodies are answered 413 before they are read to the end. is_stopping: set when the server
    stops, so that every answer is the last of its connection. overloaded: makes the answer to a path while others wait
    too long; wait_s: how long that is.
    """

    def __init__(
        self,
        application: WSGIApplication,
        threads: int,
        body_bytes_max: int,
        overloaded: Callable[[str], Response],
        *,
        short: ShortRequests | None = None,
        wait_s: float = WAIT_S,
    ) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._body_bytes_max = body_bytes_max
        self._short = short
        self._overloaded = overloaded
        self._thread_queue, self._writer_queue = Queue(wait_s), Queue(wait_s)
        self._ran: deque[tuple[_Ran, Exception | None]] = deque()
        self.is_stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served here, not {scope['type']}")
        if _header_bytes(scope) > HEADER_BYTES_MAX:
            refusal = as_problem(RequestHeaderFieldsTooLarge())
            headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 431, "headers": headers})
            await send({"type": "http.response.body", "body": refusal.get_data()})
            return
        stated = _stated_bytes(scope)
        is_small = 0 < stated <= MEMORY_BYTES_MAX
        with BytesIO() if is_small else tempfile.SpooledTemporaryFile(MEMORY_BYTES_MAX) as body:
            try:
                # What states too large a length is not read at all; the application refuses it.
                size = stated if stated > self._body_bytes_max else await _read(receive, body, self._body_bytes_max)
            except Stalled:
                return
            await self._answer(_environ(scope, body, size), scope["path"], size, send)

    async def _answer(self, environ: WSGIEnvironment, path: str, size: int, send: Send) -> None:
        loop = asyncio.get_running_loop()
        is_last = self.is_stopping or size > self._body_bytes_max
        exchange = Exchange(loop, send, [(b"connection", b"close")] if is_last else [])
        short = self._short if self._short is not None and self._short.include(environ) else None
        queue = self._thread_queue if short is None else self._writer_queue
        if queue.is_overloaded():
            exchange.run(self._overloaded(path), environ)
        elif short is not None:
            await self._in_writer(loop, exchange, environ, short)
        else:
            queue.enter()
            await loop.run_in_executor(self._threads, self._in_thread, exchange, environ)
        await exchange.finish()

    def close(self) -> None:
        """Wait for the requests that are under way."""
        self._threads.shutdown(wait=True)

    def _in_thread(self, exchange: Exchange, environ: WSGIEnvironment) -> None:
        self._thread_queue.leave()
        exchange.run(self._application, environ)

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


class Exchange:
    """One request and its answer: sent in one piece where the application has it whole, else as it is made."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Send, more_headers: list[tuple[bytes, bytes]]) -> None:
        self._loop = loop
        self._send = send
        self._more_headers = more_headers
        self._status = 500
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: bytes | None = None

    def run(self, application: WSGIApplication, environ: WSGIEnvironment) -> None:
        """Run the application in the calling thread."""
        answer = application(environ, self._start)
        try:
            if self._is_short():
                self._body = b"".join(answer)
            else:
                self._stream(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    async def finish(self) -> None:
        """Send an answer that is whole."""
        if self._body is not None:
            await self._send({"type": "http.response.start", "status": self._status, "headers": self._headers})
            await self._send({"type": "http.response.body", "body": self._body})

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        self._status = int(status.split(" ", 1)[0])
        self._headers = [(_header_name(name), value.encode("latin-1")) for name, value in headers]
        if not any(name == b"date" for name, _ in self._headers):
            self._headers.append((b"date", http_date().encode()))
        self._headers += self._more_headers
        return self._refuse_write

    def _is_short(self) -> bool:
        """Return whether the answer may be held in memory as a whole: it states a length, and that is small."""
        lengths = [int(value) for name, value in self._headers if name == b"content-length"]
        return self._status in (204, 304) or (bool(lengths) and lengths[0] <= MEMORY_BYTES_MAX)

    @staticmethod
    def _refuse_write(data: bytes) -> None:
        raise RuntimeError("the old WSGI write() is not offered")

    def _stream(self, answer: Iterable[bytes]) -> None:
        # Each piece is waited for, so that a slow reader slows the maker and memory stays constant.
        self._send_now({"type": "http.response.start", "status": self._status, "headers": self._headers})
        for piece in answer:
            self._send_now({"type": "http.response.body", "body": piece, "more_body": True})
        self._send_now({"type": "http.response.body", "body": b""})

    def _send_now(self, message: Message) -> None:
        asyncio.run_coroutine_threadsafe(_sent(self._send, message), self._loop).result()


async def _sent(send: Send, message: Message) -> None:
    await send(message)


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
def _header_name(name: str) -> bytes:
    return name.lower().encode("latin-1")


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
