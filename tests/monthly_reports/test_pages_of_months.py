"""The pages of the months: one button for the brigade, the sheet to print as it was filed, what has changed since."""

from __future__ import annotations

import re
from hashlib import sha256

import pytest

from server import instants
from server.app import close
from server.monthly_reports.domain import months
from server.office import layout, pages
from tests.monthly_reports.april import APRIL, PATH, an_april, freeze
from tests.office.desk import Desk, Reader
from tests.summaries.case_histories import a_case, step
from tests.summaries.lived_cases import live

PAGE = "/office/figures/monthly"


@pytest.fixture
def april(tmp_path):
    made = an_april(tmp_path / "data")
    yield made
    close(made.app)


def desk_of(county, name: str) -> Desk:
    desk = Desk(county)
    desk.sign_in(name)
    return desk


def test_the_brigade_files_the_last_month_by_one_button(april):
    desk, last = desk_of(april, "brigade"), months.last_over(instants.text(april.clock()))
    page = desk.open(PAGE)
    sent = desk.submit(desk.form(page, f"{PAGE}/{last}/freeze"))
    shown = desk.open(sent.headers["Location"])

    assert sent.status_code == 303
    assert "不再改动" in shown.text and f"{PAGE}/{last}/freeze" not in shown.text
    [filed] = april.get("/monthly-reports", "brigade").json["items"]
    assert (filed["month"], filed["frozen_by"]) == (last, "brigade")
    assert filed["sha256"][:16] in shown.text
    again = desk.submit(desk.form(page, f"{PAGE}/{last}/freeze"))
    assert again.status_code == 303 and april.get("/monthly-reports", "brigade").json["items"] == [filed]


def test_who_may_not_file_has_no_button_and_who_sees_less_no_page(april):
    admin, town = desk_of(april, "admin"), desk_of(april, "town")

    assert "/freeze" not in admin.open(PAGE).text
    assert admin.open("/office/figures").text.count(f'href="{PAGE}"') == 1
    town = desk_of(april, "town")
    assert town.open(PAGE).status_code == 404
    assert f'href="{PAGE}"' not in town.open("/office/figures").text


def test_the_sheet_is_printed_as_it_was_filed_with_its_hash(april):
    desk = desk_of(april, "brigade")
    before = desk.open(f"{PAGE}/2026-04").text
    told = freeze(april).json["sha256"]
    filed = desk.open(f"{PAGE}/2026-04")
    live(april.store, [*APRIL, a_case("N2", step("report", "04-29"), step("register", "04-29"))])
    later = desk.open(f"{PAGE}/2026-04").text

    assert "未报送 · 非最终数" in before and "非最终数" not in filed.text
    assert filed.text == later and told in filed.text and "补报" in filed.text
    total = re.findall(r"<td>([^<]*)</td>", filed.text[filed.text.index('class="total"') :])
    said = april.get(PATH, "brigade").json["total"]
    assert total[:13] == [str(n) for n in said["counts"].values()]
    assert total[13:] == [rate["text"] for rate in said["rates"].values()]
    assert Reader(filed.text).inline == [] and filed.headers["Content-Security-Policy"] == pages.POLICY


def test_what_has_changed_since_opens_into_its_cases(april):
    freeze(april)
    desk = desk_of(april, "brigade")
    page = desk.open(f"{PAGE}/2026-04/changes")

    assert page.status_code == 200
    assert "/office/cases/R09" in Reader(page.text).links and "到期" in page.text
    assert "超期未结＋1" in page.text
    assert desk.open(f"{PAGE}/2026-05/changes").status_code == 404


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json"])
def test_its_files_are_those_of_the_api(april, ending):
    freeze(april)
    page = desk_of(april, "brigade").open(f"{PAGE}/2026-04.{ending}")
    query = "/content" if ending == "json" else f"?format={ending}"

    assert page.status_code == 200
    if ending != "xlsx":  # a workbook holds when it was made
        assert page.data == april.get(f"{PATH}{query}", "brigade").data
    refused = 200 if ending == "json" else 403
    assert desk_of(april, "viewer").open(f"{PAGE}/2026-04.{ending}").status_code == refused


def test_the_sheet_is_said_in_english_too(april):
    freeze(april)
    desk = desk_of(april, "brigade")
    desk.client.set_cookie(layout.LANGUAGE_COOKIE, pages.ENGLISH)
    page = desk.open(f"{PAGE}/2026-04").text

    assert "Due for closing" in page and "Filed " in page and "Reported late" in page
    listed = desk.open(PAGE).text
    assert ">2026-04</a>" in listed and "2026年4月" not in listed + desk.open(f"{PAGE}/2026-04/changes").text


def test_whoever_reads_the_sheet_may_compute_its_hash_and_only_exporters_take_files(april):
    told = freeze(april).json["sha256"]
    viewer = desk_of(april, "viewer")
    filed = viewer.open(f"{PAGE}/2026-04.json")

    assert filed.status_code == 200 and sha256(filed.data).hexdigest() == told
    assert filed.data == april.get(f"{PATH}/content", "viewer").data
    assert viewer.open(f"{PAGE}/2026-04.csv").status_code == 403
    assert viewer.open(f"{PAGE}/2026-03.json").status_code == 404
