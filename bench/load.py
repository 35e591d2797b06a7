"""Sends benchmark submissions from a process of its own, over many connections, each after the answer before it.

Sockets and one epoll loop: the client must cost less than a tenth of what the server does, or it measures itself.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.figures import number, percentile

CONNECTIONS = 16
GRACE_S = 60
TIMEOUT_S = 10
BOUNDARY = "bnd7d1f"
_HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-OpenRosa-Version: 1.0\r\n"
    "Content-Type: multipart/form-data; boundary=" + BOUNDARY + "\r\nContent-Length: {size}\r\n\r\n"
)
_BODY = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="s.xml"\r\n'
    "Content-Type: text/xml\r\n\r\n"
    '<?xml version="1.0"?><data xmlns:orx="http://openrosa.org/xforms" xmlns:jr="http://openrosa.org/javarosa" '
    'id="bench_hazard" version="1"><start>2026-11-23T09:12:33.120+08:00</start><town>t01</town>'
    "<village>130630100201</village><unit>u-%(short)s</unit><category>exit_blocked</category>"
    "<severity>general</severity><description>楼道内堆放纸箱与电动自行车，占用疏散通道，%(short)s</description>"
    '<location>39.36012 114.69431 812.0 4.5</location><meta><entity dataset="bench_hazards" create="1" '
    'id="%(entity)s"><label>hazard %(short)s</label></entity><instanceID>uuid:%(instance)s</instanceID></meta></data>'
    f"\r\n--{BOUNDARY}--\r\n"
)


class Sent(NamedTuple):
    """The result of a load. accepted: (instance, entity) of every 201. seconds: duration of each answer."""

    per_s: float
    seconds: list[float]
    statuses: dict[str, int]
    accepted: list[tuple[str, str]]

    def spread(self) -> str:
        """Return median and p99, for a table."""
        median, late = (number(percentile(self.seconds, percent) * 1000) for percent in (50, 99))
        return f"p50 {median} ms, p99 {late} ms"


def send(port: int, path: str, *, seconds: float, count: int = 0, connections: int = CONNECTIONS) -> Sent:
    """Send submissions from a process of their own, for ``seconds``, or until ``count`` have been sent if given.

    path: where they are posted. connections: how many send at once. Raises RuntimeError when the load failed.
    """
    command = [sys.executable, "-m", "bench.load", str(port), path, str(seconds), str(count), str(connections)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds + count + GRACE_S, check=False)
    if ran.returncode != 0:
        raise RuntimeError(f"the load failed: {ran.stderr.strip().splitlines()[-1:]}")
    result = json.loads(ran.stdout)
    return Sent(result["per_s"], result["seconds"], result["statuses"], [tuple(pair) for pair in result["kept"]])


def uuid4() -> str:
    """Return a random UUID; the standard library's takes three times as long."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def submission(path: str, instance: str, entity: str) -> bytes:
    """Return one request that creates one entity: multipart, about 1.3 KB."""
    body = (_BODY % {"short": instance[:8], "instance": instance, "entity": entity}).encode()
    return _HEAD.format(path=path, size=len(body)).encode() + body


@dataclass
class Phone:
    """One connection and the submission whose answer it waits for."""

    line: socket.socket
    instance: str = ""
    entity: str = ""
    began: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def post(self, path: str) -> None:
        self.instance, self.entity = uuid4(), uuid4()
        request = submission(path, self.instance, self.entity)
        self.began = time.perf_counter()
        self.line.sendall(request)

    def status(self) -> str | None:
        """Read what has arrived; return the status once the answer is complete. Raises ConnectionError."""
        chunk = self.line.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self.received += chunk
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return None
        self.received.clear()
        return head[9:12].decode()


def load(port: int, path: str, seconds: float, count: int, connections: int) -> dict[str, object]:
    """Keep each of ``connections`` busy until the time or the count is over; return the fields of ``Sent``."""
    answer_seconds: list[float] = []
    accepted: list[tuple[str, str]] = []
    statuses: Counter[str] = Counter()
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        busy = sent = 0
        for _ in range(connections):
            phone = Phone(socket.create_connection(("127.0.0.1", port), TIMEOUT_S))
            phone.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(phone.line, selectors.EVENT_READ, phone)
            phone.post(path)
            busy, sent = busy + 1, sent + 1
        while busy:
            ready = selector.select(TIMEOUT_S)
            if not ready:
                raise TimeoutError(f"no answer for {TIMEOUT_S} s")
            for key, _ in ready:
                phone = key.data
                status = phone.status()
                if status is None:
                    continue
                now = time.perf_counter()
                answer_seconds.append(now - phone.began)
                statuses[status] += 1
                if status == "201":
                    accepted.append((phone.instance, phone.entity))
                if sent < count if count else now - began < seconds:
                    phone.post(path)
                    sent += 1
                else:
                    busy -= 1
        per_s = len(answer_seconds) / (time.perf_counter() - began)
    return {"per_s": per_s, "seconds": answer_seconds, "statuses": statuses, "kept": accepted}


def _length(head: bytes | bytearray) -> int:
    for line in bytes(head).lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


if __name__ == "__main__":
    port, path, seconds, count, connections = sys.argv[1:]
    json.dump(load(int(port), path, float(seconds), int(count), int(connections)), sys.stdout)
