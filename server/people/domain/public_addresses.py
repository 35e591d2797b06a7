"""The public address of the server: which one new cards are given, which others are answered, and by which one came.

A server moves from one address to another, such as from http://192.168.1.20:8600 in the local network to
https://fire.example.org. A phone knows the one it was set up with, until its new card is scanned. So both are answered
in between; and a phone is given addresses like the one by which it came, since it may reach no other: where the two
differ in scheme, it would leave its credentials behind.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from server.instants import Instant

ORIGIN_CHARS_MAX = 300
_PORTS = {"http": 80, "https": 443}


class Step(StrEnum):
    """What was done about the public address; the words are those that are stored.

    BEGIN: a new one is given out, the old one answered beside it. FINISH: the old one is given up. UNDO: the old one is
    given out again, and the new one answered beside it. COPY: a copy of the folder goes its own way and has none yet.
    """

    BEGIN = "begin"
    FINISH = "finish"
    UNDO = "undo"
    COPY = "copy"


class KeptAddress(NamedTuple):
    """What the data folder says: the newest step. url: of new cards; old_url: answered beside it, empty for none.

    at, by: when it was taken, and by whom.
    """

    step: Step
    url: str
    old_url: str
    at: Instant
    by: str


class Addresses(NamedTuple):
    """The public addresses of a running server.

    url: of new cards, None where it is taken from each request. others: answered beside it. since: when ``url`` was
    kept in the data folder, None where the environment says it.
    """

    url: str | None = None
    others: tuple[str, ...] = ()
    since: Instant | None = None

    def are_known(self) -> bool:
        """Say whether there are any; else the address is taken from each request."""
        return self.url is not None or bool(self.others)

    def hosts(self) -> frozenset[str]:
        """Return the names of the hosts of all of them."""
        return frozenset(urlsplit(each).hostname or "" for each in self._all()) - {""}

    def are_https_alone(self) -> bool:
        """Say whether browsers may be told to keep to https: where none of these is http on the host of ``url``."""
        public = urlsplit(self.url or "")
        plain = (urlsplit(each).hostname for each in self.others if each.startswith("http:"))
        return public.scheme == "https" and public.hostname not in plain

    def netlocs(self) -> frozenset[str]:
        """Return host and port of all of them, as they stand in them."""
        return frozenset(urlsplit(each).netloc.lower() for each in self._all())

    def of_request(self, scheme: str, host: str) -> str | None:
        """Return which of these a request came by, None for another.

        scheme, host: of the request, the host with its port. A proxy that is not trusted hides https from us: then the
        host alone decides.
        """
        tests = (_is_origin, _is_netloc)
        return next((each for is_like in tests for each in self._all() if is_like(each, scheme, host)), None)

    def _all(self) -> tuple[str, ...]:
        return self.others if self.url is None else (self.url, *self.others)


def effective(kept: KeptAddress | None, stated: str | None) -> Addresses:
    """Return the addresses that hold. kept: in the data folder; stated: by the environment, None for none.

    What the folder keeps wins: it was said later, beside a server that runs with the environment of before.
    """
    if kept is None or not kept.url:
        return Addresses(stated)
    others = dict.fromkeys(each for each in (kept.old_url, stated) if each and each != kept.url)
    return Addresses(kept.url, tuple(others), kept.at)


def disagreement(kept: KeptAddress | None, stated: str | None, cure: str) -> str | None:
    """Return the words for an environment that says another address than the data folder keeps, None where it does not.

    cure: the command that moves to the address of the environment.
    """
    if kept is None or not kept.url or stated in (None, kept.url):
        return None
    return (
        f"FIREGRID_PUBLIC_URL 写的是 {stated} ，但数据目录里记着已改用 {kept.url} ："
        f"卡片和网址按 {kept.url} 给出，{stated} 仍应答。"
        f"请把 FIREGRID_PUBLIC_URL 改成 {kept.url} ；确要改用 {stated} 的，请运行 {cure} 。"
    )


@lru_cache(maxsize=1_000)
def origin(scheme: str, host: str) -> str:
    """Return scheme and host of a request as one address, in lower case and without the usual port."""
    stated = f"{scheme}://{host}".lower()
    try:
        parts = urlsplit(stated)
        is_usual = parts.port == _PORTS.get(parts.scheme)
    except ValueError:  # a port that is none
        return stated[:ORIGIN_CHARS_MAX]
    return (stated.rpartition(":")[0] if is_usual else stated)[:ORIGIN_CHARS_MAX]


def _is_origin(url: str, scheme: str, host: str) -> bool:
    parts = urlsplit(url)
    return origin(parts.scheme, parts.netloc) == origin(scheme, host)


def _is_netloc(url: str, _scheme: str, host: str) -> bool:
    return urlsplit(url).netloc.lower() == host.lower()
