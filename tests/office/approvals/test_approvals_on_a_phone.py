"""Requests in Chromium on a phone: each a card that fits the window, however late its decision is."""

from __future__ import annotations

import pytest

from tests.office.approvals.test_approvals_page import asked
from tests.office.browser import browser_window, listening
from tests.office.desk import with_passwords

pytestmark = pytest.mark.browser


def test_a_request_whose_decision_is_late_fits_a_phone(land):
    with_passwords(land.valley)
    asked(land, "ask_extension", {"reason": "weather", "until": "2026-12-20"})
    land.clock.pass_by(days=6)
    with listening(land.valley.app) as address, browser_window(address, "phone") as window:
        window.sign_in("town")
        window.open("/office/approvals")
        is_late = "已超期" in window.page.inner_text("td.c-decide")
        beyond = window.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")

        assert is_late and beyond <= 0 and window.faults() == []
