"""A form of a county's own in Chromium: three faults told and marked, mended, published, collected with, corrected."""

from __future__ import annotations

import io
from collections.abc import Iterator

import openpyxl
import pytest

from kobo_forms.export import to_xlsx
from server.app import close
from tests.api_county import fill, lay, uuid_of
from tests.county import County, open_county
from tests.filled_forms import Entity, Filled
from tests.office.browser import browser_window, listening

pytestmark = pytest.mark.browser

FAULTY = """\
| survey |
| | type | name | label | save_to |
| | text | code no | 编号 | code_no |
| | integer | outlets | 出口数 ${numbre} | outlets |
| | select_one kinds | kind | 种类 | kind |
| entities |
| | list_name | label |
| | water_points | concat(${code_no}, '号') |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind | attribute::fg:title |
| | 水源登记 | water | 1 | fg="urn:firegrid:xforms" | profile | 消防水源 |
"""
CHOICES = (("list_name", "name", "label"), ("kinds", "hydrant", "消火栓"), ("kinds", "pool", "水池"))


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[County, str]]:
    county = open_county(tmp_path_factory.mktemp("form") / "data", lay, fill)
    with listening(county.app) as address:
        yield county, address
    close(county.app)


def test_a_form_with_three_faults_is_mended_published_collected_with_and_corrected(served):
    county, address = served
    with browser_window(address) as window:
        page = window.page
        window.sign_in("admin")
        window.open("/office/admin/forms")
        _upload(page, to_xlsx(FAULTY.encode()), "#refused")
        # The entity's label names the question whose name is wrong, and is right once that is.
        assert "没有发布：3 处要改。" in page.inner_text("#refused")
        with page.expect_download() as coming:
            page.click("text=下载标红的Excel")
        _upload(page, mended(coming.value.path().read_bytes()), "p.note.green")
        assert "已发布 1" in page.inner_text("main") and "消防水源" in page.inner_text("main")

        sent = county.phone("worker").send(_collected())
        assert sent.status_code == 201

        window.open("/office/ledgers/water_points")
        page.click(f"a[href$='{uuid_of('pool')}']")
        assert "消火栓" in page.inner_text("main")
        page.click("a[href$='/edit']")
        page.get_by_label("出口数").fill("3")
        page.get_by_label("水池").check()
        page.click("main button.primary")
        page.wait_for_url(f"**/water_points/{uuid_of('pool')}*")
        told = page.inner_text("main")
        assert "水池" in told and "12号" in told
        assert window.left == [] and [each for each in window.said if "422" not in each] == []


def _upload(page, content: bytes, answer: str) -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files("#form-file", {"name": "水源.xlsx", "mimeType": kind, "buffer": content})
    page.click("form.upload button.primary", no_wait_after=True)
    page.wait_for_selector(answer, timeout=60_000)


def mended(marked: bytes) -> bytes:
    """Return a marked workbook as somebody corrects it who reads the comments of its red cells."""
    book = openpyxl.load_workbook(io.BytesIO(marked))
    survey = book["survey"]
    red = [cell.coordinate for row in survey.rows for cell in row if cell.comment is not None]
    assert {"B2", "C3"} <= set(red)
    survey["B2"], survey["C3"] = "code_no", "出口数"
    choices = book.create_sheet("choices")
    for row in CHOICES:
        choices.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _collected() -> Filled:
    """Return the form filled in on the worker's phone."""
    values = {"code_no": "12", "outlets": "2", "kind": "hydrant"}
    return Filled("water", values, (Entity("water_points", uuid_of("pool"), create="1", label="12号"),))
