"""The bridge from ASGI to WSGI: receives a request whole, then runs the application; a stalled phone holds no thread.

The event loop reads bodies (to disk when they are large) and writes answers; a thread is busy only while Python
works. In valleys with weak signal many uploads stall for minutes, and a thread each would stop the server.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections import deque
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from threading import Barrier
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from werkzeug.exceptions import RequestHeaderFieldsTooLarge, RequestTimeout
from werkzeug.wrappers import Response

from server.db.writer import Request
from server.errors import HostUnknown
from server.settings import WAIT_S
from server.web.admission import ADMITTED, Queue
from server.web.bodies import IN_PART, UNJUDGED_BYTES_MAX, Body, Gone, Message, Receive, Spool, overloaded
from server.web.exchange import Exchange, Send
from server.web.observability import HEALTH_PATH, READY_PATH, log_front_failure
from server.web.problem_details import as_problem, as_refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Scope = MutableMapping[str, Any]
_Ran = asyncio.Future[Exception | None]

HEADER_BYTES_MAX = 1_048_576
"""Integrity requests carry every unsent id in one line, about 39 bytes each."""

LARGE_HEAD_BYTES = 8_192
"""What is more than this of a head counts among the bytes that requests hold together; no browser sends as much."""

READY_THREADS = 2
"""Threads that answer whether the server is ready: its balancer, and whoever looks beside it."""

_HOST = re.compile(rb"(?:\[[0-9A-Za-z:.%_-]+\]|[0-9A-Za-z._~!$&'()*+,;=%-]*)(?::[0-9]*)?")


class ShortRequests(NamedTuple):
    """Requests that run in the writer's thread instead of one of their own.

    include: returns whether a request is one of them. run: queues one (``Database.run_in_writer``).
    """

    include: Callable[[WSGIEnvironment], bool]
    run: Callable[[Request], None]


class Bridge:
    """An ASGI application that runs a WSGI application in ``threads`` threads, and ``short`` requests elsewhere.

    admission: judges requests with a larger body than is taken on trust (``server.web.admission``). refused: makes the
    answer to a path that nobody behind the bridge has seen, of the error. spool: where large bodies go.
    is_stopping: set when the server stops, so that every answer is the last of its connection. wait_s: how long others
    may wait before newcomers are refused.
    """

    def __init__(
        self,
        application: WSGIApplication,
        threads: int,
        admission: WSGIApplication,
        refused: Callable[[str, Exception], Response],
        spool: Spool,
        *,
        short: ShortRequests | None = None,
        wait_s: float = WAIT_S,
    ) -> None:
        self._application = application
        self._threads, all_there = ThreadPoolExecutor(threads, thread_name_prefix="request"), Barrier(threads)
        for _ in range(threads):  # none is idle, so each starts one: none can be had later, short of memory
            self._threads.submit(all_there.wait, WAIT_S)
        self._ready_threads = ThreadPoolExecutor(READY_THREADS, thread_name_prefix="readiness")
        self._admission = admission
        self._short = short
        self._refused = refused
        self._spool = spool
        self._thread_queue, self._writer_queue = Queue(wait_s), Queue(wait_s)
        self._ran: deque[tuple[_Ran, Exception | None]] = deque()
        self.is_stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served here, not {scope['type']}")
        exchange, body = Exchange(send), Body(receive, self._spool)
        try:
            await self._answer(scope, body, exchange)
        except Gone:
            return
        except Exception as error:  # whatever it is, whoever asked is told, and the connection ends
            if exchange.has_begun:
                raise  # half an answer cannot be taken back: the web server logs it, and closes the connection
            refusal = as_refusal(error)
            log_front_failure(refusal)
            exchange.run(self._refused(scope["path"], refusal), {"REQUEST_METHOD": scope["method"]})
            await exchange.finish(body, self._in_thread, is_last=True)
        finally:
            body.close()

    async def _answer(self, scope: Scope, body: Body, exchange: Exchange) -> None:
        head_bytes, stated = _judged_head(scope)
        if head_bytes > HEADER_BYTES_MAX:
            exchange.run(as_problem(RequestHeaderFieldsTooLarge()), {"REQUEST_METHOD": scope["method"]})
        else:
            if head_bytes > LARGE_HEAD_BYTES:
                body.hold_head(head_bytes)
            if stated <= UNJUDGED_BYTES_MAX:
                await body.take(UNJUDGED_BYTES_MAX)
            if body.is_whole or await self._take_judged(scope, body, stated, exchange):
                body.file.seek(0)
                await self._run(_environ(scope, body.file, body.size), scope["path"], exchange)
        await exchange.finish(body, self._in_thread, is_last=self.is_stopping or not body.is_whole)

    async def _take_judged(self, scope: Scope, body: Body, stated: int, exchange: Exchange) -> bool:
        """Take in all of a larger body if its request is admitted; else leave the refusal in ``exchange``."""
        while not body.is_whole:
            environ = _environ(scope, BytesIO(), max(stated, body.size))
            if self._thread_queue.is_overloaded():
                raise overloaded()
            await self._in_thread(lambda environ=environ: exchange.run(self._admission, environ))  # type: ignore[misc]  # mypy infers no lambda with a default
            if ADMITTED not in environ:
                return False
            scope.setdefault("state", {})[ADMITTED] = True  # its connection is no stranger's (``http_protocol``)
            try:
                await body.take(environ[ADMITTED])
            except (Gone, RequestTimeout):
                if IN_PART in environ and body.size:
                    await self._run_in_part(scope, body)
                raise
        return True

    async def _run_in_part(self, scope: Scope, body: Body) -> None:
        """Let the application take what has come of a body that broke off; whom a failure would be told has gone."""
        body.file.seek(0)
        environ = _environ(scope, body.file, body.size)
        try:
            await self._in_thread(lambda: Exchange(_nobody).run(self._application, environ))
        except Exception as error:
            log_front_failure(as_refusal(error))

    async def _run(self, environ: WSGIEnvironment, path: str, exchange: Exchange) -> None:
        short = self._short if self._short is not None and self._short.include(environ) else None
        queue = self._thread_queue if short is None else self._writer_queue
        if path == HEALTH_PATH:
            exchange.run(self._application, environ)  # here, so that it is answered while every thread is busy
        elif path == READY_PATH:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._ready_threads, lambda: exchange.run(self._application, environ))
        elif queue.is_overloaded():
            exchange.run(self._refused(path, overloaded()), environ)
        elif short is not None:
            await self._in_writer(asyncio.get_running_loop(), exchange, environ, short)
        else:
            await self._in_thread(lambda: exchange.run(self._application, environ))

    def close(self) -> None:
        """Wait for the requests that are under way."""
        self._threads.shutdown(wait=True)
        self._ready_threads.shutdown(wait=True)

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


async def _nobody(_message: Message) -> None:
    """Tell nobody."""


def _judged_head(scope: Scope) -> tuple[int, int]:
    """Return how many bytes a head has, and how many its body as it states.

    Raises HostUnknown unless it names its host, once and in the form of one (RFC 9112, 3.2); 1.0 need not. A proxy in
    front may go by the one, and we by the other.
    """
    size, hosts, stated = len(scope["raw_path"]) + len(scope["query_string"]), 0, b""
    is_host = True
    for name, value in scope["headers"]:  # once for all of it: every request pays for this
        size += len(name) + len(value)
        if name == b"host":
            hosts, is_host = hosts + 1, _is_host(value)
        elif name == b"content-length" and not stated:
            stated = value
    if not is_host or hosts > 1 or (not hosts and scope["http_version"] != "1.0"):
        raise HostUnknown("请求里要有一个、也只能有一个 Host 头，写服务器的地址；请检查所用的程序或反向代理的设置。")
    return size, int(stated) if stated.isdigit() else 0


@lru_cache(maxsize=1_000)
def _is_host(stated: bytes) -> bool:
    return _HOST.fullmatch(stated) is not None


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
    own = key in ("CONTENT_LENGTH", "TRANSFER_ENCODING")
    return None if own else key if key == "CONTENT_TYPE" else f"HTTP_{key}"
