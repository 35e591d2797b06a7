"""The figures on pages: equal to the API's to the last digit, each number with its cases, wrong questions said."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from python_calamine import CalamineWorkbook

from server.app import close
from server.office import layout, pages
from server.office.figures import asked as addresses
from server.office.figures import sheet, shown
from server.summaries.domain.sentences import share
from server.summaries.domain.summary_rows import Rate
from server.summaries.usecases import spreadsheets
from tests.api_county import OTHER_TOWN, TOWN, VILLAGE, lay_police
from tests.county import County, open_county
from tests.office.desk import Desk, Reader
from tests.summaries import test_closure_golden as golden
from tests.summaries.case_histories import a_case, step
from tests.summaries.lived_cases import live

APRIL = "from=2026-04-01&to=2026-04-30"
THEN = f"{APRIL}&as_of=2026-05-01T00:00:00%2B08:00"
MID_APRIL = f"{APRIL}&as_of=2026-04-20"
PATHS = {
    "figures": "/office/figures",
    "april": f"/office/figures?{THEN}",
    "cases": f"/office/figures/cases?{THEN}&figure=closed",
    "words": "/office/figures/words",
}


@pytest.fixture(scope="module")
def april(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("april") / "data", lay_police)
    live(made.store, [*golden.TOWN, a_case("N1", step("spot_close", "04-03"), path="130630/100/202/001")])
    yield made
    close(made.app)


@pytest.fixture
def desk(april):
    desk = Desk(april)
    desk.sign_in("brigade")
    return desk


def cells_of(page: str) -> dict[str, list[tuple[str, str]]]:
    """Return (text, address) of each number of each row of the table, by the row's key; empty for the total."""
    table = page[page.index('class="sums"') :]
    found = {}
    for key, row in re.findall(r'<tr(?: data-key="([^"]*)")?[^>]*>(.*?)</tr>', table[: table.index("</table>")], re.S):
        if 'scope="col"' not in row and "colspan" not in row:
            found[key] = [
                (text, unescape(href)) for href, text in re.findall(r'<td.*?href="([^"]+)"[^>]*>(.*?)</a>', row)
            ]
    return found


def listed(desk: Desk, address: str) -> int:
    """Return how many cases a list shows over all of its pages, which is what it says."""
    n, said, following = 0, None, address
    while following:
        page = desk.open(following)
        assert page.status_code == 200, following
        found = re.search(r'class="counted" role="status">共 (\d+) 件', page.text)
        said = int(found[1]) if said is None else said
        n += page.text.count("data-id=")
        more = re.search(r'class="more"><a class="button" href="([^"]+)"', page.text)
        following = unescape(more[1]) if more else ""
    assert n == said, address
    return n


@pytest.mark.parametrize("by", ["town", "village", "unit", "category", "month", "item", "body", "defence_line"])
@pytest.mark.parametrize("when", [THEN, MID_APRIL], ids=["over", "running"])
def test_every_number_of_the_table_is_that_of_the_api_and_lists_as_many_cases(april, desk, by, when):
    api = april.get(f"/summaries/closure?by={by}&{when}", "brigade").json
    page = desk.open(f"/office/figures?by={by}&all=1&{when}").text
    rows = {**{row["key"]: row for row in api["rows"]}, "": api["total"]}

    found = cells_of(page)

    assert set(found) == set(rows)
    for key, row in rows.items():
        rates = [row["rates"][code] for code in ("closure_rate", "on_time_closure_rate")]
        expected = [str(row["counts"][code]) for code in shown.COUNTS] + [share(Rate(r["n"], r["d"])) for r in rates]
        assert [text for text, _ in found[key]] == expected
        numbers = [row["counts"][code] for code in shown.COUNTS] + [rate["n"] for rate in rates]
        for number, (_, address) in zip(numbers, found[key], strict=True):
            assert listed(desk, address) == number, address


def test_any_summary_that_one_may_choose_is_the_api_s(april, desk):
    chance = random.Random(15)
    for _ in range(25):
        first, last = sorted(f"2026-{chance.randint(3, 6):02}-{chance.randint(1, 30):02}" for _ in range(2))
        query = f"from={first}&to={last}&as_of=2026-{chance.randint(3, 7):02}-{chance.randint(1, 28):02}"
        query += chance.choice(["", f"&area={TOWN}", f"&area={OTHER_TOWN}", f"&area={VILLAGE}"])
        query += chance.choice(["", "&by=unit", "&by=category", "&by=month"])
        api = april.get(f"/summaries/closure?{query}", "brigade").json
        page = desk.open(f"/office/figures?all=1&{query}").text
        if not api["begun"]:
            assert "时段还没有开始" in page and 'class="sums"' not in page
            continue
        counts = {key: [text for text, _ in cells[: len(shown.COUNTS)]] for key, cells in cells_of(page).items()}
        begun = [row for row in api["rows"] if row["begun"]]
        expected = {row["key"]: [str(row["counts"][code]) for code in shown.COUNTS] for row in begun}
        assert counts == {**expected, "": [str(api["total"]["counts"][code]) for code in shown.COUNTS]}, query
        assert api["sentence"] in page


