"""Lists with new versions that are checked with their forms, the rules in force today, and how the server is."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from importlib.resources import files

import pytest

from server import instants
from server.admin.store import backup_facts
from server.admin.usecases import health
from server.errors import Unavailable
from server.office import layout
from server.office.admin import code_lists
from tests.office.desk import Desk

CODES = "/office/admin/codes"
FORM = """\
| survey |
| | type | name | label | save_to |
| | select_one_from_file tools.csv | tool | 器材 | tool |
| entities |
| | list_name | label |
| | kits | ${tool} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind | attribute::fg:title |
| | 器材登记 | kit | 1 | fg="urn:firegrid:xforms" | profile | 器材 |
"""
HEAD = "name,label,label_en,active_from,active_to\n"
TOOLS = f"{HEAD}hose,水带,Hose,2026-01-01,\nshovel,铁锹,Shovel,2026-01-01,\n".encode()
MORE = TOOLS + "bucket,水桶,Bucket,2026-01-01,\n".encode()
BAD = f"{HEAD}hose,水带,Hose,2026-01-01,\nhose 2,水带二,Hose,2026-13-01,\n".encode()


@pytest.fixture
def desk(county_to_change) -> Desk:
    county_to_change.publish(FORM, **{"tools.csv": TOOLS})
    desk = Desk(county_to_change)
    desk.sign_in("admin")
    return desk


def send(desk: Desk, content: bytes):
    form = desk.form(desk.open(f"{CODES}/tools"), f"{CODES}/tools")
    return desk.client.post(form.action, data={**form.fields, "list": (io.BytesIO(content), "tools.csv")})


def test_a_bad_list_of_a_live_form_is_refused_with_row_and_cure(desk):
    page = send(desk, BAD)

    assert page.status_code == 422
    assert "没有发布：" in page.text and "<b>tools.csv</b> 第 3 行" in page.text and "→ " in page.text
    assert desk.open(f"{CODES}/tools.csv").data == TOOLS


def test_a_good_list_takes_the_place_of_the_old_one_which_can_come_back_once(desk):
    replaced = send(desk, MORE)
    assert replaced.status_code == 200
    assert desk.open(f"{CODES}/tools.csv").data == MORE
    assert "水桶" in desk.open(f"{CODES}/tools").text and "器材登记" in desk.open(CODES).text

    form = desk.form(desk.open(f"{CODES}/tools"), f"{CODES}/tools/bring-back")
    first, again = desk.submit(form), desk.submit(form)

    assert first.status_code == again.status_code == 200
    assert desk.open(f"{CODES}/tools.csv").data == TOOLS


def test_a_list_in_the_encoding_of_excel_and_one_that_is_none(desk):
    assert send(desk, MORE.decode().encode("gb18030")).status_code == 200
    assert "水桶" in desk.open(f"{CODES}/tools").text
    assert send(desk, b"").status_code == 422
    assert desk.open(f"{CODES}/nothing").status_code == 404


def test_the_rules_that_come_with_the_program_are_shown_as_of_today(county):
    desk = Desk(county)
    desk.sign_in("admin")
    listed = desk.open(CODES).text

    for name, title in code_lists.TABLES.items():
        page = desk.open(f"{CODES}/tables/{name}")
        assert page.status_code == 200 and title in page.text and title in listed
    assert "受理时限" in desk.open(f"{CODES}/tables/time_limits").text
    assert desk.open(f"{CODES}/tables/secrets").status_code == 404


def test_a_built_in_list_is_called_by_a_name_that_people_read(county_to_change):
    county_to_change.publish(FORM.replace("tools.csv", "told.csv"), **{"told.csv": TOOLS})
    desk = Desk(county_to_change)
    desk.sign_in("admin")
    built_in = {each.name.removesuffix(".csv") for each in files("kobo_forms").joinpath("lists").iterdir()}

    assert set(code_lists.LISTS) == built_in
    assert ">告知对象</a><small>told.csv</small>" in desk.open(CODES).text
    assert "<b>告知对象</b>" in desk.open(f"{CODES}/told").text


def test_health_says_what_is_well_and_cures_what_is_not(county, monkeypatch):
    desk = Desk(county)
    desk.sign_in("admin")
    well = desk.open("/office/admin/health").text

    def is_full(*_):
        raise Unavailable("磁盘空间不足，请清理或扩容。")

    monkeypatch.setattr(health, "require_ready", is_full)
    ill = desk.open("/office/admin/health").text

    for word in ("数据库", "磁盘", "备份", "手机", "排队", "审计链", "版本"):
        assert word in well
    assert "能读能写" in well and "从未备份" in well
    assert "现在写不进去" in ill and "firegrid check --data" in ill


def test_a_table_without_rules_of_today_is_shown_empty(county, monkeypatch):
    real = code_lists.dated.rows_at
    monkeypatch.setattr(code_lists.dated, "rows_at", lambda name, at: [] if name == "retention" else real(name, at))
    desk = Desk(county)
    desk.sign_in("admin")

    assert "办理时限" in desk.open(CODES).text
    assert desk.open(f"{CODES}/tables/retention").status_code == 200


def load_holidays(desk: Desk, text: str):
    action = f"{CODES}/holidays"
    form = desk.form(desk.open(action), action)
    return desk.client.post(action, data={**form.fields, "file": (io.BytesIO(text.encode()), "2031.csv")})


def test_a_year_of_holidays_is_loaded_from_a_page_as_a_whole_or_not_at_all(county_to_change):
    desk = Desk(county_to_change)
    desk.sign_in("admin")
    off = {
        "01-01": "元旦",
        "05-01": "劳动节",
        "05-02": "劳动节",
        **dict.fromkeys(("10-01", "10-02", "10-03"), "国庆节"),
    }
    days = "".join(f"2031-{day},放假,{name}\n" for day, name in off.items())
    bad = load_holidays(desk, f"日期,类别,名称\n{days}2031-02-30,放假,x\n")
    none = load_holidays(desk, "甲,乙\n")
    good = load_holidays(desk, f"日期,类别,名称\n{days}")

    assert bad.status_code == 422 and "第 8 行" in bad.text and "什么都没有变" in bad.text
    assert none.status_code == 400 and "没有找到表头" in none.text
    assert good.location == f"{CODES}/holidays?year=2031&done=1"
    page = desk.open(good.location).text
    assert (
        "2031年：放假 6 天" in page
        and "劳动节" in page
        and f'href="{CODES}/holidays?year=2031"' in desk.open(CODES).text
    )
    assert "2031-10-01,放假,国庆节" in desk.open(f"{CODES}/holidays/2031.csv").text
    assert desk.open(f"{CODES}/holidays/1999.csv").status_code == 404


def test_a_backup_is_told_by_its_age_and_one_that_failed_by_why(county_to_change):
    county = county_to_change

    def told():
        with county.store.reading() as reading:
            return next(each for each in health.findings(county.store, reading, 0) if each.what == "备份")

    never = told()
    county.do(lambda tx: backup_facts.record_finished(tx, "/srv/copies", "set", tx.now))
    fresh = told()
    county.do(
        lambda tx: backup_facts.record_finished(tx, "/srv/copies", "set", instants.later(tx.now, -timedelta(days=3)))
    )
    old = told()
    county.do(lambda tx: backup_facts.record_failed(tx, "磁盘已满。"))
    failed = told()

    assert [each.mark.value for each in (never, fresh, old, failed)] == ["look", "good", "look", "look"]
    assert never.said == "从未备份。" and fresh.command == "" and old.values["days"] == "3"
    assert old.command == "firegrid backup /srv/copies --data DIR" and failed.values["why"] == "磁盘已满。"


def test_in_english_health_speaks_english(county):
    desk = Desk(county)
    desk.sign_in("admin")
    desk.client.set_cookie(layout.LANGUAGE_COOKIE, "en")

    table = re.search("<table.*?</table>", desk.open("/office/admin/health").text, re.S)[0]

    assert re.findall("[\u4e00-\u9fff]+", re.sub("<code>.*?</code>", "", table)) == []


def test_a_disk_that_fills_up_soon_is_told_of(county):
    free_min = health.disk_room.free_bytes(county.store.folder)
    with county.store.reading() as reading:
        found = {each.what: each for each in health.findings(county.store, reading, free_min)}

    assert found["磁盘"].mark is not health.Mark.GOOD and found["磁盘"].command


@pytest.mark.parametrize("name", ["town", "officer", "worker", "brigade", "viewer"])
@pytest.mark.parametrize("path", [CODES, f"{CODES}/holidays", f"{CODES}/tables/rights", "/office/admin/health"])
def test_other_roles_find_neither(county, name, path):
    desk = Desk(county)
    desk.sign_in(name)

    assert desk.open(path).status_code == 403
