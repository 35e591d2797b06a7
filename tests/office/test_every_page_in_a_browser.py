"""Every page of the map of addresses is walked to, and axe-core finds no serious fault on any kind of page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from server.app import close
from tests.api_county import MONTH, TOWN, VILLAGE, add_record, fill, lay, uuid_of
from tests.county import open_county
from tests.office import every_page
from tests.office.admin.test_codes_and_health import FORM, TOOLS
from tests.office.admin.test_people_pages import GRID_HEAD, HEAD, upload
from tests.office.browser import browser_window, listening
from tests.office.desk import Desk

pytestmark = pytest.mark.browser

CASE, STATION = uuid_of("case one"), uuid_of("station one")
COMMON = ("/", "/office/", "/office/board", "/office/report", "/office/password", "/office/figures/words")
STARTS = {
    "admin": ("/office/admin/areas", f"/office/admin/areas/{VILLAGE}/merge", f"/office/ledgers/stations/{STATION}",
              "/office/ledgers/stations/unvisited"),
    "town": ("/office/intake", "/office/approvals", f"/office/board/bulk?pick={CASE}&act=supervise",
             f"/office/cases/{CASE}/submissions/1", f"/office/ledgers/stations/{STATION}/submissions/1",
             "/office/figures/print?from=2026-11-01&to=2026-11-30"),
    "brigade": ("/office/board",),
    "worker": ("/office/report",),
}  # fmt: skip
"""Where the walk of each reader begins: the first pages, and those that a link leads to only when there is a reason."""

IMPORTED = {
    "areas/import": f"{GRID_HEAD}130630100203,新村,,,,,\n",
    "people/import": f"{HEAD}张三,网格员,,,,,\n",
    "carried": "隐患,场所,村\n其他隐患,演示商店,荆山口村\n,没有隐患,荆山口村\n",
    "premises": "场所名称,场所类型,村\n演示商店,商店,荆山口村\n没有类型,,荆山口村\n",
}
"""Tables whose import is looked at, by the page that takes them, with rows that are right and rows that are not."""

IMPORTED_BY = {"carried": "town"}
"""Who imports a table that the administrator does not."""

READERS = ("admin", "town", "brigade", "worker")
LOOKED_AT = ("do", "act", "add")
"""What of a query gives a page another form; with each value axe-core looks at it once, for each reader.

