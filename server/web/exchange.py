"""One request and its answer: run in a thread, and sent by the event loop while no thread waits for the reader."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from server.web.bodies import Body, Message
from server.web.http_date import http_date

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Send = Callable[[Message], Awaitable[None]]
InThread = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Carries a short piece of work out in a request's thread, and returns its result."""

WHOLE_BYTES_MAX = 1_048_576
"""A larger answer is sent as it is made."""

PIECE_BYTES = 65_536
"""As many bytes are made at a time, in one go in a thread, where the application makes smaller pieces."""


class Exchange:
    """One request and its answer: sent in one piece where the application has it whole, else as it is made."""

    def __init__(self, send: Send) -> None:
        self.has_begun = False
        self._send = send
        self._status = 500
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: bytes | None = None
        self._parts: _Parts | None = None

    def run(self, application: WSGIApplication, environ: WSGIEnvironment) -> None:
        """Run an application in the calling thread; what another one has answered before is forgotten."""
        self._body = self._parts = None
        answer = application(environ, self._start)
        if not self._is_short():
            self._parts = _Parts(answer)
            return
        try:
            self._body = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    async def finish(self, body: Body, in_thread: InThread, *, is_last: bool) -> None:
        """Send the answer.

        body: of the request. in_thread: makes what is not made yet. is_last: whether the connection ends with it.
        """
        if is_last:
            self._headers.append((b"connection", b"close"))
        if self._parts is not None:
            await self._send_as_made(self._parts, body, in_thread)
        elif self._body is not None:
            self.has_begun = True
            await self._send({"type": "http.response.start", "status": self._status, "headers": self._headers})
            if not body.is_whole:
                await self._send({"type": "http.response.body", "body": self._body, "more_body": True})
                await body.drain()
                self._body = b""
            await self._send({"type": "http.response.body", "body": self._body})

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        self._status = int(status.split(" ", 1)[0])
        self._headers = [(_header_name(name), value.encode("latin-1")) for name, value in headers]
        if not any(name == b"date" for name, _ in self._headers):
            self._headers.append((b"date", http_date().encode()))
        return self._refuse_write

    def _is_short(self) -> bool:
        """Return whether the answer may be held in memory as a whole: it states a length, and that is small."""
        lengths = [int(value) for name, value in self._headers if name == b"content-length"]
        return self._status in (204, 304) or (bool(lengths) and lengths[0] <= WHOLE_BYTES_MAX)

    @staticmethod
    def _refuse_write(data: bytes) -> None:
        raise RuntimeError("the old WSGI write() is not offered")

    async def _send_as_made(self, parts: _Parts, body: Body, in_thread: InThread) -> None:
        """Send part after part. Each is waited for, so that a slow reader slows the maker and memory stays constant.

        Between two parts no thread is held: seventeen readers who read nothing would else stop the server.
        """
        gone = asyncio.ensure_future(body.gone())
        try:
            self.has_begun = True
            await self._send({"type": "http.response.start", "status": self._status, "headers": self._headers})
            while not gone.done() and (piece := await in_thread(parts.make)):
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            if not gone.done():
                await self._send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone
            await in_thread(parts.close)


class _Parts:
    """The parts of an answer that is made while it is sent; each is made in whichever thread is free."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self._made: Iterator[bytes] = iter(answer)
        self._making = threading.Lock()

    def make(self) -> bytes:
        """Return the next bytes, none at the end."""
        with self._making:
            made, size = [], 0
            for part in self._made:
                made.append(part)
                size += len(part)
                if size >= PIECE_BYTES:
                    break
            return b"".join(made)

    def close(self) -> None:
        """Let go of what the parts are made from, after the one that is being made."""
        with self._making:
            close = getattr(self._answer, "close", None)
            if close is not None:
                close()


@lru_cache(maxsize=1_000)
def _header_name(name: str) -> bytes:
    return name.lower().encode("latin-1")
