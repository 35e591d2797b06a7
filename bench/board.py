"""Measures the pages that people open first, with a hundred thousand cases, as three roles see them.

In processor time of this process, so that a busy machine matters less: what a server adds is the same for every page.
``bench.million`` measures the same pages, and more, with a million.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

from bench import labels
from bench.cases import generator
from bench.county import COUNTY, UNIT
from bench.environment import Environment
from bench.figures import Figure, Target, number
from server.app import close, create_app
from server.db import database
from server.db.transactions import Transaction
from server.people.domain.actors import Role
from server.people.domain.passwords import PasswordState
from server.people.usecases import passwords, sign_in
from server.settings import Settings
from server.staffing.usecases import enrolment

TITLE = "board, today and figures with 100,000 cases, for three roles"
CASES, PAGE_MS, PANEL_MS, FIGURES_MS = 100_000, 100, 50, 150
ROUNDS = 5
TOWN, VILLAGE = UNIT[:9], UNIT[:12]
NUMBER = "a number"
READERS = {
    "village": (Role.VILLAGE_OFFICER, VILLAGE),
    "town": (Role.TOWN_STATION, TOWN),
    "brigade": (Role.BRIGADE, COUNTY),
}
PAGES = {
    "today": "/office/",
    "by due": "/office/board",
    "mine": "/office/board?tab=mine",
    **{f"tab {tab}": f"/office/board?tab={tab}" for tab in ("reported", "handling", "feedback", "held", "ended")},
    "newest first": "/office/board?sort=-created",
    "overdue": "/office/board?overdue=1",
    "due soon": "/office/board?soon=1",
    "two values": "/office/board?conflict=1",
    "with a request": "/office/board?requests=1",
    "of a town": f"/office/board?area={TOWN}",
    "of a village": f"/office/board?area={VILLAGE}",
    "of a town, ended": f"/office/board?area={TOWN}&tab=ended",
    "of a village, ended": f"/office/board?area={VILLAGE}&tab=ended",
    "of a category": "/office/board?category=fire_use",
    "of a category, ended": "/office/board?category=fire_use&tab=ended",
    "of the commonest item": "/office/board?item=illegal_structure",
    "of an item, ended": "/office/board?item=no_rcd&tab=ended",
    "of a source": "/office/board?source=patrol",
    "of a handler": "/office/board?handler=user:gw0007",
    "severe": "/office/board?severity=suspected_major",
    "severe and ended": "/office/board?tab=ended&severity=suspected_major",
    "reworked": "/office/board?flag=reworked",
    "with a position": "/office/board?placed=1",
    "with a position, ended": "/office/board?tab=ended&placed=1",
    "without a position": "/office/board?unplaced=1",
    "without a position, ended": "/office/board?tab=ended&unplaced=1",
    "search, common": "/office/board?q=演示",
    "search, common, mine": "/office/board?tab=mine&q=演示",
    "search, common, ended": "/office/board?tab=ended&q=演示",
    "search, rare": "/office/board?q=演示场所0007",
    "search, absent": "/office/board?q=没有这样的事",
    "search, ended": "/office/board?tab=ended&q=演示场所0007",
    "search, a number": f"/office/board?tab=ended&q={NUMBER}",
    "points of the map": "/office/board/points?tab=open",
    "points of the map, ended": "/office/board/points?tab=ended",
    "points of the map, search": "/office/board/points?tab=open&q=演示",
    "counts of the tabs": "/office/board/tabs?tab=open",
    "counts of a search": "/office/board/tabs?tab=open&q=演示",
    "choice of handlers": "/office/board/handlers",
    "intake": "/office/intake",
    "approvals": "/office/approvals",
}
"""What is measured; ``NUMBER`` stands for the number of a case that is there."""


def measure(environment: Environment) -> Iterator[Figure]:
    folder = environment.copy_of_county("board").folder
    began = time.process_time()
    generator.fill(folder, CASES)
    yield Figure(f"{CASES:,} cases made", time.process_time() - began, "s", reference="of processor")
    for _ in labels.indexed(folder):
        continue
    password, case_no = add_readers(folder), case_number(folder)
    app = create_app(Settings(folder))
    try:
        for name in READERS:
            client = app.test_client()
            sign_in_on_page(client, name, password)
            yield from pages(client, name, case_no, PAGE_MS)
    finally:
        close(app)


def pages(client: Any, name: str, case_no: str, limit_ms: float, rounds: int = ROUNDS) -> Iterator[Figure]:
    """Measure ``PAGES`` and what they lead to, as who is signed in sees them. name: of the reader, for the table."""
    for shown, path in {**PAGES, **_following(client)}.items():
        bound = PANEL_MS if shown == "case beside the list" else limit_ms
        yield page(client, f"{name}: {shown}", path.replace(NUMBER, case_no), bound, rounds)
    yield page(client, f"{name}: figures", "/office/figures", FIGURES_MS, rounds)


def case_number(folder: Path) -> str:
    """Return the number of a case that is neither the first nor the last."""
    store = database.open_inline(folder)
    with store.reading() as reading:
        found = reading.sql.value("SELECT case_no FROM record WHERE case_no IS NOT NULL ORDER BY id LIMIT 1")
    store.close()
    return str(found)


def add_readers(folder: Path, ending: str = "") -> str:
    """Add somebody in each role of ``READERS``, and return the password of them all. ending: of their names."""
    password = passwords.make_password()
    password_hash = sign_in.hash_password(password)

    def add(tx: Transaction) -> None:
        for name, (role, area) in READERS.items():
            enrolment.add_user(tx, f"{name}{ending}", role=role, area=area, by="bench", password_hash=password_hash,
                               password_state=PasswordState.OWN)  # fmt: skip

    store = database.open_inline(folder)
    store.write(add)
    store.close()
    return password


def sign_in_on_page(client: Any, name: str, password: str) -> None:
    """Sign in on the page. Raises RuntimeError where it does not let one in."""
    door = client.get("/").text
    named = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', door)
    sent = {**{key: unescape(value) for key, value in named}, "username": name, "password": password}
    answer = client.post("/office/sign-in", data=sent)
    if answer.status_code != 303:
        raise RuntimeError(f"{name} could not sign in: {answer.status_code}")


def _following(client: Any) -> dict[str, str]:
    """Return the second page of the list by limits, and the case of its first row beside it."""
    page = client.get("/office/board").text
    case = re.search(r"/office/cases/([0-9a-f-]{36})", page)
    further = re.search(r'href="([^"]*cursor=[^"]*)"', page)
    found = {} if further is None else {"by due, further on": unescape(further[1])}
    return found if case is None else {**found, "case beside the list": f"/office/cases/{case[1]}"}


def page(
    client: Any, name: str, path: str, limit: float | None, rounds: int = ROUNDS, headers: Mapping[str, str] = {}
) -> Figure:
    """Return what a page costs, the middle one of some rounds. Raises RuntimeError for one that is not shown.

    limit: in ms, None without one. headers: of the request.
    """
    took, size = [], 0
    for _ in range(rounds):
        began = time.process_time()
        answer = client.get(path, headers=headers, buffered=True)
        took.append((time.process_time() - began) * 1000)
        size = len(answer.data)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
    took.sort()
    spread = f"at most {number(took[-1])}"
    return Figure(
        name,
        took[len(took) // 2],
        "ms",
        None if limit is None else Target(limit),
        spread,
        f"{size / 1e3:.0f} kB of page",
    )
