"""Measures how soon a browser paints each page of the office on a processor slowed four times.

The first contentful paint as Chromium itself tells it, beside that of an empty page in the same window. It is time on
the wall: a busy machine makes all of it longer, which the empty page shows.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench import board
from bench.cases import generator
from bench.environment import Environment, serving
from bench.figures import Figure, Target, number, percentile

if TYPE_CHECKING:
    from playwright.sync_api import Page

TITLE = "first paint of the office's pages in Chromium, slowed four times (needs chromium and Playwright)"
SLOWED, TARGET_MS, ROUNDS, CASES = 4, 1_000, 5, 5_000
FINISHED_MS = 1_500
"""How long a page is left to draw what comes after its first paint: the next one would have to wait for it."""

READER = "town"
"""Whose rail leads to all of the pages."""

PAGES = {
    "today": "/office/",
    "board": "/office/board",
    "intake": "/office/intake",
    "approvals": "/office/approvals",
    "problems": "/office/problems",
    "figures": "/office/figures",
    "a ledger": "/office/ledgers/micro_stations",
    "people": "/office/admin/people",
}
_PAINTED = """() => new Promise(tell => {
  const found = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  const begun = () => performance.getEntriesByType("navigation")[0].responseStart;
  const ask = () => found() === undefined ? setTimeout(ask, 10) : tell([found(), begun()]);
  ask();
})"""


def measure(environment: Environment) -> Iterator[Figure]:
    filled = environment.copy_of_county("paint")
    generator.fill(filled.folder, CASES)
    password = board.add_readers(filled.folder)
    with serving(filled.folder) as server, _window() as page:
        address = f"http://127.0.0.1:{server.port}"
        empty = _empty(page, address)
        yield Figure("an empty page", empty, "ms", reference=_machine())
        yield _figure(page, "sign-in", f"{address}/", empty)
        page.goto(f"{address}/")
        page.fill("#username", READER)
        page.fill("#password", password)
        page.click("main button.primary")
        page.wait_for_url("**/office/**")
        for name, path in {**PAGES, **_case(page, address)}.items():
            yield _figure(page, name, f"{address}{path}", empty)


@contextmanager
def _window() -> Iterator[Page]:
    """Lend a window of Chromium, slowed. Raises RuntimeError where there is no Chromium."""
    from playwright.sync_api import sync_playwright  # other sections are measured without it

    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("there is no chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        yield page
        browser.close()


def _empty(page: Page, address: str) -> float:
    """Return what the machine takes to paint a page of one word that no server makes."""
    page.route(
        "**/empty", lambda route: route.fulfill(body="<!doctype html><title>1</title><p>1", content_type="text/html")
    )
    return percentile([painted for painted, _ in _paints(page, f"{address}/empty")], 50)


def _case(page: Page, address: str) -> dict[str, str]:
    """Return the address of the case that is due first. Raises RuntimeError where the board shows none."""
    page.goto(f"{address}/office/board")
    found = re.search(r"/office/cases/[0-9a-f-]{36}", page.content())
    if found is None:
        raise RuntimeError("the board shows no case")
    return {"case": found[0]}


def _figure(page: Page, name: str, address: str, empty: float) -> Figure:
    """Return the middle one of some rounds; with it how long the browser waited for the answer to begin."""
    rounds = sorted(_paints(page, address))
    painted, waited = rounds[len(rounds) // 2]
    spread = f"{number(rounds[0][0])} to {number(rounds[-1][0])}"
    reference = f"{number(waited)} ms for the server, an empty page {number(empty)} ms"
    return Figure(name, painted, "ms", Target(TARGET_MS), spread, reference)


def _paints(page: Page, address: str) -> list[tuple[float, float]]:
    """Return when a page was painted first and when its answer began, each time it was opened, in ms.

    Raises RuntimeError for a page that is not shown.
    """
    found = []
    for _ in range(ROUNDS):
        answer = page.goto(address)
        if answer is None or answer.status != 200:
            raise RuntimeError(f"{address} answered {None if answer is None else answer.status}")
        painted, begun = page.evaluate(_PAINTED)
        found.append((float(painted), float(begun)))
        page.wait_for_timeout(FINISHED_MS)
    return found


def _machine() -> str:
    """Return how busy the machine is, since that is in every time."""
    return f"load {number(os.getloadavg()[0])} on {os.cpu_count()} processors"
