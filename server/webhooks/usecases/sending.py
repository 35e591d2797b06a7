"""Sends one message over the network: to the one address that was looked at, without following anybody further."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from server.webhooks.domain import addresses
from server.webhooks.domain.addresses import AddressRefused, Network, Url

TIMEOUTS_S = (5, 10)
"""Seconds to connect, and between two parts of an answer."""

Resolve = Callable[[str, int], list[str]]


class _Pinned(HTTPAdapter):
    """Connects to an address that is given as such, and takes the certificate of a name for it."""

    def __init__(self, host: str) -> None:
        self._host = host
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, server_hostname=self._host)


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses that a name stands for now. Raises AddressRefused for a name that stands for none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"{host} 没有网络地址；请核对接收地址，或稍后再试。") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def post(
    url: Url, headers: Mapping[str, str], content: bytes, networks: Collection[Network], resolve: Resolve = resolved
) -> int:
    """Send a message and return the status of the answer, whose body is not read; redirects are not followed.

    networks: that are allowed though they are no public ones. resolve: what a name stands for. The name is looked up
    once, and the address that was judged is the one that is connected to: a second look-up could find another. Raises
    AddressRefused, and requests.RequestException where no answer came.
    """
    address = addresses.permitted(url, resolve(url.host, url.port), networks)
    shown = f"[{address}]" if ":" in address else address
    with requests.Session() as session:
        session.trust_env = False  # no proxy, no password of this account
        if url.scheme == "https":
            session.mount("https://", _Pinned(url.host))
        answer = session.post(
            f"{url.scheme}://{shown}:{url.port}{url.target}",
            data=content,
            headers={"Host": url.host_header, "Content-Type": "application/json", "User-Agent": "Firegrid", **headers},
            timeout=TIMEOUTS_S,
            allow_redirects=False,
            stream=True,
        )
        with answer:
            return answer.status_code
