"""Walks through the office as a browser would by its links: one or two addresses of every page that somebody sees."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from flask import Flask

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


def walk(app: Flask, client: Any, starts: Iterable[str]) -> Iterator[Seen]:
    """Yield the pages that links lead to from ``starts``, each kind of page once or twice. client: signed in."""
    adapter = app.url_map.bind("localhost")
    waiting, opened, known = deque(starts), Counter[tuple[str, str]](), set(starts)
    while waiting:
        address = waiting.popleft()
        split = urlsplit(address)
        if not adapter.test(split.path, "GET"):
            continue
        endpoint = str(adapter.match(split.path, "GET")[0])
        query = parse_qsl(split.query)
        told = [(endpoint, "")] + [(endpoint, f"{name}={value}") for name, value in query if name in TELLING]
        if all(opened[each] >= EACH_MOST for each in told):
            continue
        opened.update(told)
        answer = client.get(address, buffered=True)
        if answer.status_code in (302, 303):
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
