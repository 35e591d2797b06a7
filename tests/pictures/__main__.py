"""Takes the pictures of the README and of the guides: ``python -m tests.pictures [PORT] [FOLDER]`` (``make pictures``).

It serves a demonstration in FOLDER, made where there is none, plays what each guide tells in Chromium, and writes
``docs/pictures/*.png``. A page that does not answer 200, or lacks what a step needs, ends it: no picture tells of
something that is not there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError

from playwright.sync_api import Page, sync_playwright

from server.demo.people import PASSWORD
from tests.pictures import chromium
from tests.source_tree import ROOT

FOLDER = ROOT / "docs/pictures"
DESK, PHONE = (1280, 760), (390, 780)
START_S = 600
PUBLIC_URL = "http://fire.example.org:8600"
"""What the cards of the picture name: without it none are made."""

FAULTY = """\
| survey |
| | type | name | label |
| | text | 站长 1 | 站长姓名 |
| | select_one kinds | kind | 种类 |
| | text | note | 说明 ${title} |
| settings |
| | form_title | form_id | version |
| | 微型消防站登记 | micro_station | 2026112902 |
"""


def _nothing(_: Page) -> None:
    """Leave a page as it opens."""


def _first_case(page: Page) -> None:
    page.goto(page.url.partition("/office/")[0] + str(page.locator("tbody td.c-place a").first.get_attribute("href")))


def _before_and_after(page: Page) -> None:
    """Open the first case that has more than one photo: the guide compares them."""
    page.locator("tbody tr", has_text="2张照片").locator("td.c-place a").first.click()
    page.wait_for_selector(".photos")


def _group_text(page: Page) -> None:
    _first_case(page)
    page.locator(".group-text summary").click()
    page.locator(".group-text").scroll_into_view_if_needed()


def _publish_faulty(page: Page) -> None:
    page.set_input_files("#form-file", {"name": "station.md", "mimeType": "text/plain", "buffer": FAULTY.encode()})
    page.locator(".upload button.primary").click()
    page.wait_for_selector(".faults")


def _phone_cards(page: Page) -> None:
    page.locator("fieldset button.primary").click()
    page.wait_for_selector("article.phone-card")
    page.locator("section.sheet").first.scroll_into_view_if_needed()


class Shot(NamedTuple):
    """A picture. name: of its file; who: user name; path: of its page; act: what is done there before it is taken."""

    name: str
    who: str
    path: str
    size: tuple[int, int] = DESK
    act: Callable[[Page], None] = _nothing


SHOTS = (
    Shot("board", "town", "/office/board"),
    Shot("village-1-today", "village", "/office/", PHONE),
    Shot("village-2-intake", "village", "/office/intake", PHONE),
    Shot("village-3-check", "village", "/office/board?tab=feedback", PHONE, _before_and_after),
    Shot("village-4-group", "village", "/office/board?tab=open", PHONE, _group_text),
    Shot("town-1-today", "town", "/office/"),
    Shot("town-2-intake", "town", "/office/intake"),
    Shot("town-3-approvals", "town", "/office/approvals"),
    Shot("town-4-problems", "town", "/office/problems"),
    Shot("brigade-1-figures", "brigade", "/office/figures"),
    Shot("brigade-2-overdue", "brigade", "/office/board?tab=open&overdue=1"),
    Shot("brigade-3-case", "brigade", "/office/board?tab=open&overdue=1", DESK, _first_case),
    Shot("brigade-4-ledgers", "brigade", "/office/ledgers/micro_stations"),
    Shot("admin-1-forms", "admin", "/office/admin/forms"),
    Shot("admin-2-faults", "admin", "/office/admin/forms", DESK, _publish_faulty),
    Shot("admin-3-codes", "admin", "/office/admin/codes"),
    Shot("admin-4-health", "admin", "/office/admin/health"),
    Shot("admin-5-areas", "admin", "/office/admin/areas/130630106201"),
    Shot("admin-6-people", "admin", "/office/admin/people"),
    Shot("admin-7-import", "admin", "/office/admin/people/import"),
    Shot("admin-8-cards", "admin", "/office/admin/cards?area=130630106201", DESK, _phone_cards),
    Shot("admin-9-audit", "admin", "/office/admin/audit"),
)
"""The board is the README's, which shows two of the others too; these are the steps of the guides, in order."""


def main(port: int, data: Path) -> None:
    """Take every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _demonstration(port, data) as address, sync_playwright() as playwright:
        browser = chromium.launched(playwright)
        for who in dict.fromkeys(shot.who for shot in SHOTS):
            page = browser.new_page(locale="zh-CN", reduced_motion="reduce")
            page.goto(address + "/")
            page.fill("#username", who)
            page.fill("#password", PASSWORD)
            page.click("main button.primary")
            page.wait_for_url("**/office/**")
            for shot in (shot for shot in SHOTS if shot.who == who):
                _take(page, address, shot)
            page.close()
        browser.close()


def _take(page: Page, address: str, shot: Shot) -> None:
    page.set_viewport_size({"width": shot.size[0], "height": shot.size[1]})
    answer = page.goto(address + shot.path)
    if answer is None or answer.status != 200:
        raise SystemExit(f"{shot.path}: {answer and answer.status}")
    shot.act(page)
    page.wait_for_load_state("networkidle")
    path = FOLDER / f"{shot.name}.png"
    page.screenshot(path=path)
    print(path.relative_to(ROOT), path.stat().st_size // 1000, "kB")


@contextmanager
def _demonstration(port: int, data: Path) -> Iterator[str]:
    command = ["-c", "from server.cli.main import main; main()", "demo", "--port", str(port), "--data", str(data)]
    server = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "FIREGRID_PUBLIC_URL": PUBLIC_URL},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            raise SystemExit("the demonstration ended by itself")
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=2).close()
        except (URLError, OSError):
            time.sleep(1)
            continue
        return
    raise SystemExit("the demonstration did not begin in time")


if __name__ == "__main__":
    chosen = sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="firegrid-pictures-") + "/demo"
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8769, Path(chosen))
