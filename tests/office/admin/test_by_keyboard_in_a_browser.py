"""Administration by keyboard alone: people, their cards, forms, a merger and code lists, each stop seen to be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from kobo_forms.export import to_xlsx
from tests.api_county import NEXT_VILLAGE, PASSWORD, VILLAGE
from tests.office.admin.test_a_new_form_in_a_browser import FAULTY, mended
from tests.office.admin.test_people_pages import HEAD
from tests.office.browser import Window, browser_window, listening

pytestmark = pytest.mark.browser

STOPS_MOST = 80
"""How often Tab is pressed at most: on no page of administration is what one looks for farther away."""

IS_MARKED = """() => {
  const shown = getComputedStyle(document.activeElement);
  return (shown.outlineStyle !== 'none' && parseFloat(shown.outlineWidth) > 0) || shown.boxShadow !== 'none';
}"""
ADD = "a[href='/office/admin/people?add=1#add']"
DONE, REFUSED = "p.note.green", "#refused"


@pytest.fixture
def window(county_to_change):
    county_to_change.found_at("http://fire.example.org")  # without it no cards are made
    with listening(county_to_change.app) as address, browser_window(address) as window:
        window.open("/")
        _go_to(window, "#username")
        window.page.keyboard.type("admin")
        _go_to(window, "#password")
        window.page.keyboard.type(PASSWORD)
        window.page.keyboard.press("Enter")
        window.page.wait_for_url("**/office/admin/**")
        yield window
        assert window.left == []


def test_people_are_added_and_imported_and_their_cards_made(window, tmp_path):
    window.open("/office/admin/people")
    _open_and_close_the_list_of_keys(window)
    _add_a_person(window)
    window.open("/office/admin/people?q=newcomer")
    _go_to(window, "input[name=names][value=newcomer]")
    window.page.keyboard.press("Space")
    _press(window, "button:text-is('给选中的人做手机卡片')", "input[name=names][value=newcomer]:checked")
    _press(window, "button:text-is('做卡片并打印')", "article.phone-card")
    card = window.page.inner_text("article.phone-card")

    roster = tmp_path / "people.csv"
    roster.write_text(f"{HEAD}张三,网格员,,荆山口村,第1单元,,\n李四,防火员,,荆山口村,,,\n", encoding="utf-8")
    window.open("/office/admin/people/import")
    _choose(window, "#import-file", roster)
    _press(window, "form.upload button.primary", ".do-row button.primary")
    looked_at = window.page.inner_text("main")
    _press(window, ".do-row button.primary", DONE)

    assert "新来的人" in card
    assert "没有这个岗位" in looked_at and "导入没问题的 1 行" in looked_at
    assert "已导入：新增 1 人" in window.page.inner_text(DONE)
    assert window.said == []


def test_a_form_with_three_faults_is_mended_and_published(window, tmp_path):
    form = tmp_path / "water.xlsx"
    form.write_bytes(to_xlsx(FAULTY.encode()))
    window.open("/office/admin/forms")
    _choose(window, "#form-file", form)
    _press(window, "form.upload button.primary", REFUSED)
    led_to, told = window.page.evaluate("document.activeElement.id"), window.page.inner_text(REFUSED)
    marked = "a:text-is('下载标红的Excel')"
    _go_to(window, marked)
    with window.page.expect_download() as coming:
        window.page.keyboard.press("Enter")
    form.write_bytes(mended(coming.value.path().read_bytes()))
    _choose(window, "#form-file", form)
    _press(window, "form.upload button.primary", DONE)

    assert (led_to, "没有发布：3 处要改。" in told) == ("refused", True)
    assert "已发布 1" in window.page.inner_text("main")


def test_a_merger_is_looked_at_a_code_list_opened_and_left(window):
    page = window.page
    window.open(f"/office/admin/areas/{VILLAGE}")
    _press(window, "a:text-is('合并…')", "#merge-into")
    _go_to(window, "#merge-into")
    page.keyboard.type(NEXT_VILLAGE)
    _go_to(window, "#merge-from")
    page.keyboard.type("01012127")
    _press(window, "button:text-is('先看影响')", "ul.touched")
    preview = page.inner_text("main")
    _go_to(window, "button:text-is('2127-01-01 起合并')")

    window.open("/office/admin/codes")
    _press(window, "td.c-name a", "table")
    opened = page.url
    _press(window, "p.way a", "td.c-name a")

    assert "现在什么都还没有改" in preview
    assert "/office/admin/codes/" in opened
    assert window.said == []


def _open_and_close_the_list_of_keys(window: Window) -> None:
    """Open a dialog and close it with Esc: what had the focus has it again. So it is with the menu of who signed in."""
    page = window.page
    _go_to(window, ADD)
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#keys", state="hidden")
    assert page.locator(ADD).evaluate("link => link === document.activeElement")
    page.keyboard.press("Home")
    _go_to(window, ".who summary", backwards=True)
    page.keyboard.press("Enter")
    page.wait_for_selector(".who[open]")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    page.wait_for_selector(".who:not([open])")
    assert page.locator(".who summary").evaluate("each => each === document.activeElement")
    _go_to(window, ADD)


def _add_a_person(window: Window) -> None:
    window.page.keyboard.press("Enter")
    window.page.wait_for_selector("#add")
    for field, typed in (("display", "新来的人"), ("name", "newcomer")):
        _go_to(window, f"#add [name={field}]")
        window.page.keyboard.type(typed)
    _go_to(window, "#add [name=role]")
    window.page.keyboard.press("ArrowDown")
    _go_to(window, "#add [name=area]")
    window.page.keyboard.type(VILLAGE)
    _press(window, "#add button.primary", DONE)


def _choose(window: Window, selector: str, path: Path) -> None:
    with window.page.expect_file_chooser(timeout=120_000) as chooser:  # listened for well before Enter is pressed
        _go_to(window, selector)
        window.page.keyboard.press("Enter")
    chooser.value.set_files(path)


def _press(window: Window, selector: str, then: str) -> None:
    """Go to a button or link, press Enter, and wait for what the next page shows."""
    _go_to(window, selector)
    window.page.keyboard.press("Enter")
    window.page.wait_for_selector(then)


def _go_to(window: Window, selector: str, *, backwards: bool = False) -> None:
    """Press Tab until what is looked for has the focus, and hold that every stop on the way can be seen to have it."""
    wanted = window.page.locator(selector).first
    for _ in range(STOPS_MOST):
        if wanted.evaluate("found => found === document.activeElement"):
            return
        window.page.keyboard.press("Shift+Tab" if backwards else "Tab")
        assert window.page.evaluate(IS_MARKED), window.page.evaluate("document.activeElement.outerHTML")
    pytest.fail(f"Tab does not come to {selector}")