Kinds, periods and tabs change only what rows a page has. The pages of cases are looked at in each size and language in
test_in_a_browser.py.
"""

ON_PAPER = {"office-figures-print.sheet", "office-case-paper.show_paper"}
"""Pages that are laid out for paper, whose columns the paper gives."""

SQUEEZED = """() => {
  const found = [], width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) found.push(`${document.documentElement.scrollWidth} wide`);
  for (const cell of document.querySelectorAll("th, td")) {
    const style = getComputedStyle(cell), text = cell.textContent.trim(), em = parseFloat(style.fontSize);
    const room = cell.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const isShown = cell.checkVisibility() && !cell.querySelector(".unseen") && cell.clientWidth > 2;
    if (isShown && text.length > 4 && room < 4 * em - 1)
      found.push(`${Math.round(room)} pixels for: ${text.slice(0, 40)}`);
  }
  return found;
}"""
"""Says where a page is wider than its window, and which columns have no room for four characters."""

NO_PAGES = {
    "office-board-map.borders_of_caller", "office-board-map.points", "office-ledger-map.point",
    "office-ledger-map.points", "office-case.photo", "office-case.photos_zip", "office-case-submission.submission_xml",
    "office-ledger-record.file", "office-ledger-record.submission_xml", "office-problems.original",
    "office-admin-areas.export", "office-admin-area-import.template", "office-admin-area-import.marked",
    "office-admin-audit.file",
    "office-admin-roster.template", "office-admin-roster.marked", "office-admin-people.export_vacancies",
    "office-admin-carried.template", "office-admin-carried.marked",
    "office-admin-premises.template", "office-admin-premises.marked",
    "office-admin-forms.workbook", "office-admin-forms.xform", "office-admin-forms.marked", "office-admin-codes.file",
    "office-admin-holidays.file", "office-approvals.ledger", "office-board.export", "office-ledger.export",
    "office-ledger-coverage.missing_csv", "office-ledger-unvisited.unvisited_csv", "office-figures-cases.cases_as_file",
    "office-figures-cases.table_as_file", "office-figures-lists.as_file", "office-figures-monthly.as_file",
    "office-figures-review.review_csv", "office-assets.asset",
}  # fmt: skip
"""Addresses that answer a file, a photo or points of a map."""

PIECES_OF_PAGES = {
    "office-board.tabs", "office-bulk.offered", "office-case.panel", "office-ledger-coverage.panel",
    "office-figures.beside", "office-figures.rows", "office-admin-areas.children", "office-intake.waiting",
}  # fmt: skip
"""Addresses that answer a part of a page that another address shows whole."""

LEAD_ELSEWHERE = {"office.root", "office-ledger.ledgers", "office-admin.first"}
"""Addresses that lead on to another page once somebody has signed in."""


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("every page") / "data", lay, fill)
    made.publish(FORM, **{"tools.csv": TOOLS})
    filed = made.get(f"/monthly-reports/{MONTH}", "brigade").json["frozen"]["sha256"]
    cells = [{"row": TOWN, "figure": "reports", "is": 1}]
    corrected = {"previous": filed, "cells": cells, "reason": "漏录", "signer": "某某"}
    assert made.post(f"/monthly-reports/{MONTH}/corrections", "brigade", corrected).status_code == 201
    fields = {"label": "商店｜灭火器失效", "item": "other"}
    add_record(made, "every", "worker", fields, type="hazards", action="report", area="130630100201001")
    yield made
    close(made.app)


@pytest.fixture(scope="module")
def pages_of(county) -> Callable[[str], dict[str, str]]:
    """Tell of a reader the endpoint of every page they come to, by its address; each kind of page once."""
    return cache(lambda name: _pages_of(county, name))


def _pages_of(county: Any, name: str) -> dict[str, str]:
    desk = Desk(county)
    desk.sign_in(name)
    starts = [*COMMON, *STARTS[name]]
    for what, table in IMPORTED.items():
        if name == IMPORTED_BY.get(what, "admin"):
            starts.append(upload(desk, table.encode(), "表.csv", f"/office/admin/{what}").location)
    return {page.address: page.endpoint for page in every_page.walk(county.app, desk.client, starts, most=1)}


def _one_of_each(pages: dict[str, str]) -> list[str]:
    """Return one address of each endpoint with each of what ``LOOKED_AT`` names. pages: endpoints by address."""
    samples: dict[tuple[Any, ...], str] = {}
    for address, endpoint in pages.items():
        told = (each for each in parse_qsl(urlsplit(address).query) if each[0] in LOOKED_AT)
        samples.setdefault((endpoint, *told), address)
    return list(samples.values())


def test_no_page_of_the_map_of_addresses_is_forgotten(county, pages_of):
    opened = {endpoint for name in READERS for endpoint in pages_of(name).values()}
    answering = {
        rule.endpoint
        for rule in county.app.url_map.iter_rules()
        if rule.endpoint.startswith("office") and rule.methods is not None and "GET" in rule.methods
    }
    others = NO_PAGES | PIECES_OF_PAGES | LEAD_ELSEWHERE

    assert (sorted(answering - opened - others), sorted(others - answering)) == ([], [])


@pytest.mark.parametrize("name", READERS)
def test_axe_finds_no_serious_fault_on_any_kind_of_page(county, pages_of, name):
    found = {}
    with listening(county.app) as server, browser_window(server) as window:
        window.sign_in(name)
        for address in _one_of_each(pages_of(name)):
            window.open(address)
            if faults := window.faults():
                found[address] = faults

    assert found == {}
    assert window.left == []


@pytest.mark.parametrize(("size", "language"), [("enlarged", "en"), ("phone", "zh")])
@pytest.mark.parametrize("name", ["admin", "town"])
def test_no_page_is_wider_than_its_window_and_no_column_squeezed(county, pages_of, name, size, language):
    pages, found = pages_of(name), {}
    with listening(county.app) as server, browser_window(server, size) as window:
        window.open("/")
        window.page.click(f"button[value={language}]")
        window.sign_in(name)
        for address in _one_of_each(pages):
            window.open(address)
            if (wrong := window.page.evaluate(SQUEEZED)) and pages[address] not in ON_PAPER:
                found[address] = wrong

    assert found == {}
