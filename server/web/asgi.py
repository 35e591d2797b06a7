"""The bridge from ASGI to WSGI: receives a request whole, then runs the application; a stalled phone holds no thread.

The event loop reads bodies (to disk when they are large) and writes answers; a thread is busy only while Python
works. In valleys with weak signal many uploads stall for minutes, and a thread each would stop the server.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import IO, TYPE_CHECKING, Any

from werkzeug.exceptions import RequestHeaderFieldsTooLarge
from werkzeug.wrappers import Response

from server.settings import WAIT_S
from server.web.overload import Queue
from server.web.problem_details import as_problem
from server.web.proxy import small_submission_key

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MEMORY_BYTES_MAX = 1_048_576
"""A larger body goes to a file while it comes in."""

HEADER_BYTES_MAX = 1_048_576
"""Integrity requests carry every unsent id in one line, about 39 bytes each."""

STALL_S = 120
"""How long a phone may send nothing in the middle of a body, in seconds."""


class Stalled(Exception):
    """The other side went away, or sent nothing for too long; there is nobody to answer."""


class Bridge:
    """An ASGI application that runs a WSGI application in ``threads`` threads, small submissions with the writer.

    body_bytes_max: larger bodies are answered 413 before they are read to the end. run_in_writer: runs a short request
    in the writer's own thread (``Database.run_in_writer``). is_stopping: set when the server stops, so that every
    answer is the last of its connection. overloaded: makes the answer to a path while others wait too long; wait_s:
    how long that is.
    """

    def __init__(
        self,
        application: WSGIApplication,
        threads: int,
        body_bytes_max: int,
        run_in_writer: Callable[[Callable[[], None]], None],
        overloaded: Callable[[str], Response],
        wait_s: float = WAIT_S,
    ) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._body_bytes_max = body_bytes_max
        self._run_in_writer = run_in_writer
        self._overloaded = overloaded
        self._thread_queue, self._writer_queue = Queue(wait_s), Queue(wait_s)
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
        with tempfile.SpooledTemporaryFile(MEMORY_BYTES_MAX) as body:
            stated = _stated_bytes(scope)
            try:
                # What states too large a length is not read at all; the application refuses it.
                size = stated if stated > self._body_bytes_max else await _read(receive, body, self._body_bytes_max)
            except Stalled:
                return
            loop = asyncio.get_running_loop()
            is_last = self.is_stopping or size > self._body_bytes_max
            exchange = Exchange(loop, send, [(b"connection", b"close")] if is_last else [])
            environ = _environ(scope, body, size)
            # By name and password it would hash for tens of milliseconds, and a photo is fsynced on its own.
            is_small = small_submission_key(environ) is not None
            queue = self._writer_queue if is_small else self._thread_queue
            if queue.is_overloaded():
                exchange.run(self._overloaded(scope["path"]), environ)
            elif is_small:
                await self._in_writer(loop, exchange, environ)
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

    async def _in_writer(self, loop: asyncio.AbstractEventLoop, exchange: Exchange, environ: WSGIEnvironment) -> None:
        ran: asyncio.Future[None] = loop.create_future()

        def request() -> None:
            self._writer_queue.leave()
            try:
                exchange.run(self._application, environ)
            except Exception as error:  # it belongs to the caller, not to the writer
                loop.call_soon_threadsafe(ran.set_exception, error)
            else:
                loop.call_soon_threadsafe(ran.set_result, None)

        self._writer_queue.enter()
        self._run_in_writer(request)
        await ran


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
        self._headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        if not any(name == b"date" for name, _ in self._headers):
            self._headers.append((b"date", formatdate(usegmt=True).encode()))
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
        key = name.decode("latin-1").upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value.decode("latin-1")
        elif key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            earlier = environ.get(f"HTTP_{key}")
            environ[f"HTTP_{key}"] = (
                value.decode("latin-1") if earlier is None else f"{earlier},{value.decode('latin-1')}"
            )
    return environ
