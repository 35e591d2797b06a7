"""Ledgers, the report and administration in a browser: no serious fault by axe-core, nothing beyond the screen."""

from __future__ import annotations

import pytest

from tests.api_county import UNIT, VILLAGE, uuid_of
from tests.county import add_people
from tests.office.browser import browser_window, listening
from tests.office.ledgers.test_ledgers_of_any_form import OWNERS, reporting

__all__ = ["reporting"]

STATION = f"/office/ledgers/stations/{uuid_of('station one')}"
READ = {
    "admin": (
        "/office/admin/areas",
        f"/office/admin/areas/{VILLAGE}?do=close&from=2027-01-01",
        "/office/admin/people?add=1",
        "/office/admin/people",
        "/office/admin/people/worker",
        "/office/admin/people/import",
        "/office/admin/bodies",
        f"/office/admin/cards?area={VILLAGE}",
        "/office/admin/forms",
        "/office/admin/codes",
        "/office/admin/health",
    ),
    "officer": (
        "/office/ledgers/stations",
        "/office/ledgers/stations/missing",
        "/office/ledgers/shops/new",
        STATION,
        f"{STATION}/edit",
    ),
}


@pytest.mark.browser
@pytest.mark.parametrize("size", ["small desk", "phone"])
def test_pages_are_readable_to_all_with_a_very_long_name_too(county_to_change, size):
    county_to_change.publish(OWNERS)
    county_to_change.do(lambda tx: add_people(tx, [("long", "grid_worker", UNIT)], display="长得没有尽头的名字" * 5))
    found = {}
    with listening(county_to_change.app) as address:
        for name, paths in READ.items():
            with browser_window(address, size) as window:
                window.sign_in(name)
                for path in paths:
                    window.open(path)
                    beyond = window.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
                    if beyond > 0 or window.faults() or window.said or window.left:
                        found[path] = (beyond, window.faults(), window.said, window.left)
    assert found == {}


@pytest.mark.browser
def test_the_report_of_a_hazard_is_readable_on_a_phone(reporting):
    with listening(reporting.app) as address, browser_window(address, "phone") as window:
        window.sign_in("officer")
        window.open("/office/report")

        assert (window.faults(), window.said, window.left) == ([], [], [])