def test_every_link_of_the_page_opens_with_the_instant_of_the_page(desk):
    page = desk.open(f"/office/figures?beside=1&{THEN}").text
    links = {unescape(link) for link in Reader(page).links if link.startswith("/office/figures")}

    instants = [parse_qs(urlsplit(link).query).get("as_of") for link in links if "/cases" in link]
    assert {desk.open(link).status_code for link in links} <= {200, 303}
    assert len(instants) > 40 and all(instants)


@pytest.mark.parametrize("when", [THEN, MID_APRIL], ids=["over", "running"])
def test_every_number_outside_the_table_lists_as_many_cases_too(desk, when):
    page = desk.open(f"/office/figures?beside=1&{when}").text
    outside = page[: page.index('id="days"')] + page[page.index('id="months"') : page.index('id="rows"')]
    outside += page[page.index("控制占比") :]

    found = set(re.findall(r'<a href="(/office/figures/cases\?[^"]+)"[^>]*>(\d+)</a>', outside))

    assert len(found) > 25
    for address, n in found:
        assert listed(desk, unescape(address)) == int(n), address


def test_charts_and_parts_are_told_by_tables_whose_numbers_open(april, desk):
    page = desk.open(f"/office/figures?{THEN}").text
    days = april.get(f"/summaries/closure/days?{THEN}", "brigade").json["items"]
    table = page[page.index('id="days"') : page.index('id="months-chart"')]

    rows = re.findall(r'<th scope="row">([\d-]+)</th>.*?>(\d+)</a></td>.*?>(\d+)</a></td>', table)

    assert rows == [(day["day"], str(day["received"]), str(day["closed"])) for day in days]
    for address in {unescape(each) for each in re.findall(r'href="(/office/figures/cases[^"]+)"', table)}:
        listed(desk, address)
    assert "2026-04</th>" in page and "演示" not in page


def test_who_has_what_is_overdue_opens_into_as_many(april, desk):
    page = desk.open(f"/office/figures?{MID_APRIL}").text
    overdue = april.get(f"/summaries/closure/overdue?{MID_APRIL}", "brigade").json
    side = page[page.index("超期未结，在谁手里") : page.index("隐患类别")]

    found = re.findall(r'<a href="([^"]+)"[^>]*>(\d+)</a>', side)

    assert [int(n) for _, n in found] == [line["cases"] for line in overdue["items"]] != []
    for address, n in found:
        assert listed(desk, unescape(address)) == int(n)


def test_a_running_period_says_so_and_compares_no_closure_rate(desk):
    running, over = (desk.open(f"/office/figures?beside=1&against=before&{when}").text for when in (MID_APRIL, THEN))

    assert "还没有结束（第20天，共30天）" in running and "期未结束" in running
    assert "还没有结束" not in over and "期未结束" not in over
    assert 'id="b-closure_rate"' not in running + over
    assert not re.search("[↑↓↗↘]", running)


def test_what_stands_beside_comes_by_itself_and_is_the_api_s_of_a_year_ago_and_of_before(april, desk):
    for against, name in (("before", "previous"), ("year_ago", "year_ago")):
        api = april.get(f"/summaries/closure?compare={name}&from=2026-05-01&to=2026-05-31&as_of=2026-06-05", "brigade")
        page = desk.open(f"/office/figures/beside?against={against}&from=2026-05-01&to=2026-05-31&as_of=2026-06-05")
        before = api.json["before"]
        text = re.search(r'id="b-cases".*?>(\d+)</a>', page.text)[1]
        assert text == str(before["total"]["counts"]["cases"])
        change = api.json["compared"]["total"]["counts"]["cases"]["text"]
        assert re.search(r'id="b-cases".*?</a>，增减 (\S+?)</span>', page.text)[1] == change
        rate = before["total"]["rates"]["void_rate"]
        assert f">{share(Rate(rate['n'], rate['d']))}</a>" in page.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=2026-05-01&to=2026-04-01", "时段倒了"),
        ("from=2026-05-01", "起止日期要一起给"),
        ("from=0026-05-01&to=2026-05-01", "年份不对"),
        ("as_of=9999-01-01", "还没有到"),
        ("as_of=0001-01-01", "年份不对"),
        ("as_of=yesterday", "应为时刻"),
        ("period=century", "不认识"),
        ("against=them", "不认识"),
        ("by=person", "不认识"),
        ("colour=red", "不认识"),
        ("area=999999999999", "网格"),
        ("area=x", "网格"),
        (f"area={VILLAGE}&by=town", "不能这样分行"),
        ("from=2000-01-01&to=2026-01-01&as_of=2026-05-01", "1100"),
    ],
)
def test_what_is_not_understood_is_said_on_the_page_never_as_a_bare_error(desk, query, said):
    page = desk.open(f"/office/figures?{query}")

    assert page.status_code == 200
    assert said in page.text and "闭环汇总" in page.text
    assert desk.open(f"/office/figures/cases?{query}").status_code == 200


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("figure=closure_rate", "不是件数"),
        ("figure=x", "没有“x”这个数"),
        ("row=130630999000&by=town", "表里没有"),
        ("row=x&by=town", "网格"),
        ("handler=user:worker", "在谁手里"),
    ],
)
def test_a_number_that_is_none_is_said_on_the_page_of_its_cases(desk, query, said):
    page = desk.open(f"/office/figures/cases?{THEN}&{query}")

    assert page.status_code == 200
    assert said in page.text and "返回汇总" in page.text


