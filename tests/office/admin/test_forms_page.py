"""Forms on their page: published with what is wrong of them said by row, tried out, brought back, taken out of use."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

from kobo_forms.export import to_xlsx
from server.forms.store import forms
from server.office.admin import forms as forms_page
from tests.office.desk import Desk

FORMS = "/office/admin/forms"
GOOD = """\
| survey |
| | type | name | label | save_to |
| | text | head | 站长 | head |
| | text | phone | 值班电话 | phone |
| entities |
| | list_name | label |
| | stations | ${head} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind | attribute::fg:title |
| | 微型站登记 | station | 2 | fg="urn:firegrid:xforms" | profile | 微型消防站 |
"""
FAULTY = GOOD.replace("| phone | 值班电话", "| phone 1 | 值班电话").replace("${head} |", "${number} |")


@pytest.fixture
def desk(county_to_change) -> Desk:
    desk = Desk(county_to_change)
    desk.sign_in("admin")
    return desk


def send(desk: Desk, text: str | bytes, to: str = FORMS, name: str = "station.md", **values: str):
    form = desk.form(desk.open(to), to)
    content = text.encode() if isinstance(text, str) else text
    return desk.client.post(to, data={**form.fields, **values, "form": (io.BytesIO(content), name)})


def listed(desk: Desk, form_id: str = "station"):
    return desk.county.do(lambda tx: forms.get(tx, form_id))


def test_every_fault_is_told_with_its_place_what_stands_there_and_the_cure(desk):
    page = send(desk, FAULTY, f"{FORMS}/station")

    assert page.status_code == 422
    assert "手机上还是 1 版，什么都没变。" in page.text
    assert "工作表 <b>survey</b> 第 3 行 列 <b>name</b>" in page.text
    assert "<code>phone 1</code>" in page.text
    assert page.text.count('class="cure"') == int(re.search(r"没有发布：(\d+) 处要改", page.text)[1]) >= 2
    assert listed(desk).version == "1"


def test_what_is_corrected_is_published_once_however_often_it_is_sent(desk):
    first, again = send(desk, GOOD), send(desk, GOOD)
    done = desk.open(f"{FORMS}/station?done=published")

    assert listed(desk).version == "2" and list(listed(desk).versions) == ["1", "2"]
    assert first.status_code == 200 and "早已发布" in (again.text or desk.open(again.location).text)
    assert "已发布 2" in done.text and "微型消防站" in done.text


def test_a_draft_is_for_its_testers_until_it_is_released(desk):
    nobody = send(desk, GOOD, draft="1", testers="nobody-here")
    for _ in range(2):
        send(desk, GOOD, draft="1", testers="worker，neighbour")
    page = desk.open(f"{FORMS}/station")
    released = desk.submit(desk.form(page, f"{FORMS}/station/release"))

    assert nobody.status_code == 404 and 'value="nobody-here"' in nobody.text
    assert "正在试用 2.1" in page.text and re.search("neighbour）?、.*worker", page.text)
    assert released.status_code == 200
    assert listed(desk).version == "2" and listed(desk, "station__trial").state == "closing"


def test_testers_are_chosen_from_phones_or_typed_by_name_and_namesakes_are_asked_about(desk):
    desk.county.do(
        lambda tx: tx.sql.run("UPDATE phone_key SET last_seen_at = :now WHERE person = 'worker'", {"now": tx.now})
    )
    desk.county.do(lambda tx: tx.sql.run("UPDATE person SET display = '王丽' WHERE name IN ('neighbour', 'officer')"))
    offered = desk.open(FORMS).text
    twice = send(desk, GOOD, draft="1", testers="王丽", tester="worker")
    desk.county.do(lambda tx: tx.sql.run("UPDATE person SET display = '李强' WHERE name = 'officer'"))
    send(desk, GOOD, draft="1", testers="王丽", tester="worker")

    assert re.search('name="tester" value="worker"', offered) and 'value="neighbour"' not in offered
    assert twice.status_code == 422 and "有2个“王丽”" in twice.text
    assert re.search('name="tester" value="worker" checked', twice.text) and 'value="王丽"' in twice.text
    assert listed(desk, "station__trial").draft.testers == {"neighbour", "worker"}
    assert "王丽（neighbour）" in desk.open(f"{FORMS}/station").text


@pytest.mark.parametrize("name", ["station.md", "station.xlsx"])
def test_a_refused_form_comes_back_as_a_workbook_with_red_cells_that_is_published_once_mended(desk, name):
    source = FAULTY.encode()
    page = send(desk, source if name.endswith(".md") else to_xlsx(source), f"{FORMS}/station", name)
    [address] = re.findall(r'href="(/office/admin/refused-forms/[^"]+)"', page.text)

    answer = desk.open(address)
    book = openpyxl.load_workbook(io.BytesIO(answer.data))

    cell = book["survey"]["B3"]
    assert cell.value == "phone 1" and cell.fill.fgColor.rgb == "FFFCECEA" and "→" in cell.comment.text
    assert book["要改的地方"].max_row == page.text.count('class="cure"') + 1
    cell.value, book["entities"]["B2"].value = "phone", "${head}"
    mended = io.BytesIO()
    book.save(mended)
    assert send(desk, mended.getvalue(), f"{FORMS}/station", "station-标红.xlsx").status_code == 200
    assert listed(desk).version == "2"
    desk.county.do(lambda tx: tx.sql.run("UPDATE roster_import SET expires_at = :now", {"now": tx.now}))
    assert desk.open(address).status_code == 404


def test_what_was_replaced_comes_back_once(desk):
    send(desk, GOOD)
    page = desk.open(f"{FORMS}/station")
    form, other = (desk.form(each, f"{FORMS}/station/bring-back") for each in (page, desk.open(f"{FORMS}/station")))
    first, again = desk.submit(form), desk.submit(other)

    assert first.status_code == 200
    assert again.status_code == 409 and "这张表单刚才又变过了" in again.text
    assert len(listed(desk).versions) == 3


def test_a_form_is_taken_out_of_use_in_two_steps(desk):
    page = f"{FORMS}/station"

    def button(value: str):
        form = desk.form(desk.open(page), f"{page}/state")
        return desk.submit(form, state=value)

    assert "关闭这张表单" not in desk.open(page).text
    assert "不再下发；手机上已填的照收。" in desk.open(button("closing").location).text
    assert "关闭这张表单" in desk.open(page).text
    assert "已关闭；" in desk.open(button("closed").location).text
    assert listed(desk).state == "closed"
    assert button("nonsense").status_code == 422


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "form.doc"),
        (b"PK\x03\x04 no workbook", "form.xlsx"),
        (b"\xff\xfe\x00", "form.csv"),
        (GOOD.encode(), "form"),
    ],
)
def test_an_odd_file_is_refused_with_a_sentence(desk, content, name):
    page = send(desk, content, name=name)

    assert page.status_code == 422
    assert "没有发布：" in page.text and 'class="cure"' in page.text


def test_no_file_is_asked_for_again_and_a_huge_one_is_too_large(desk):
    form = desk.form(desk.open(FORMS), FORMS)
    none = desk.client.post(FORMS, data=form.fields)
    told = {"CONTENT_LENGTH": str(forms_page.UPLOAD_BYTES_MAX + 1)}  # which is judged before the body is read
    huge = desk.client.post(FORMS, data=form.fields, environ_overrides=told)

    assert none.status_code == 422 and "请先选一个表单文件" in none.text
    assert huge.status_code == 413 and "内容太大" in huge.text


def test_a_version_is_given_as_a_workbook(desk):
    book = desk.open(f"{FORMS}/station/1.xlsx")

    assert book.status_code == 200 and book.data[:2] == b"PK"
    assert "attachment" in book.headers["Content-Disposition"]
    assert desk.open(f"{FORMS}/station/9.xlsx").status_code == 404


@pytest.mark.parametrize("name", ["town", "officer", "worker", "brigade", "viewer", "gas"])
def test_other_roles_find_no_administration_of_forms(county, name):
    desk = Desk(county)
    desk.sign_in(name)

    assert desk.open(FORMS).status_code == 403
    assert FORMS not in desk.open("/office/board").text
    token = desk.form(desk.open("/office/password"), "/office/password").fields
    assert desk.client.post(f"{FORMS}/station/state", data={**token, "state": "closed"}).status_code == 403
