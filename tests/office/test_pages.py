"""Every page for every role: in its frame, guarded, in both languages, with nothing that scripts could hide in."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from werkzeug.exceptions import TooManyRequests, UnsupportedMediaType

import server.office
from server.changes.domain import settling
from server.errors import Busy, Unavailable
from server.office import assets, layout, pages, today
from server.office.cases import board, case_history
from server.people.domain.actors import Role
from server.problems.domain.problems import ProblemKind
from sync.changes import CREATING
from tests.api_county import PEOPLE, add_record, uuid_of
from tests.office.desk import Desk, Reader
from tests.source_tree import ROOT

OFFICE = ROOT / "server" / "office"
PAGES = (
    "/office/",
    "/office/board",
    "/office/board?tab=mine",
    "/office/board?tab=ended",
    "/office/intake",
    "/office/approvals",
    "/office/approvals?done=1",
    "/office/problems",
    "/office/problems?settled=1",
    "/office/problems/devices",
    "/office/ledgers/stations",
    "/office/ledgers/stations/missing",
    "/office/board/bulk?act=assign",
    "/office/board/areas",
    "/office/board/handlers",
    "/office/nowhere",
)
NASTY = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>{{ 7*7 }}"


@pytest.fixture(params=[name for name, *_ in PEOPLE], scope="module")
def somebody(request, county):
    desk = Desk(county)
    desk.sign_in(request.param)
    return desk


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_guarded_whoever_sees_it(somebody, path):
    page = somebody.open(path)
    read = Reader(page.text)

    assert page.status_code == (404 if path == "/office/nowhere" else 200)
    assert page.headers["Content-Security-Policy"] == pages.POLICY
    assert "unsafe" not in pages.POLICY
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert read.inline == []
    assert [link for link in read.links if not link.startswith(("/", "#"))] == []
    assert all(
        "form_token" in form.fields for form in read.forms if form.method == "post" and "language" not in form.action
    )


@pytest.fixture(scope="module")
def answered(somebody) -> dict[str, int]:
    """What links answered somebody: most pages have the same ones, and nobody changes the county."""
    return {}


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_to_a_page(somebody, answered, path):
    links = {link for link in Reader(somebody.open(path).text).links if link.startswith("/")}

    answered |= {link: somebody.open(link).status_code for link in links - answered.keys()}
    assert {link: answered[link] for link in links if answered[link] not in (200, 303)} == {}


def test_the_rail_shows_what_there_is_for_a_role_and_marks_where_one_is(county):
    desk = Desk(county)
    desk.sign_in("town")
    page = desk.open("/office/board").text

    assert re.findall(r'<a href="([^"]+)" aria-current="page"', page)[0] == "/office/board"
    assert set(layout.RAIL) == set(Role)


def test_what_people_typed_is_text_on_every_page(county_to_change):
    fields = {"item": NASTY, "label": f"{NASTY}｜{NASTY}"}
    add_record(county_to_change, "nasty", "worker", fields, type="hazards", action="report", area="130630100201001")
    desk = Desk(county_to_change)
    desk.sign_in("town")

    for path in ("/office/", "/office/board", f"/office/board?q={NASTY}&x={NASTY}", f"/office/{NASTY}"):
        page = desk.open(path).text
        assert "<script>alert" not in page and "<img src=x" not in page
        assert "49" not in Reader(page).inline
    assert "&lt;script&gt;alert(1)" in desk.open("/office/board").text


def test_the_tabs_alone_answer_304_while_nothing_changes_and_keep_nobody_signed_in(county):
    desk = Desk(county)
    signed_out = desk.open("/office/board/tabs?tab=open&poll=1")
    desk.sign_in("town")
    address = re.search(r'data-counts="([^"]+)"', desk.open("/office/board").text)[1].replace("&amp;", "&")

    first = desk.open(address)
    again = desk.open(address, **{"If-None-Match": first.headers["ETag"]})

    assert signed_out.status_code == 401 and signed_out.text == ""
    assert "poll=1" in address
    assert first.status_code == 200 and first.text.startswith('<div id="tabs"')
    assert (again.status_code, again.text) == (304, "")


def test_a_long_name_and_an_empty_county_have_their_pages(office):
    desk = Desk(office)
    desk.sign_in("town")

    assert "今天没有等您办的事" in desk.open("/office/").text
    assert "这里没有案件" in desk.open("/office/board").text
    assert "没有符合条件的案件" in desk.open(f"/office/board?q={'很长' * 3000}").text


def test_a_tab_that_counts_no_further_says_that_there_are_more(county_to_change, monkeypatch):
    fields = {"label": "商店｜隐患"}
    add_record(county_to_change, "more", "worker", fields, type="hazards", action="report", area="130630100201001")
    desk = Desk(county_to_change)
    desk.sign_in("town")
    count = int(re.search(r"待受理 <b>(\d+)</b>", desk.open("/office/board").text)[1])

    for most, shown in ((count, f"{count}"), (count - 1, f"{count - 1}+")):
        monkeypatch.setattr(board, "COUNTED_MOST", most)
        assert f"待受理 <b>{shown}</b>" in desk.open("/office/board").text


def test_what_waits_beyond_the_page_is_said_to_follow(county_to_change, monkeypatch):
    for word in ("one", "two"):
        fields = {"label": f"{word}｜隐患"}
        add_record(county_to_change, word, "worker", fields, type="hazards", action="report", area="130630100201001")
    desk = Desk(county_to_change)
    desk.sign_in("officer")
    whole = desk.open("/office/board?tab=mine").text
    monkeypatch.setattr(board, "ROWS", 1)
    cut = desk.open("/office/board?tab=mine").text

    assert (whole.count("data-id="), "后面的会接上" in whole) == (2, False)
    assert (cut.count("data-id="), "只列出最早到期的1件" in cut) == (1, True)
    assert "待我办 <b>2</b>" in cut


def test_every_kind_of_problem_and_every_write_has_its_word_in_both_languages():
    assert set(today.PROBLEM_WORDS) == set(ProblemKind)
    assert {"edit", *CREATING, *settling.ACTIONS} <= set(case_history.CREATIONS)
    assert {*today.PROBLEM_WORDS.values(), *case_history.CREATIONS.values()} <= set(pages.english())


def test_a_page_is_404_with_a_way_on_and_one_of_no_door_stays_json(county):
    desk = Desk(county)
    signed_out = desk.open("/office/nowhere")
    desk.sign_in("town")
    signed_in = desk.open("/office/nowhere")

    for page in (signed_out, signed_in):
        assert page.status_code == 404
        assert "没有这个案件或页面，或不在您的辖区。" in page.text and "回到首页" in page.text
    assert 'aria-label="主导航"' in signed_in.text
    assert 'action="/office/board"' in signed_in.text and 'action="/office/board"' not in signed_out.text
    assert desk.open("/nowhere").content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/office/board", 405),
        ("POST", "/", 405),
        ("GET", "/office/sign-out", 405),
        ("GET", "/office/static/assets/x", 404),
    ],
)
def test_what_a_page_does_not_take_is_said_on_a_page(county, method, path, status):
    answer = county.client.open(path, method=method)

    assert answer.status_code == status
    assert "回到首页" in answer.text


def test_too_large_a_form_is_said_on_a_page(county):
    answer = county.client.post("/office/sign-in", data={"username": "x" * 100_000})

    assert answer.status_code == 413
    assert "内容太大，没有收下" in answer.text


def test_an_unforeseen_error_is_a_page_without_particulars(county, monkeypatch):
    monkeypatch.setattr(server.office.layout, "show", lambda *_: 1 / 0)
    desk = Desk(county)
    desk.sign_in("town")

    page = desk.open("/office/board")

    assert page.status_code == 500
    assert "出了错，已记下（编号 " in page.text and "ZeroDivisionError" not in page.text


def test_an_error_stands_under_the_rail_with_the_number_that_the_log_has(county, monkeypatch, capfd):
    monkeypatch.setattr(server.office.today, "_stock", lambda *_: 1 / 0)
    desk = Desk(county)
    desk.sign_in("town")
    capfd.readouterr()

    page = desk.open("/office/")

    [number] = re.findall("编号 ([0-9a-f]{4})）", page.text)
    assert page.status_code == 500 and 'aria-label="主导航"' in page.text
    assert [line["number"] for line in map(json.loads, capfd.readouterr().err.splitlines()) if "problem" in line] == [
        number
    ]


def test_where_the_cure_is_known_an_error_says_it_and_else_asks_for_another_try(county, monkeypatch):
    desk = Desk(county)
    desk.sign_in("town")

    def page_of(error):
        def refuse(*_):
            raise error

        monkeypatch.setattr(server.office.today, "_stock", refuse)
        return desk.open("/office/")

    busy, full = page_of(Busy("锁被占用")), page_of(Unavailable("磁盘空间不足，请清理或扩容。"))
    wrong, often = page_of(UnsupportedMediaType()), page_of(TooManyRequests())

    assert (busy.status_code, full.status_code, wrong.status_code, often.status_code) == (503, 503, 415, 429)
    assert "正在保存别人的内容，请再点一次。" in busy.text and "锁被占用" not in busy.text
    assert "磁盘空间不足，请清理或扩容。" in full.text
    assert "只收 Excel（.xlsx）文件。" in wrong.text and "操作太快，请过一分钟再试。" in often.text
    for page in (busy, full, wrong, often):
        assert 'aria-label="主导航"' in page.text


def test_what_was_not_built_is_said_on_a_page_not_by_a_fault_of_the_program(county, monkeypatch):
    desk = Desk(county)
    desk.sign_in("town")
    whole = assets.built()
    monkeypatch.setattr(
        assets, "built", lambda: whole._replace(names={k: v for k, v in whole.names.items() if "cases" not in k})
    )

    page = desk.open("/office/board")

    assert page.status_code == 503 and 'aria-label="主导航"' in page.text
    assert "请管理员在源码目录重新安装" in page.text
    monkeypatch.setattr(assets, "built", lambda: whole._replace(names={}))
    assert desk.open("/office/board").status_code == 200


def texts() -> set[str]:
    """Return every Chinese text that pages say by ``t("…")``, and those that tables of words give them."""
    found: set[str] = set()
    for template in (OFFICE / "templates").rglob("*.html"):
        found |= {text for _, text in re.findall(r"""\bt\((["'])(.*?)\1""", template.read_text(encoding="utf-8"))}
    return {text for text in found if re.search("[\u4e00-\u9fff]", text)}


def test_every_text_of_a_page_has_its_english():
    assert sorted(texts() - set(pages.english())) == []


def test_colons_and_semicolons_between_values_are_of_the_reader_s_language():
    templates = {path.name: path.read_text(encoding="utf-8") for path in (OFFICE / "templates").rglob("*.html")}

    assert [name for name, text in templates.items() if re.search("[}%]}[：；]", text)] == []


def test_no_english_is_left_of_a_text_that_is_gone():
    sources = [
        *(ROOT / "server").rglob("*.py"),
        *(ROOT / "sync").rglob("*.py"),
        *(OFFICE / "templates").rglob("*.html"),
        *(ROOT / "server/data").glob("*.csv"),
    ]
    everything = "".join(path.read_text(encoding="utf-8") for path in sources)

    assert [text for text in pages.english() if text not in everything] == []


def test_a_text_has_one_english_in_all_parts_of_the_office():
    files = [each.read_text(encoding="utf-8") for each in (OFFICE / "english").glob("*.csv")]
    said = [row for text in files for row in csv.DictReader(text.splitlines())]

    assert [text for text, times in Counter(row["zh"] for row in said).items() if times > 1] == []


def test_values_stand_in_both_languages():
    names = {text: set(re.findall(r"{(\w*)}", text)) for text in pages.english()}

    assert {
        text: said for text, said in pages.english().items() if set(re.findall(r"{(\w*)}", said)) != names[text]
    } == {}


@pytest.mark.parametrize("path", [path for path in PAGES if "nowhere" not in path and "board/" not in path])
def test_in_english_nothing_of_our_own_stays_chinese(county, path):
    desk = Desk(county)
    desk.sign_in("viewer")
    desk.client.set_cookie(layout.LANGUAGE_COOKIE, "en")
    page = re.sub(
        r"<(script|style|option|td|dd|b|span class=\"at\")[ >].*?</\1>|<[^>]+>", " ", desk.open(path).text, flags=re.S
    )
    typed = {"中文", "涞源县", "viewer", "微型消防站", "隐患上报"}

    left = set(re.findall("[\u4e00-\u9fff]+", page)) - typed
    assert left == set()


def test_the_pages_have_no_sql_no_rule_and_no_list_of_acts_of_their_own():
    for path in OFFICE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr != "sql", path
    assert Path(OFFICE / "templates").is_dir()


def test_the_rail_says_how_much_waits(county_to_change):
    fields = {"label": "商店｜隐患"}
    add_record(county_to_change, "badge", "worker", fields, type="hazards", action="report", area="130630100201001")
    desk = Desk(county_to_change)
    desk.sign_in("town")
    page = desk.open("/office/").text
    waiting = re.search(r"待受理 <b>(\d+)</b>", desk.open("/office/board").text)[1]
    badges = dict(re.findall(r'data-place="(\w+)">(?:(?!</a>).)*?<b class="badge">(\d+)', page))

    assert badges["intake"] == waiting
    assert desk.open("/office/").text.count('class="rest"') == 1


@pytest.mark.parametrize(("name", "levels"), [("brigade", ["2", "3"]), ("town", ["1"])])
def test_supervision_is_offered_at_the_levels_of_ones_right_alone(county, name, levels):
    desk = Desk(county)
    desk.sign_in(name)
    form = desk.open(f"/office/cases/{uuid_of('case one')}").text.split('name="level"')[1].split("</select>")[0]

    assert re.findall(r'value="(\d)"', form) == levels