def test_an_area_out_of_ones_scope_is_said_and_shows_none_of_its_numbers(april):
    desk = Desk(april)
    desk.sign_in("town")

    page = desk.open(f"/office/figures?area={OTHER_TOWN}&{THEN}")

    assert page.status_code == 200
    assert "管辖范围" in page.text and "走马驿镇" not in page.text


def test_rows_below_an_area_come_alone_and_add_up(desk):
    page = desk.open(f"/office/figures/rows?area={TOWN}&all=1&{THEN}").text

    assert page.lstrip().startswith("<tr") and f'data-under="{TOWN}"' in page
    assert VILLAGE in page


def test_the_sheet_prints_every_area_and_its_address_the_same_numbers(april, desk):
    led = desk.open("/office/figures/print?period=month")
    sheet = desk.open(f"/office/figures/print?{MID_APRIL}")
    april_over = desk.open(f"/office/figures/print?{THEN}").text

    assert led.status_code == 303 and "as_of=" in led.headers["Location"] and "from=" in led.headers["Location"]
    assert sheet.text == desk.open(f"/office/figures/print?{MID_APRIL}").text
    assert "时段未结束 · 非最终数" in sheet.text and "时段未结束" not in april_over
    assert "走马驿镇" in sheet.text and "—" in sheet.text
    counts = april.get(f"/summaries/closure?by=town&{THEN}", "brigade").json["total"]["counts"]
    total = re.findall(r"<td>([^<]*)</td>", april_over[april_over.index('class="total"') :])
    assert total[1] == str(counts["cases"]) and total[10] == str(counts["due"])
    assert Reader(sheet.text).inline == [] and sheet.headers["Content-Security-Policy"] == pages.POLICY


def test_a_sheet_of_other_days_than_asked_for_is_not_shown(desk):
    page = desk.open("/office/figures/print?from=2026-05-01&to=2026-04-01")

    assert page.status_code == 422
    assert "时段倒了" in page.text


@pytest.mark.parametrize("file", ["table.csv", "table.xlsx", "cases.csv", "cases.xlsx"])
def test_a_file_of_something_else_than_asked_for_is_not_given(desk, file):
    answer = desk.open(f"/office/figures/{file}?{THEN}&area=x")

    assert answer.status_code == 422 and "网格" in answer.text


def test_words_left_empty_in_an_address_ask_for_nothing(desk):
    empty = "&".join(f"{name}=" for name in addresses.NAMES if name not in ("from", "to", "as_of"))

    page, sheet = (desk.open(f"/office/figures{path}?{THEN}&{empty}") for path in ("", "/print"))

    assert (page.status_code, sheet.status_code) == (200, 200)
    assert "不认识" not in page.text


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ([], [0]),
        (["村"] * 18, [18]),
        (["村"] * 19, [18, 1]),
        (["村"] * 24, [23, 1]),
        (["村"] * 42, [24, 18]),
        (["村"] * 60, [24, 24, 12]),
        (["很长" * 21] * 9, [8, 1]),
    ],
)
def test_a_sheet_of_many_rows_has_pages_that_each_hold_what_fits(names, parts):
    lines = [sheet.Line(str(n), name, ()) for n, name in enumerate(names)]

    found = sheet.parts_of(lines)

    assert [len(each) for each in found] == parts
    assert [line for part in found for line in part] == lines


def test_who_only_looks_has_the_figures_of_what_they_see_and_no_file_of_them(april):
    desk = Desk(april)
    desk.sign_in("viewer")
    page = desk.open(f"/office/figures?{THEN}")

    assert desk.open("/office/board").text.count('href="/office/figures"') == 1
    assert page.status_code == 200 and "table.csv" not in page.text
    assert desk.open(f"/office/figures/table.csv?{THEN}").status_code == 403


