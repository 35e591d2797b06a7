"""The page of a case shows what is known of it: facts, photos by what they show, what came late, what came before."""

from __future__ import annotations

import html
import re

import pytest

from server.audit.store import chain
from tests.case_land import a_report
from tests.filled_forms import photo
from tests.office.desk import Desk, with_passwords

JPEG = b"\xff\xd8\xff\xe0 a photo"
WORKER = "user:worker"
FIXED = {"result_code": "fixed", "no_photo_reason": "no_battery"}


@pytest.fixture
def page(land):
    """Return what opens a page as somebody."""
    with_passwords(land.valley)

    def open_as(name, path):
        desk = Desk(land.valley)
        desk.sign_in(name)
        return desk, desk.open(path)

    return open_as


def facts_of(text: str) -> dict[str, str]:
    found = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", text, flags=re.S)
    return {name: " ".join(re.sub(r"<form.*?</form>|<[^>]+>", " ", value, flags=re.S).split()) for name, value in found}


def test_the_facts_tell_where_it_is_who_had_it_and_whether_the_limit_was_kept(land, page):
    id = land.report("neighbour", spot="39.2153 114.7021 800 8")
    land.lead_to(id, ("assign", "officer", {"assignee": "user:neighbour"}))
    land.clock.pass_by(hours=30)
    land.lead_to(id, ("assign", "officer", {"assignee": WORKER}), ("feedback", "worker", FIXED))

    desk, shown = page("town", f"/office/cases/{id}")
    facts = facts_of(shown.text)
    [on_the_map] = re.findall(r'href="(/office/board\?[^"]+map=1[^"]+)"', shown.text)

    assert facts["定位"] == "39.21530, 114.70210 ±8米 在地图上看"
    assert re.findall(r'<tr[^>]* data-id="([^"]+)"', desk.open(html.unescape(on_the_map)).text) == [id]
    assert re.fullmatch(r"worker \d\d-\d\d — \d\d-\d\d neighbour", facts["承办"])
    assert facts["处置期限"].endswith("按期")


def test_what_is_masked_is_shown_for_a_reason_that_the_audit_keeps(land, page):
    id = land.report(place="后院 13812345678")
    desk, shown = page("town", f"/office/cases/{id}")
    form = desk.form(shown, f"/office/cases/{id}/reveal")

    refused = desk.submit(form, reason="看")
    revealed = desk.submit(form, reason="要打电话问清楚")
    kept = [
        each for each in land.valley.do(lambda tx: list(chain.list_about(tx, id))) if each.event == "personal.reveal"
    ]

    assert "13812345678" not in shown.text
    assert refused.status_code == 422 and "请写明为什么要看" in refused.text and "13812345678" not in refused.text
    assert facts_of(revealed.text)["场所"] == "后院 13812345678"
    assert [each.details["reason"] for each in kept] == ["要打电话问清楚"]
    assert "为什么要看" not in page("viewer", f"/office/cases/{id}")[1].text


def test_a_feedback_that_came_late_is_told_above_and_leads_to_its_problem(land, page):
    id = land.report("neighbour")
    land.act(id, "assign", "officer", assignee=WORKER)
    held = land.phone("worker")
    held.act(id, "feedback", **FIXED)
    land.lead_to(id, ("feedback", "worker", FIXED), ("close", "town"))
    held.send()

    _, shown = page("town", f"/office/cases/{id}")
    problem = land.valley.rows("SELECT id FROM problem WHERE record = :id AND kind = 'recorded'", id=id)[0]["id"]

    assert "案件已办结之后又收到一次反馈。" in shown.text
    assert f'href="/office/problems?problem={problem}">在问题里处理' in shown.text
    assert "收到时案件已办结，内容留存，<b>结果不变</b>" in shown.text
    assert "在问题里处理" not in page("worker", f"/office/cases/{id}")[1].text


def test_what_a_phone_sent_can_be_looked_at_masked_as_its_reader_may_see_it(land, page):
    id = land.report(place="后院 13812345678")

    desk, shown = page("officer", f"/office/cases/{id}")
    whole = desk.open(f"/office/cases/{id}/submissions/1")
    masked = page("viewer", f"/office/cases/{id}/submissions/1")[1]
    file = desk.open(f"/office/cases/{id}/submissions/1.xml")

    assert f'href="/office/cases/{id}/submissions/1">看提交' in shown.text
    assert '<dt title="place">place</dt><dd>后院 13812345678</dd>' in whole.text
    assert "13812345678" not in masked.text and "您的岗位看不到里面的个人信息" in masked.text
    assert file.data.lstrip().startswith(b"<") and "attachment" in file.headers["Content-Disposition"]
    assert page("stranger", f"/office/cases/{id}/submissions/1")[1].status_code == 404
    land.act(id, "note", "officer", note="网页上写的")
    assert desk.open(f"/office/cases/{id}/submissions/2").status_code == 404


def test_photos_say_what_they_show_by_what_they_came_with(land, page):
    report = a_report(photo="before.jpg", photo_after="after.jpg", action="spot_close")
    land.valley.phone("worker").send(report, photo("before.jpg", JPEG), photo("after.jpg", JPEG))
    bare = land.report(no_photo_reason="no_battery")

    tags = re.findall(r'<b class="tag">(.*?)</b>', page("officer", f"/office/cases/{report.entities[0].id}")[1].text)

    assert tags == ["整改前", "整改后"]
    assert re.search(r"没有照片：\S+", page("officer", f"/office/cases/{bare}")[1].text)


def test_other_cases_of_a_place_stand_beside_and_one_that_came_back_is_marked(land, page):
    first, other = land.report("neighbour"), land.report("neighbour", item="corridor_blocked")
    land.lead_to(first, ("assign", "officer", {"assignee": WORKER}), ("feedback", "worker", FIXED), ("close", "town"))
    land.clock.pass_by(hours=24 * 60)
    again = land.report("neighbour")
    elsewhere = land.report("neighbour", place="演示民宿08")

    text = page("officer", f"/office/cases/{again}")[1].text
    card = text[text.index("<h2>同一场所</h2>") :].split("</section>")[0]
    marked = {re.search(r'cases/([^"]+)"', row)[1]: "90天内反弹" in row for row in card.split("</li>")[:-1]}

    assert marked == {first: True, other: False}
    assert elsewhere not in card


def test_who_follows_a_case_by_its_statuses_may_leave_edits_out(land, page):
    id = land.report()
    land.act(id, "note", "officer", note="说一声")

    text = page("officer", f"/office/cases/{id}")[1].text

    assert 'id="only-status"' in text
    assert re.findall(r'<li class="([^"]*)">\s*<p><b>(?:officer|worker)</b> (\S+?)[ <]', text) == [
        (" edit", "说明"),
        ("", "上报"),
    ]


def test_a_clock_that_was_fast_is_told(land, page):
    held = land.phone("worker")
    id = held.report()
    held.unsent[0].values["start"] = "2036-05-01T08:00:00.000+08:00"
    held.send()

    text = page("officer", f"/office/cases/{id}")[1].text

    assert re.search(r"手机时间快\d+天，已按收到时间计算", text)
