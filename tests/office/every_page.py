"""Walks through the office as a browser would by its links: one or two addresses of every page that somebody sees."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from werkzeug.routing import MapAdapter

from tests.office.desk import Reader

TELLING = ("tab", "kind", "by", "do", "act", "period", "against")
"""What of a query makes another page of it; all else picks other rows of the same."""

EACH_MOST = 2
"""How many addresses of one page, and with each value of ``TELLING``, are opened: further rows lead to the same."""


class Seen(NamedTuple):
    """A page that a walk came to. endpoint: of the map of addresses."""

    address: str
    endpoint: str
    text: str


def kinds(adapter: MapAdapter, address: str) -> list[tuple[str, str]]:
    """Return what tells the page at an address from others: its endpoint, alone and with each part of ``TELLING``."""
    split = urlsplit(address)
    endpoint, query = str(adapter.match(split.path, "GET")[0]), parse_qsl(split.query)
    return [(endpoint, "")] + [(endpoint, f"{name}={value}") for name, value in query if name in TELLING]


def walk(app: Flask, client: Any, starts: Iterable[str], most: int = EACH_MOST) -> Iterator[Seen]:
    """Yield the pages that links lead to from ``starts``, each kind of page up to ``most`` times. client: signed in."""
    adapter = app.url_map.bind("localhost")
    waiting, opened, known = deque(starts), Counter[tuple[str, str]](), set(starts)
    while waiting:
        address = waiting.popleft()
        if not adapter.test(urlsplit(address).path, "GET"):
            continue
        told = kinds(adapter, address)
        endpoint = told[0][0]
        if all(opened[each] >= most for each in told):
            continue
        opened.update(told)
        answer = client.get(address, buffered=True)
        if answer.status_code in (302, 303):
            opened.subtract(told)  # no page of its own
            led = urlsplit(answer.headers["Location"])
            links = [led.path + (f"?{led.query}" if led.query else "")]
        elif answer.content_type.startswith("text/html"):
            yield Seen(address, endpoint, answer.text)
            links = [re.sub("#.*", "", link) for link in Reader(answer.text).links if link.startswith("/")]
        else:
            links = []
        for link in links:
            if link not in known:
                known.add(link)
                waiting.append(link)
