"""Every page that links lead to is looked at: whether its English is whole."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from server.app import close
from server.office import layout, pages
from tests.api_county import HAZARD_FORM, STATION_FORM, add_record, fill, lay
from tests.county import open_county
from tests.office import every_page
from tests.office.desk import Desk

READERS = ("admin", "town", "worker")
STARTS = ("/", "/office/", "/office/board", "/office/report", "/office/admin/areas", "/office/figures/words")

HAN = re.compile("[\u4e00-\u9fff]")


class Words(HTMLParser):
    """The texts of a page that its reader sees or hears, with those in a language of their own left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._open: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.found |= {said[name].strip() for name in ("title", "aria-label", "placeholder") if name in said}
        if tag not in ("br", "img", "input", "meta", "link", "hr", "use", "wbr", "col", "path", "circle", "rect"):
            self._open.append((tag, said.get("lang", "").startswith("zh") or tag in ("script", "style")))

    def handle_endtag(self, tag: str) -> None:
        for position in range(len(self._open) - 1, -1, -1):
            if self._open[position][0] == tag:
                del self._open[position:]
                return

    def handle_data(self, data: str) -> None:
        if not any(is_other for _, is_other in self._open):
            self.found.add(data.strip())


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("every page") / "data", lay, fill)
    fields = {"label": "商店｜灭火器失效", "item": "other"}
    add_record(made, "every", "worker", fields, type="hazards", action="report", area="130630100201001")
    yield made
    close(made.app)


@pytest.fixture(scope="module")
def seen(county):
    """Every page that each reader comes to by links, in English."""
    found = []
    for name in READERS:
        desk = Desk(county)
        desk.sign_in(name)
        desk.client.set_cookie(layout.LANGUAGE_COOKIE, "en")
        found += [(name, page) for page in every_page.walk(county.app, desk.client, STARTS)]
    return found


@pytest.mark.slow
def test_no_text_of_our_own_stays_chinese_on_any_page_in_english(seen):
    """A text that the catalogue knows in English is forgotten where it stands in Chinese; labels of forms are data."""
    known = {text for text, english in pages.english().items() if HAN.search(text) and not HAN.search(english)}
    known -= {cell.strip() for form in (STATION_FORM, HAZARD_FORM) for cell in form.split("|")}
    left = {(text, page.endpoint) for _, page in seen for text in Words(page.text).found & known}

    assert sorted(left) == []
    assert len({page.endpoint for _, page in seen}) > 30
