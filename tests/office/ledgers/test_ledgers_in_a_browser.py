"""The list of a ledger in Chromium: it fits, is accessible, has its map and the villages without beside it."""

from __future__ import annotations

import pytest

from server.app import close
from tests.api_county import UNIT, add_record, lay_people, uuid_of
from tests.county import open_county
from tests.office.browser import SIZES, browser_window, listening
from tests.office.ledgers.test_lists_of_ledgers import BOATS, FLEET, HULLS, LIST

pytestmark = pytest.mark.browser

LONG = "很长的船名" * 12


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("harbour") / "data", lay_people)
    made.publish(BOATS, hulls_csv=HULLS.encode())
    for name, (hull, berth) in {**FLEET, LONG: ("leaks", "39.15 114.75")}.items():
        fields = {"title": name, "hull": hull, "berth": berth, "label": name}
        add_record(made, name, "worker", {k: v for k, v in fields.items() if v}, type="boats", area=UNIT)
    with listening(made.app) as found:
        yield found
    close(made.app)


@pytest.mark.parametrize(("size", "language"), [("small desk", "en"), ("enlarged", "zh"), ("phone", "en")])
def test_the_pages_fit_and_are_accessible_with_a_long_name(address, size, language):
    with browser_window(address, size) as window:
        window.open("/")
        window.page.click(f"button[value={language}]")
        window.sign_in("officer")
        faults = {}
        for path in (LIST, f"{LIST}/missing", f"{LIST}/{uuid_of(LONG)}"):
            window.open(path)
            window.page.wait_for_load_state("networkidle")
            faults[path] = window.faults()
            assert window.page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0], path

    assert {path: found for path, found in faults.items() if found} == {}
    assert (window.left, window.said) == ([], [])


def test_the_map_shows_what_the_list_holds_and_leads_to_a_record(address):
    with browser_window(address) as window:
        window.sign_in("officer")
        window.open(LIST)
        window.page.wait_for_selector(".gaps .gap-list")
        window.page.click("[data-map]")
        window.page.wait_for_selector(".leaflet-marker-icon")
        marks = window.page.locator(".leaflet-marker-icon").count()
        window.page.select_option("[name='f.hull']", "sound")
        window.page.locator(".leaflet-marker-icon").nth(1).wait_for(state="detached")
        window.page.locator(".leaflet-marker-icon").click()
        window.page.wait_for_url(f"**{LIST}/{uuid_of('一号')}")
        window.page.click("[data-map]")
        window.page.wait_for_selector(".record .leaflet-marker-icon")

    assert marks == 3
    assert (window.left, window.said) == ([], [])


@pytest.mark.parametrize("size", ["small desk", "phone"])
def test_the_map_of_a_record_covers_nothing_of_its_page(address, size):
    with browser_window(address, size) as window:
        window.sign_in("officer")
        window.open(f"{LIST}/{uuid_of('一号')}")
        window.page.click("[data-map]")
        window.page.wait_for_selector(".record .leaflet-marker-icon")
        box = "document.querySelector('#map').getBoundingClientRect()"
        following = "document.querySelector('#map + .card').getBoundingClientRect()"

        assert window.page.evaluate(f"{box}.bottom <= {following}.top && {box}.left >= {following}.left - 1")
        assert window.page.evaluate("getComputedStyle(document.querySelector('#map')).position") != "fixed"
        assert window.page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]


def test_without_script_the_list_is_narrowed_by_its_button_and_leads_to_the_villages_without(address):
    with browser_window(address, script=False) as window:
        window.sign_in("officer")
        window.open(LIST)
        window.page.select_option("[name='f.hull']", "leaks")
        window.page.click(".filters button.apply")
        rows = window.page.locator("tr[data-id]").count()
        window.page.click(".gaps a")
        led = window.page.url

    assert rows == 2
    assert led.endswith(f"{LIST}/missing")
