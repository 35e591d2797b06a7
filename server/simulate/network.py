"""The network between devices and server: it loses, repeats, holds back and delays, as the plan says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from server.simulate import faults
from server.simulate.clock import ServerClock
from server.simulate.server import Answer, Server, shown_path
from server.simulate.store.disk import Killed

ADDRESS = "http://localhost"
"""The address of the server, as devices know it."""

HELD_MAX = 40
"""So many requests are held back at once; then the oldest arrives."""

KEPT_MAX = 400
"""So many requests that arrived are remembered for being repeated at the end."""


class Lost(Exception):
    """No answer comes."""


class ClientKilled(BaseException):
    """The device is switched off here. A BaseException, since nothing of its program may go on after it."""


class Request(NamedTuple):
    """A request as a device sent it."""

    who: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Network:
    """Carries requests to the server.

    tell: called with a line for each request. kept: writes that arrived, in order, for being repeated.
    """

    def __init__(self, server: Server, clock: ServerClock, tell: Callable[[str], None]) -> None:
        self._server = server
        self._clock = clock
        self._tell = tell
        self._faults: deque[str] = deque()
        self._held: deque[Request] = deque()
        self.kept: deque[Request] = deque(maxlen=KEPT_MAX)

    def exchange(self, what_befalls: Iterable[str]) -> None:
        """Begin an exchange. what_befalls: a fault for each of its requests in turn, by name; nothing befalls more."""
        self._faults = deque(what_befalls)

    def send(self, request: Request) -> Answer:
        """Send a request and return its answer. Raises Lost, and ClientKilled."""
        self._clock.sleep(0.05)
        fault = self._faults.popleft() if self._faults else faults.OK
        try:
            return self._with_fault(fault, request)
        except Lost:
            self._tell(f"  {request.who} {request.method} {shown_path(request.path)} {fault}")
            raise

    def deliver_held(self, most: int | None = None) -> None:
        """Let requests that were held back arrive, oldest first. most: so many at most, None for all."""
        number = len(self._held) if most is None else min(most, len(self._held))
        for _ in range(number):
            request = self._held.popleft()
            self._tell(f"  late: {request.who} {request.method} {shown_path(request.path)}")
            self._arrive(request)

    def repeat(self, request: Request) -> Answer:
        """Let a request arrive once more, as a copy that a network kept does."""
        return self._arrive(request)

    def _with_fault(self, fault: str, request: Request) -> Answer:
        if fault == "drop_request":
            raise Lost
        if fault == "reorder":
            self._hold(request)
            raise Lost
        if fault == "duplicate":
            self._arrive(request)
        if fault == "kill_before_commit":
            self._server.disk.kill = "before"
        if fault == "kill_after_commit":
            self._server.disk.kill = "after"
        self._server.disk.is_full = fault == "disk_full"
        try:
            answer = self._arrive(request)
        except Killed:
            raise Lost from None
        finally:
            self._server.disk.is_full, self._server.disk.kill = False, ""
        if fault == "power_loss":
            self._server.lose_power()
        if fault == "drop_answer":
            raise Lost
        if fault == "kill_client":
            raise ClientKilled
        return answer

    def _hold(self, request: Request) -> None:
        if len(self._held) >= HELD_MAX:
            self.deliver_held(1)
        self._held.append(request)

    def _arrive(self, request: Request) -> Answer:
        answer = self._server.answer(request.method, request.path, request.headers, request.body)
        if request.method == "POST" and answer.status < 300 and not request.path.endswith("/pull"):
            self.kept.append(request)
        self._tell(f"  {request.who} {request.method} {shown_path(request.path)} {answer.status}")
        return answer


class Adapter(BaseAdapter):
    """Carries the requests of a field client over a ``Network``. who: the name of its device."""

    def __init__(self, network: Network, who: str) -> None:
        super().__init__()
        self._network = network
        self._who = who

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        content = request.body or b""
        body = content.encode() if isinstance(content, str) else bytes(content)
        path = urlsplit(request.url or "").path
        sent = Request(self._who, request.method or "GET", path, dict(request.headers), body)
        try:
            answer = self._network.send(sent)
        except Lost:
            raise requests.ConnectionError("no answer") from None
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update(answer.headers)
        response.raw = BytesIO(answer.body)
        response.request, response.url = request, str(request.url)
        return response

    def close(self) -> None:
        """Close nothing: there is no network."""
