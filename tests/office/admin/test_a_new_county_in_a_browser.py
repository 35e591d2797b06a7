"""A new county in Chromium: the first sign-in, three hundred people from an Excel file, their cards, and once again."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import CliRunner

from server.app import close, create_app
from server.cli.main import main
from server.grid.domain.areas import Level
from server.grid.store import areas
from server.settings import Settings
from tests.office.browser import SIZES, Window, browser_window, listening
from tests.staffing.test_roster_import import HEAD

pytestmark = pytest.mark.browser

OWN = "wolke-trommel-47-griff"
PEOPLE, PER_VILLAGE = 300, 3
CARDS_MS = 120_000
"""Three hundred codes take some seconds of one core, which this machine may have to share."""

LONG_NAME = "阿卜杜热西提·买买提吐尔逊木沙江·努尔艾合麦提"
WRONG = ("赵错", "防火员", "", "没有这个村")


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> Iterator[tuple[str, str, Path]]:
    """Serve a folder that ``firegrid init`` has just made; yield its address, the first password, and a roster."""
    folder = tmp_path_factory.mktemp("new") / "data"
    made = CliRunner().invoke(main, ["init", "--data", str(folder)])
    assert made.exit_code == 0, made.output
    app = create_app(Settings(folder=folder, public_url="http://fire.example.org"))
    with app.extensions["firegrid"].database.reading() as reading:
        villages = [each for each in areas.whole_grid(reading).values() if each.level is Level.VILLAGE]
    roster = folder.parent / "花名册.xlsx"
    roster.write_bytes(_roster([each.code for each in villages]))
    with listening(app) as address:
        yield address, re.search(r"只显示这一次）：(\S+)", made.output)[1], roster
    close(app)


def test_a_new_county_is_set_up_page_by_page_and_the_same_file_again_adds_nobody(county):
    address, given, roster = county
    with browser_window(address) as window:
        page = window.page
        window.open("/")
        _sign_in_first(window, given)
        assert page.locator("[data-place]").count() == 1
        assert page.locator("li[aria-current=step] h3").inner_text() == "人员"
        page.click("text=从Excel导入…")
        _import(window, roster)
        assert "已导入：新增 300 人" in page.inner_text("main")
        page.click("text=打印新增 300 人的手机卡片")
        page.wait_for_load_state()  # three hundred of them are read as they come
        assert page.locator("input[name=names]:checked").count() == PEOPLE
        page.click("text=做卡片并打印", no_wait_after=True)
        page.wait_for_selector("article.phone-card", timeout=CARDS_MS)
        assert page.locator("article.phone-card").count() == PEOPLE
        assert page.locator("section.sheet").count() == -(-PEOPLE // 8)
        assert page.evaluate(
            "[...document.querySelectorAll('.told h2')].every(e => e.scrollHeight < e.clientHeight + 8)"
        )
        code = page.locator(".code svg").first.bounding_box()
        assert code is not None and code["width"] / 96 * 25.4 >= 45 - 0.1
        window.open("/office/admin")
        assert "四步" not in page.inner_text("main") and page.locator("nav.rail [data-place]").count() > 1
        window.open("/office/admin/people/import")
        _choose(window, roster)
        told = page.inner_text(".counts")
        assert re.search(r"新增\s*0", told) and re.search(r"没变\s*300", told)
        assert window.left == [] and window.said == []


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_pages_of_administration_fit_and_are_accessible(county, size):
    address = county[0]
    with browser_window(address, size) as window:
        window.sign_in("admin", OWN)
        faults = {}
        for path in ("areas", "areas/import", "people", "people/import", "cards", "forms", "forms/patrol", "codes",
                     "health", "bodies"):  # fmt: skip
            window.open(f"/office/admin/{path}")
            faults[path] = window.faults()
            assert window.page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0], path
            tab = window.page.locator(".tabs > [aria-current]").bounding_box()
            assert tab is not None and tab["x"] >= 0 and tab["x"] + tab["width"] <= SIZES[size][0], path

    assert {path: found for path, found in faults.items() if found} == {}


def _sign_in_first(window: Window, given: str) -> None:
    """Sign in with the given password, change it as asked, and come to administration."""
    page = window.page
    page.fill("#username", "admin")
    page.fill("#password", given)
    page.click("main button.primary")
    page.fill("#old_password", given)
    page.fill("#new_password", OWN)
    page.fill("#again", OWN)
    page.click("main button.primary")
    page.wait_for_url("**/office/admin")


def _choose(window: Window, roster: Path) -> None:
    page = window.page
    page.set_input_files("input[type=file]", str(roster))
    page.click("button:text-is('核对')")
    page.wait_for_url(re.compile("people/import/.+"))


def _import(window: Window, roster: Path) -> None:
    """Check the roster, see its one faulty row with the cure, and import the others."""
    page = window.page
    _choose(window, roster)
    told = page.inner_text("main")
    assert "没有这个岗位" in told and "没有叫“没有这个村”的村" in told
    page.click("text=导入没问题的 300 行")
    page.wait_for_selector("p.note.green")


def _roster(villages: list[str]) -> bytes:
    """Return a workbook with three hundred grid workers, and one row that is wrong."""
    out = io.BytesIO()
    headings = HEAD.strip().split(",")
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("人员")
        sheet.write_row(0, 0, headings)
        for number in range(PEOPLE):
            row = dict.fromkeys(headings, "")
            row |= {"姓名": f"网格员{number:03}", "岗位": "网格员", "网格代码": f"{villages[number // PER_VILLAGE]}001"}
            if number == 0:
                row["姓名"] = LONG_NAME
            sheet.write_row(number + 1, 0, [row[each] for each in headings])
        sheet.write_row(PEOPLE + 1, 0, WRONG)
    return out.getvalue()