def test_the_words_are_said_in_the_reader_s_language(desk):
    desk.client.set_cookie(layout.LANGUAGE_COOKIE, pages.ENGLISH)
    rows = re.findall(r'<tr id="\w+">(.*?)</tr>', desk.open("/office/figures/words").text)

    assert len(rows) > 60
    for row in rows:
        told = re.sub(r"<small.*?</small>|<[^>]+>", " ", row)
        assert not re.search("[\u4e00-\u9fff]", told), told


def test_statuses_of_the_cases_are_said_in_the_reader_s_language(desk):
    chinese = desk.open(f"/office/figures/cases?{THEN}&figure=closed").text
    desk.client.set_cookie(layout.LANGUAGE_COOKIE, pages.ENGLISH)
    english = desk.open(f"/office/figures/cases?{THEN}&figure=closed").text

    assert "<td>已办结</td>" in chinese
    assert chinese.count("<td>已办结</td>") == english.count("<td>Closed</td>")


def test_files_hold_the_table_and_the_cases(april, desk):
    table = desk.open(f"/office/figures/table.csv?{THEN}")
    cases = desk.open(f"/office/figures/cases.csv?{THEN}&figure=closed")
    api = april.get(f"/summaries/closure?{THEN}", "brigade").json

    lines = list(csv.reader(io.StringIO(table.text.lstrip("\ufeff"))))
    assert len(lines) == len(api["rows"]) + 2
    assert len(list(csv.reader(io.StringIO(cases.text)))) == api["total"]["counts"]["closed"] + 1
    assert desk.open(f"/office/figures/table.xlsx?{THEN}").data[:2] == b"PK"
    assert desk.open(f"/office/figures/cases.xlsx?{THEN}").data[:2] == b"PK"


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("file", "event", "subject"), [("table", "summaries.export", "closure"), ("cases", "cases.export", "closed")]
)
def test_each_file_is_on_record_with_its_rows_and_what_was_asked(april, desk, file, event, subject, ending):
    before = exported(april)

    answer = desk.open(f"/office/figures/{file}.{ending}?{THEN}&figure=closed")

    assert answer.status_code == 200
    rows = list(csv.reader(io.StringIO(answer.text))) if ending == "csv" else rows_of(answer.data)
    [entry] = exported(april)[len(before) :]
    detail = json.loads(entry["detail"])
    assert (entry["actor"], entry["action"], entry["subject"]) == ("brigade", event, subject)
    assert (detail["format"], detail["rows"]) == (ending, len(rows) - 1)
    assert detail["filters"] == {name: value for name, [value] in parse_qs(f"{THEN}&figure=closed").items()}


def test_a_file_that_is_refused_or_cannot_be_made_is_no_export_that_went_out(april, desk, monkeypatch):
    viewer = Desk(april)
    viewer.sign_in("viewer")
    before = exported(april)
    viewer.open(f"/office/figures/table.csv?{THEN}")
    assert exported(april) == before
    monkeypatch.setattr(spreadsheets, "as_csv", lambda lines: 1 / 0)

    assert desk.open(f"/office/figures/table.csv?{THEN}").status_code == 500

    [entry] = exported(april)[len(before) :]
    assert entry["result"] == "failed"


def exported(april: County) -> list[dict[str, Any]]:
    """Return the exports on record, oldest first; an entry of one comes with the next commit."""
    april.do(lambda tx: None)
    return april.rows("SELECT * FROM audit WHERE action LIKE '%.export' ORDER BY id")


def rows_of(workbook: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(workbook)).get_sheet_by_index(0).to_python()


def test_who_may_not_read_summaries_or_export_is_shown_no_way_to(april):
    desk = Desk(april)
    desk.sign_in("police")
    refused = [desk.open(path).status_code for path in (*PATHS.values(), f"/office/figures/print?{THEN}")]
    desk.submit(desk.form(desk.open("/office/"), "/office/sign-out"))
    desk.sign_in("worker")
    page = desk.open(f"/office/figures?{THEN}")

    assert refused == [403] * 5
    assert page.status_code == 200 and "table.csv" not in page.text
    assert desk.open(f"/office/figures/table.csv?{THEN}").status_code == 403
    assert desk.open(f"/office/figures/cases.csv?{THEN}").status_code == 403


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_a_page_is_guarded_and_marks_its_place_in_both_languages(desk, path, language):
    desk.client.set_cookie(layout.LANGUAGE_COOKIE, language)

    page = desk.open(path)
    read = Reader(page.text)

    assert page.status_code == 200
    assert read.inline == [] and page.headers["Content-Security-Policy"] == pages.POLICY
    assert re.search(r'href="/office/figures" aria-current="page"', page.text)
    assert [link for link in read.links if not link.startswith(("/", "#"))] == []
    assert ("Figures" in page.text) is (language == pages.ENGLISH)
