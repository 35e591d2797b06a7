"""A real browser: Debian's Chromium, which goes nowhere but to the server of the test."""

from __future__ import annotations

import atexit
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.api_county import PASSWORD
from tests.source_tree import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = ROOT / "build/web/node_modules/axe-core/axe.min.js"
SIZES = {"desk": (1440, 900), "small desk": (1366, 768), "enlarged": (960, 600), "phone": (390, 844)}


@dataclass
class Window:
    """A window of the browser. said: what its console complained of; left: requests to other hosts."""

    page: Page
    address: str
    said: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        self.open("/")
        self.page.fill("#username", name)
        self.page.fill("#password", password)
        self.page.click("main button.primary")
        self.page.wait_for_url("**/office/**")

    def faults(self) -> list[tuple[str, str, list[str]]]:
        """Return the serious faults that axe-core finds: rule, what it says, and where."""
        # Not as an element of the page: its policy would forbid it, as it should.
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate("axe.run()")
        return [
            (each["id"], each["help"], [node["html"][:120] for node in each["nodes"]][:3])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """Serve an application in a thread of this process, and yield its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def browser_window(address: str, size: str = "desk", *, script: bool = True) -> Iterator[Window]:
    """Lend a window on the server at ``address``, which knows nothing of windows before it.

    Skips the test aloud without a browser; in CI it fails.
    """
    chromium = shutil.which("chromium")
    if chromium is None or not AXE.exists():
        lacking = "chromium (apt-get install chromium)" if chromium is None else f"{AXE} (make builds it)"
        if os.environ.get("CI"):
            pytest.fail(f"there is no {lacking}")
        pytest.skip(f"NOT TRIED: there is no {lacking}")

    width, height = SIZES[size]
    page = _running(chromium).new_page(
        viewport={"width": width, "height": height}, java_script_enabled=script, bypass_csp=False, locale="zh-CN"
    )
    window = Window(page, address)
    page.on("console", lambda message: message.type == "error" and window.said.append(message.text))
    page.on("pageerror", lambda error: window.said.append(str(error)))
    page.on("request", lambda request: request.url.startswith(address) or window.left.append(request.url))
    try:
        yield window
    finally:
        page.context.close()


@cache
def _running(chromium: str) -> Browser:
    """Start the browser of all windows of this process, which ends with it: to start one takes a second."""
    from playwright.sync_api import sync_playwright

    playwright = sync_playwright().start()
    browser = playwright.chromium.launch(
        executable_path=chromium,
        args=["--no-sandbox", "--disable-dev-shm-usage"],
        env={**os.environ, "LANGUAGE": "en"},  # in which order a date is typed
    )
    atexit.register(playwright.stop)
    atexit.register(browser.close)
    return browser
