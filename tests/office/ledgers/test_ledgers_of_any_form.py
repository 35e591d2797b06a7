"""Forms that nobody has seen before, once published, give ledgers: people look, register, correct and look back."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import kobo_forms
from server.forms.usecases import code_lists, publish
from server.office import layout
from tests.api_county import UNIT, add_record, uuid_of
from tests.county import prepared
from tests.office.desk import Desk

HYDRANTS = """\
| survey |
| | type | name | label::中文 (zh) | required | relevant | constraint | constraint_message | save_to |
| | begin_group | what | 是什么 | | | | | |
| | text | code_no | 编号 | yes | | | | code_no |
| | select_one kinds | kind | 种类 | | | | | kind |
| | integer | outlets | 出口数 | | ${kind} = 'hydrant' | . >= 1 and . <= 4 | 填1到4 | outlets |
| | select_multiple uses | uses | 用途 | | | | | uses |
| | end_group | what | | | | | | |
| | date | checked | 检查日期 | | | . <= today() | 不能晚于今天 | checked |
| | geopoint | spot | 位置 | | | | | spot |
| choices |
| | list_name | name | label::中文 (zh) |
| | kinds | hydrant | 消火栓 |
| | kinds | pool | 水池 |
| | uses | town | 城镇 |
| | uses | hills | 山林 |
| entities |
| | list_name | label |
| | water_points | concat(${code_no}, '号') |
| settings |
| | form_title | form_id | version | default_language | namespaces | attribute::fg:kind | attribute::fg:title |
| | 水源登记 | water | 1 | 中文 (zh) | fg="urn:firegrid:xforms" | profile | 消防水源 |
"""
DRILLS = """\
| survey |
| | type | name | label | required | save_to |
| | today | held_on | 演练日期 | | held_on |
| | text | label_ | <b>谁</b>&"来了" | yes | who |
| | decimal | hours | 用时 | | hours |
| | time | began | 开始 | | began |
| entities |
| | list_name | label |
| | drills | ${label_} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind |
| | 演练 | drill | 1 | fg="urn:firegrid:xforms" | event |
"""
OWNERS = """\
| survey |
| | type | name | label | save_to | bind::fg:personal |
| | text | shop | 店名 | shop | |
| | text | owner | 户主 | owner | name |
| | text | phone | 电话 | phone | phone |
| entities |
| | list_name | label |
| | shops | ${shop} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind |
| | 店铺 | shop | 1 | fg="urn:firegrid:xforms" | profile |
"""


@pytest.fixture
def county(county_to_change):
    for form in (HYDRANTS, DRILLS, OWNERS):
        county_to_change.publish(form)
    return county_to_change


def at_desk(county, name="officer"):
    desk = Desk(county)
    desk.sign_in(name)
    return desk


def new(desk, type, **answers):
    """Fill in a new record and send it; answers are named as in the page."""
    address = f"/office/ledgers/{type}/new"
    form = desk.form(desk.open(address), address)
    return desk.submit(form, **{f"q.{name.replace('__', '/')}": value for name, value in answers.items()}, **AREA)


AREA = {"q.area": UNIT}


def id_in(answer) -> str:
    return re.search(r"[0-9a-f-]{36}", answer.headers["Location"])[0]


def edit_form(desk, type, id):
    address = f"/office/ledgers/{type}/{id}/edit"
    return desk.form(desk.open(address), address)


def as_it_was(desk, form):
    """Return a form that was opened before its reader signed in anew, as a window left open would send it."""
    fresh = desk.form(desk.open(form.action), form.action)
    return replace(form, fields={**form.fields, "form_token": fresh.fields["form_token"]})


def test_a_new_record_is_registered_listed_corrected_and_its_history_kept(county):
    desk = at_desk(county)
    made = new(desk, "water_points", what__code_no="7", what__kind="pool", checked="2026-01-02", spot="39.1, 114.7")
    id = id_in(made)

    record = county.get(f"/records/{id}", "officer").json
    assert (record["label"], record["area"]) == ("7号", UNIT)
    assert record["fields"] == {"code_no": "7", "kind": "pool", "checked": "2026-01-02", "spot": "39.1 114.7 0 0"}
    listed = desk.open("/office/ledgers/water_points").text
    assert "7号" in listed and ">水池<" in listed.replace(" <", "<") and "登记" in listed

    saved = desk.submit(edit_form(desk, "water_points", id), **{"q.kind": "hydrant", "q.outlets": "２"})
    page = desk.open(saved.headers["Location"]).text

    assert county.get(f"/records/{id}", "officer").json["fields"]["outlets"] == "2"
    assert "已保存。" in page and "<s>水池</s> → <b>消火栓</b>" in page and "第2版" in page
    assert "是什么" in page


def test_the_rules_of_the_form_hold_on_the_page_and_nothing_typed_is_lost(county):
    desk = at_desk(county)
    empty = new(desk, "water_points", what__kind="pool", checked="2099-01-01")
    more = new(desk, "water_points", what__code_no="8", what__kind="hydrant")
    wrong = desk.submit(desk.form(more, "/office/ledgers/water_points/new"), **{"q.what/outlets": "9", **AREA})
    done = desk.submit(
        desk.form(wrong, "/office/ledgers/water_points/new"),
        **{"q.what/outlets": "3", "q.what/code_no": "8", "q.what/kind": "hydrant", **AREA},
    )

    assert empty.status_code == 422
    assert "此项必填" in empty.text and "不能晚于今天" in empty.text and 'value="2099-01-01"' in empty.text
    assert more.status_code == 422 and "还要再问1项" in more.text and "出口数" in more.text
    assert wrong.status_code == 422 and "填1到4" in wrong.text and 'value="9"' in wrong.text
    assert county.get(f"/records/{id_in(done)}", "officer").json["fields"]["outlets"] == "3"


def test_a_rule_that_only_a_phone_can_judge_is_said_when_a_record_is_corrected(county):
    office = at_desk(county)
    made = new(office, "water_points", what__code_no="HS-7", what__kind="pool", checked="2026-11-01").headers[
        "Location"
    ]
    harder = HYDRANTS.replace(". <= today()", "substr(., 0, 4) <= random()").replace("| water | 1 |", "| water | 2 |")
    county.publish(harder)

    form = office.form(office.open(f"{made.partition('?')[0]}/edit"), f"{made.partition('?')[0]}/edit")
    answer = office.submit(form, **{"q.checked": "2026-11-02"})

    assert answer.status_code == 404
    assert "请在手机上填" in answer.get_data(as_text=True)


def test_a_new_record_that_is_sent_twice_is_one(county):
    desk = at_desk(county)
    address = "/office/ledgers/water_points/new"
    form = desk.form(desk.open(address), address)
    answers = {"q.what/code_no": "9", **AREA}

    first, again, other = (
        desk.submit(form, **answers),
        desk.submit(form, **answers),
        desk.submit(form, **{**answers, "q.what/code_no": "10"}),
    )

    assert first.headers["Location"] == again.headers["Location"]
    assert other.status_code == 409 and "没有再办一次" in other.text
    assert len(county.get("/records?type=water_points", "officer").json["items"]) == 1


def test_an_event_is_registered_once_and_has_no_form_to_correct_it(county):
    desk = at_desk(county)
    id = id_in(new(desk, "drills", label_="<script>alert(1)</script>", hours="1.5", began="08:30"))
    page = desk.open(f"/office/ledgers/drills/{id}").text

    assert county.get(f"/records/{id}", "officer").json["fields"]["began"] == "08:30:00.000+08:00"
    assert "<script>alert" not in page and "&lt;b&gt;谁&lt;/b&gt;" in page
    assert f"/office/ledgers/drills/{id}/edit" not in page
    assert desk.open(f"/office/ledgers/drills/{id}/edit").status_code == 409


def test_who_changed_another_item_meanwhile_is_merged_and_the_same_item_keeps_both(county):
    desk = at_desk(county)
    id = id_in(new(desk, "water_points", what__code_no="11", what__kind="pool"))
    stale = edit_form(desk, "water_points", id)
    other = at_desk(county, "town")
    other.submit(edit_form(other, "water_points", id), **{"q.kind": "hydrant"})

    desk = at_desk(county)
    merged = desk.submit(as_it_was(desk, stale), **{"q.kind": "pool", "q.code_no": "12"})
    record = county.get(f"/records/{id}", "officer").json
    assert merged.headers["Location"].endswith("done=saved")
    assert (record["fields"]["code_no"], record["fields"]["kind"], record["conflicts"]) == ("12", "hydrant", [])

    form = edit_form(desk, "water_points", id)
    town = at_desk(county, "town")
    town.submit(edit_form(town, "water_points", id), **{"q.code_no": "13"})
    desk = at_desk(county)
    both = desk.submit(as_it_was(desk, form), **{"q.code_no": "14"})
    page = desk.open(both.headers["Location"]).text
    assert county.get(f"/records/{id}", "officer").json["conflicts"] == ["code_no"]
    assert "两个值都留着" in page and "填的是 13" in page


def test_what_is_masked_is_shown_masked_revealed_for_a_reason_and_not_edited(county):
    id = id_in(new(at_desk(county), "shops", shop="小店", owner="张三丰", phone="13812345678"))
    desk = at_desk(county, "viewer")
    page = desk.open(f"/office/ledgers/shops/{id}")

    assert "13812345678" not in page.text and "138****5678" in page.text and "张三丰" not in page.text
    assert "138****5678" in desk.open("/office/ledgers/shops").text
    assert f"{id}/edit" not in page.text and desk.open(f"/office/ledgers/shops/{id}/edit").status_code == 403
    handler = at_desk(county, "gas")
    assert handler.open(f"/office/ledgers/shops/{id}").status_code == 404


def test_unknown_filters_are_told_and_the_known_ones_narrow_the_list(county):
    desk = at_desk(county)
    for number, kind in (("21", "pool"), ("22", "hydrant")):
        form = {"what__code_no": number, "what__kind": kind}
        answer = new(desk, "water_points", **form, **({"what__outlets": "1"} if kind == "hydrant" else {}))
        assert answer.status_code == 303, answer.text

    pools = desk.open("/office/ledgers/water_points?f.kind=pool&colour=red&f.kind2=x&area=99").text
    found = desk.open("/office/ledgers/water_points?q=22&col=kind").text
    file = desk.open("/office/ledgers/water_points/export.csv?f.kind=pool")

    assert "21号" in pools and "22号" not in pools
    assert pools.count("不认识，已忽略") == 3
    assert "22号" in found and "21号" not in found and "编号" not in found.split("<table")[1].split("</table")[0]
    assert file.status_code == 200 and "21号" in file.text and "22号" not in file.text


def test_villages_without_a_record_are_named(county):
    desk = at_desk(county, "town")
    before = desk.open("/office/ledgers/water_points/missing").text
    new(desk, "water_points", what__code_no="31")
    after = desk.open("/office/ledgers/water_points/missing").text

    assert "荆山口村" in before and "荆山口村" not in after and "插箭岭村" in after
    assert "130630100202\t,插箭岭村" in desk.open("/office/ledgers/water_points/missing.csv").text


@pytest.mark.parametrize("path", ["/office/ledgers", "/office/board", "/office/figures?period=month"])
def test_an_address_with_a_slash_at_its_end_leads_to_its_page(county, path):
    address, mark, query = path.partition("?")

    answer = at_desk(county, "town").open(f"{address}/{mark}{query}")

    assert (answer.status_code, answer.headers["Location"]) == (303, path)


@pytest.fixture
def reporting(office):
    """A county with the built-in report and its lists."""
    office.do(code_lists.install)
    for name in ("premises", "hazard_report"):
        media = tuple(kobo_forms.sources(name).items())
        office.do(publish.publish, prepared(kobo_forms.source(name).decode(), media), None)
    return office


def test_who_reads_english_is_offered_codes_grids_and_handlers_in_english(reporting):
    desk = at_desk(reporting, "town")
    desk.client.set_cookie(layout.LANGUAGE_COOKIE, "en")
    asked = desk.open("/office/report").text
    fields = {"label": "路口小店｜停放电动车", "item": "ebike_in_evac"}
    add_record(reporting, "english", "worker", fields, type="hazards", action="report", area=UNIT)
    case = desk.open(f"/office/cases/{uuid_of('english')}").text

    assert "Person in charge or resident" in asked and "场所负责人或住户" not in asked
    assert "Not sure / another grid" in asked and "不确定/其他网格" not in asked
    assert "officer · Community officer · " in case and "村/社区干部" not in case
    assert "村（居）委会" not in case


@pytest.mark.parametrize("name", ["officer", "worker"])
def test_a_report_on_a_page_makes_the_case_that_a_phone_makes(reporting, name):
    desk = at_desk(reporting, name)
    form = desk.form(desk.open("/office/report"), "/office/report")
    typed = {"q.where/place": "路口小店", "q.what/item": "ebike_in_evac", "q.what_was_done/fixed_now": "no"}
    asked = desk.submit(form, **typed)
    answer = desk.submit(desk.form(asked, "/office/report"), **typed)
    case = reporting.get(f"/records/{id_in(answer)}", name).json

    assert asked.status_code == 422 and "还要再问2项" in asked.text and "没拍照的原因" in asked.text
    assert answer.headers["Location"].startswith("/office/cases/")
    assert (case["status"], case["area"], case["label"]) == ("reported", UNIT, "路口小店｜楼道/门厅/安全出口停放")
    assert (case["fields"]["category"], case["fields"]["severity"]) == ("ebike", "general")
    assert case["due_at"] is not None and "action" not in case["fields"]


def test_a_report_without_a_place_is_told_beside_its_question(reporting):
    desk = at_desk(reporting, "town")
    form = desk.form(desk.open("/office/report"), "/office/report")
    typed = {"q.where/place": "路口 13800000001", "q.what/item": "ebike_in_evac", "q.what_was_done/fixed_now": "no"}
    phone = desk.submit(form, **typed, seen=f"{form.fields['seen']} what/severity_claim what_was_done/no_photo_reason")

    assert phone.status_code == 422 and "这里不要写手机号" in phone.text and "路口 13800000001" in phone.text


def test_who_only_looks_reports_nothing(reporting):
    assert at_desk(reporting, "viewer").open("/office/report").status_code == 403


def test_a_huge_text_is_told_and_kept(county):
    desk = at_desk(county)
    id = id_in(new(desk, "water_points", what__code_no="51"))

    edited = desk.submit(edit_form(desk, "water_points", id), **{"q.code_no": "长" * 10_001})
    made = new(desk, "water_points", what__code_no="长" * 10_001)

    for page in (edited, made):
        assert page.status_code == 422 and "有10001个字符" in page.text and "长" * 10_001 in page.text
