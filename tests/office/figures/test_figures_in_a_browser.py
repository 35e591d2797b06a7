"""The figures in Chromium: charts under the pages' policy, rows that open, by keyboard, without script, on paper."""

from __future__ import annotations

import gzip
import re

import pytest

from server.app import close
from server.office import assets
from server.office.figures import sheet
from tests.api_county import TOWN, lay_people
from tests.county import open_county
from tests.office.browser import SIZES, browser_window, listening
from tests.summaries import test_closure_golden as golden
from tests.summaries.case_histories import a_case, step
from tests.summaries.lived_cases import live

pytestmark = pytest.mark.browser

MID_APRIL = "from=2026-04-01&to=2026-04-30&as_of=2026-04-20"
PAGE = f"/office/figures?{MID_APRIL}"
PATHS = (PAGE, f"/office/figures/cases?{MID_APRIL}&figure=cases", "/office/figures/words")
SHEET = f"/office/figures/print?{MID_APRIL}"
PAGE_BYTES_MAX = 320_000
"""Script and style of the page of figures, compressed."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("figures") / "data", lay_people)
    live(made.store, [*golden.TOWN, a_case("N1", step("spot_close", "04-03"), path="130630/100/202/001")])
    with listening(made.app) as found:
        yield found
    close(made.app)


@pytest.mark.parametrize(("size", "language"), [("desk", "zh"), ("phone", "en")])
def test_the_pages_fit_are_accessible_and_draw_their_charts_under_the_policy(address, size, language):
    with browser_window(address, size) as window:
        window.open("/")
        window.page.click(f"button[value={language}]")
        window.sign_in("brigade")
        faults = {}
        for path in (*PATHS, SHEET):
            window.open(path)
            window.page.wait_for_load_state("networkidle")
            faults[path] = window.faults()
            if path == PAGE:
                window.page.wait_for_selector(".chart canvas >> nth=1")
                assert window.page.locator(".chart canvas").count() == 2
                assert window.page.locator("#b-cases a").count() == 1
            assert window.page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0], path

    assert {path: found for path, found in faults.items() if found} == {}
    assert (window.left, window.said) == ([], [])


def test_on_a_phone_the_button_that_files_a_month_stands_beside_its_name(address):
    with browser_window(address, "phone") as window:
        window.sign_in("brigade")
        window.open("/office/figures/monthly")
        name, button = (
            window.page.locator(f".months tbody {part}").first.bounding_box()
            for part in ("tr td:first-child a", "button")
        )
        assert window.page.locator(".months td.dim:visible").count() == 0

    assert name is not None and button is not None
    assert button["y"] < name["y"] + name["height"] / 2 < button["y"] + button["height"]


def test_what_draws_the_charts_is_fetched_when_the_page_has_been_painted(address):
    with browser_window(address) as window:
        window.sign_in("brigade")
        window.open(PAGE)
        window.page.wait_for_selector(".chart canvas >> nth=1")
        painted, asked = window.page.evaluate(
            """() => [performance.getEntriesByName("first-contentful-paint")[0].startTime,
              performance.getEntriesByType("resource").find(each => each.name.includes("/charts-")).startTime]"""
        )

    assert painted < asked


def test_by_keyboard_an_area_opens_into_those_below_and_closes_again(address):
    with browser_window(address) as window:
        window.sign_in("brigade")
        window.open(PAGE)
        name = window.page.locator(f"tr[data-key='{TOWN}'] a.opens")
        name.focus()
        window.page.keyboard.press("Enter")
        window.page.wait_for_selector(f"tr[data-under='{TOWN}']")
        opened = name.get_attribute("aria-expanded")
        window.page.keyboard.press("Enter")
        window.page.wait_for_selector(f"tr[data-under='{TOWN}']", state="detached")

    assert opened == "true"


def test_without_script_a_name_leads_to_its_area_and_what_stands_beside_is_a_link(address):
    with browser_window(address, script=False) as window:
        window.sign_in("brigade")
        window.open(f"{PAGE}&against=before")
        window.page.click("noscript a, .with a")
        beside = window.page.locator("#b-cases a").count()
        window.page.click(f"tr[data-key='{TOWN}'] a.opens")
        led = window.page.url

    assert beside == 1
    assert f"area={TOWN}" in led


def test_the_sheet_is_one_page_of_a4_lying(address):
    with browser_window(address) as window:
        window.sign_in("brigade")
        window.open(SHEET)
        printed = window.page.pdf(prefer_css_page_size=True)

    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    width, height = map(float, re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed).groups())
    assert (round(width), round(height)) == (842, 595)


def test_a_sheet_of_several_pages_says_on_each_which_it_is_and_repeats_its_head(address, monkeypatch):
    monkeypatch.setattr(sheet, "ROWS_MOST", 2)
    monkeypatch.setattr(sheet, "ROWS_OF_LAST", 1)
    with browser_window(address) as window:
        window.sign_in("brigade")
        window.open(f"{SHEET}&by=unit")
        shown = window.page.locator("section.page")
        told = [(page.locator("thead").count(), page.locator(".small").inner_text()) for page in shown.all()]
        printed = window.page.pdf(prefer_css_page_size=True)

    assert len(told) == len(re.findall(rb"/Type\s*/Page\b", printed)) > 1
    assert [heads for heads, _ in told] == [1] * len(told)
    assert all(f"第{n}页，共{len(told)}页" in text for n, (_, text) in enumerate(told, start=1))


def test_script_and_style_of_the_page_keep_within_its_budget(address):
    sources = ("office.css", "office.js", "drafts.js", "figures.css", "figures.js", "charts.js")
    names = [assets.built().names[name] for name in sources]
    contents = [assets.built().contents[name.removeprefix("assets/")] for name in names]

    assert sum(len(gzip.compress(content)) for content in contents) <= PAGE_BYTES_MAX
