"""Bounds what connections may cost before their requests are known: the size of a head, the wait for it, their number.

uvicorn itself collects headers without end, waits for the rest of a head for ever, and reads no address longer than
64 KiB, while a phone with two thousand unsent records asks after all of them in one line. What is no HTTP at all (a
Chinese word typed into an address is enough) is answered in problem+json like every other refusal. Of trailers, which
uvicorn would add to the headers, nothing is kept: a proxy does not look at them, and they could speak in its name.

Heads that have not come in whole have a bound together: beyond it the one that began first is given up.

When there are as many connections as there may be files for, each newcomer takes the place of the one that has kept
the server waiting longest: whoever holds connections open keeps nobody out.
"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.errors import Unreadable
from server.web.admission import ADMITTED
from server.web.asgi import HEADER_BYTES_MAX
from server.web.bodies import HEADS_BYTES_MAX
from server.web.problem_details import as_problem

HEAD_S = 120
"""How long a request's head may take to come in whole, and a new connection to begin one, in seconds."""

NOT_HTTP = "请求不合 HTTP 的规定；网址里的汉字和空格要写成百分号编码（如 民 写成 %E6%B0%91），用浏览器打开则不必。"

_PATH_BYTES_MAX = 60_000
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n"
_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\ncontent-length: 0\r\n"

_order = count()
"""Tells what began before what; the loop's clock stands still while many connections come in."""


class _Dropped(list[tuple[bytes, bytes]]):
    """Where trailers go: nowhere."""

    def append(self, header: tuple[bytes, bytes]) -> None:
        """Forget a trailer."""


class _Heads:
    """The heads that have begun and not come in whole, of all connections, those first that began first."""

    def __init__(self) -> None:
        self._sizes: dict[BoundedProtocol, int] = {}
        self._bytes = 0

    def hold(self, connection: BoundedProtocol, size: int) -> None:
        """Count so many bytes for the head of a connection, and cut off others while they are too many together."""
        self._bytes += size - self._sizes.get(connection, 0)
        self._sizes[connection] = size
        while self._bytes > HEADS_BYTES_MAX:
            oldest = next(iter(self._sizes))
            self.release(oldest)
            oldest.cut_off()

    def release(self, connection: BoundedProtocol) -> None:
        """Count the head of a connection no longer."""
        self._bytes -= self._sizes.pop(connection, 0)


class BoundedProtocol(HttpToolsProtocol):
    """The protocol of one connection: HTTP by httptools, with limits on the size and the time of a head.

    ``limit_concurrency`` of uvicorn's configuration is how many connections there may be, None for any number.
    """

    _heads: ClassVar = _Heads()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frame_bytes = 0  # since the last byte of a body: heads, and what stands around chunks
        self._in_head = True
        self._head_timer: asyncio.TimerHandle | None = None
        self._waiting_since = 0
        self._is_cut_off = False
        self._connections_max = self.limit_concurrency
        self.limit_concurrency = None  # by itself uvicorn would refuse the newcomer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._waiting_since = next(_order)
        self._await_head()
        if self._connections_max is not None and len(self.connections) > self._connections_max:
            self._make_room(self._connections_max)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._frame_bytes += len(data)
        if self._in_head:
            self._heads.hold(self, self._frame_bytes)
        if self._frame_bytes > HEADER_BYTES_MAX and not self.transport.is_closing():
            self._answer_and_close(_TOO_LARGE)

    def on_body(self, body: bytes) -> None:
        self._frame_bytes = 0
        super().on_body(body)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._frame_bytes, self._waiting_since = True, 0, next(_order)
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._head_complete()
        path, _, query = self.url.partition(b"?")
        if len(self.url) <= _PATH_BYTES_MAX or len(path) > _PATH_BYTES_MAX:
            super().on_headers_complete()
        else:
            # The parser behind uvicorn counts an address in 16 bits. The request runs after this returns.
            self.url = path
            super().on_headers_complete()
            self.scope["query_string"] = query
        self.headers = _Dropped()

    def on_response_complete(self) -> None:
        self._waiting_since = next(_order)
        super().on_response_complete()

    def keeps_waiting(self) -> bool:
        """Return whether the server waits for the client: for a request, for a stranger's body, or to read."""
        if self.transport.is_closing() or self.cycle is None or self.cycle.response_complete:
            return True
        return self.flow.write_paused or (self.cycle.more_body and ADMITTED not in self.cycle.scope["state"])

    def cut_off(self) -> None:
        """Close the connection at once, without an answer and without waiting for its reader."""
        self._is_cut_off = True
        self.transport.abort()

    def _make_room(self, connections_max: int) -> None:
        """Cut off the connection that has kept the server waiting longest: this one, when all others are at work."""
        held = [each for each in self.connections if isinstance(each, BoundedProtocol) and not each._is_cut_off]
        if len(held) <= connections_max:
            return  # those that were cut off are still on their way out
        longest = min((each for each in held if each.keeps_waiting()), key=lambda each: each._waiting_since)
        if longest is self:
            self._answer_and_close(_TOO_MANY)
        else:
            longest.cut_off()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and close; ``msg`` is uvicorn's own English sentence, which is in the log."""
        body = as_problem(Unreadable(NOT_HTTP)).get_data()
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: {len(body)}\r\n"
        self._answer_and_close(head.encode(), body)

    def _answer_and_close(self, head: bytes, body: bytes = b"") -> None:
        every = b"".join(b"%s: %s\r\n" % header for header in self.server_state.default_headers)
        self.transport.write(head + every + b"connection: close\r\n\r\n" + body)
        self.transport.close()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_S, self._time_out)

    def _head_complete(self) -> None:
        self._in_head = False
        self._heads.release(self)
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _time_out(self) -> None:
        self._head_timer = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._await_head()  # the answer to an earlier request is still going out on this connection
        elif self._in_head:
            self.transport.close()
