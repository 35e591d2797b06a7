"""Starts the Chromium that draws, wherever it is installed."""

from __future__ import annotations

import shutil
import sys

from playwright.sync_api import Browser, Playwright


def launched(playwright: Playwright) -> Browser:
    """Return a browser; where there is none on the PATH, end the program and say what to install."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("there is no chromium on the PATH: apt-get install chromium")
    return playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
