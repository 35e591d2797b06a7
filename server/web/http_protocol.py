"""Bounds what one connection may cost before its request is known: the size of a request's head, and the wait for it.

uvicorn itself collects headers without end, waits for the rest of a head for ever, and reads no address longer than
64 KiB, while a phone with two thousand unsent records asks after all of them in one line. What is no HTTP at all (a
Chinese word typed into an address is enough) is answered in problem+json like every other refusal.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.errors import Unreadable
from server.web.asgi import HEADER_BYTES_MAX
from server.web.problem_details import as_problem

HEAD_S = 120
"""How long a request's head may take to come in whole, and a new connection to begin one, in seconds."""

NOT_HTTP = "请求不合 HTTP 的规定；网址里的汉字和空格要写成百分号编码（如 民 写成 %E6%B0%91），用浏览器打开则不必。"

_PATH_BYTES_MAX = 60_000
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """The protocol of one connection: HTTP by httptools, with limits on the size and the time of a head."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._in_head = True
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEADER_BYTES_MAX and not self.transport.is_closing():
                self._answer_and_close(_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._head_complete()
        path, _, query = self.url.partition(b"?")
        if len(self.url) <= _PATH_BYTES_MAX or len(path) > _PATH_BYTES_MAX:
            super().on_headers_complete()
            return
        # The parser behind uvicorn counts an address in 16 bits. The request runs after this returns.
        self.url = path
        super().on_headers_complete()
        self.scope["query_string"] = query

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
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _time_out(self) -> None:
        self._head_timer = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._await_head()  # the answer to an earlier request is still going out on this connection
        elif self._in_head:
            self.transport.close()
