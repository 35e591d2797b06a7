"""Areas, people, bodies and cards on their pages: looked at first, done once, nothing lost, nothing beyond a role."""

from __future__ import annotations

import io
import json
import re
import zipfile
from urllib.parse import urlencode

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from server import dated
from server.dated import rows_at
from server.office import layout, pages
from server.office.admin import bodies
from server.people.store import people
from server.people.usecases import address_moves
from tests.api_county import FAR_VILLAGE, NEXT_VILLAGE, PEOPLE, TOWN, UNIT, VILLAGE, add_record
from tests.county import EVERYTHING
from tests.office.desk import Desk, Reader

ADMIN = "/office/admin"
PAGES = (
    f"{ADMIN}/areas",
    f"{ADMIN}/areas?q=荆山口",
    f"{ADMIN}/areas/{VILLAGE}",
    f"{ADMIN}/areas/{VILLAGE}?do=rename",
    f"{ADMIN}/areas/{VILLAGE}?do=unit",
    f"{ADMIN}/areas/{VILLAGE}?do=close&from=2127-01-01",
    f"{ADMIN}/areas/{VILLAGE}/merge?into={NEXT_VILLAGE}&from=2127-01-01",
    f"{ADMIN}/areas/import",
    f"{ADMIN}/people",
    f"{ADMIN}/people?add=1",
    f"{ADMIN}/people/worker",
    f"{ADMIN}/people/worker?move={NEXT_VILLAGE}&from=2127-01-01",
    f"{ADMIN}/people/import",
    f"{ADMIN}/bodies",
    f"{ADMIN}/bodies?body=dept-gas",
    f"{ADMIN}/cards?area={VILLAGE}",
)
OF_TOWN = ("/people", "/cards")
HEAD = "姓名,岗位,乡镇,村,单元,网格代码,用户名\n"
NASTY = "<script>alert(1)</script>\"'&{{ 7*7 }}"


@pytest.fixture
def desk(county_to_change) -> Desk:
    return signed_in(county_to_change, "admin")


def signed_in(county, name: str) -> Desk:
    desk = Desk(county)
    desk.sign_in(name)
    return desk


def post(desk: Desk, page: str, action: str, **values: str):
    return desk.submit(form_of(desk.open(page), action), **values)


def form_of(page, action: str):
    """Return the form that posts to ``action``, not the filters of the same address."""
    return next(form for form in Reader(page.text).forms if (form.action, form.method) == (action, "post"))


def upload(desk: Desk, content: bytes, name: str = "花名册.csv", address: str = f"{ADMIN}/people/import"):
    form = form_of(desk.open(address), address)
    # In memory: of a large one the test client would leave a file open.
    boundary, body = encode_multipart({**form.fields, "file": FileStorage(io.BytesIO(content), name)})
    return desk.client.post(form.action, data=body, content_type=f'multipart/form-data; boundary="{boundary}"')


def person(desk: Desk, name: str):
    with desk.county.store.reading() as reading:
        return people.get(reading, name, EVERYTHING)


def is_of_town(path: str) -> bool:
    return path.removeprefix(ADMIN).startswith(OF_TOWN)


@pytest.mark.parametrize("name", [name for name, *_ in PEOPLE])
def test_every_page_is_for_whom_it_is_and_guarded(county, name):
    desk = signed_in(county, name)
    for path in PAGES:
        page = desk.open(path)
        read = Reader(page.text)

        may = name == "admin" or (name == "town" and is_of_town(path))
        seen = 200 if may else 404 if name == "othertown" and "worker" in path else 403
        if name == "othertown" and is_of_town(path) and "worker" not in path:
            seen = 200
        assert page.status_code == seen, (path, page.text[:300])
        assert page.headers["Content-Security-Policy"] == pages.POLICY
        assert page.headers["Cache-Control"] == "no-store"
        assert read.inline == []
        assert all(
            "form_token" in form.fields for form in read.forms if form.method == "post" and "lang" not in form.action
        )


def test_in_english_nothing_of_our_own_stays_chinese(county):
    desk = signed_in(county, "admin")
    desk.client.set_cookie(layout.LANGUAGE_COOKIE, "en")
    typed = re.compile("荆山口|插箭岭|水云乡|涞源县|白石山镇|走马驿镇|^第$|燃气|中文|村|单元|微型消防站|主管部门|供")
    for path in PAGES:
        tags = r"<(script|style|option|td|b|datalist|time)[ >].*?</\1>|<p class=\"note amber.*?</p>|<[^>]+>"
        text = re.sub(tags, " ", desk.open(path).text, flags=re.S)
        assert {each for each in re.findall("[\u4e00-\u9fff]+", text) if not typed.search(each)} == set(), path


def test_every_link_leads_on(county):
    desk = signed_in(county, "admin")
    links = {link for path in PAGES for link in Reader(desk.open(path).text).links if link.startswith(ADMIN)}

    assert {link: desk.open(link).status_code for link in links if desk.open(link).status_code != 200} == {ADMIN: 303}


def test_somebody_is_added_once_and_what_was_typed_comes_back(desk):
    add, typed = f"{ADMIN}/people?add=1", {"display": NASTY, "name": "li-1", "role": "grid_worker"}
    wrong = post(desk, add, f"{ADMIN}/people", **typed, area="没有的村", password="Lai-Yuan-2026")
    right = [post(desk, add, f"{ADMIN}/people", **typed, area="荆山口村 第1单元") for _ in range(2)]

    assert wrong.status_code == 422 and "没有叫“没有的村”的网格" in wrong.text
    assert "<script>alert" not in wrong.text and "&lt;script&gt;alert(1)" in wrong.text
    assert "Lai-Yuan-2026" not in wrong.text
    assert [answer.status_code for answer in right] == [303, 303]
    assert [duty.area for duty in person(desk, "li-1").duties] == [UNIT]
    assert "&lt;script&gt;" in desk.open(f"{ADMIN}/people/li-1").text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"body": "nobody"}, "没有代码为“nobody”的责任主体"),
        ({"from": "2127-02-30"}, "“2127-02-30”不是日期"),
        ({"from": "2127-01-01", "to": "soon"}, "“soon”不是日期"),
    ],
)
def test_a_wrong_body_or_day_is_told_at_its_input_and_the_rest_comes_back(desk, wrong, said):
    typed = {"role": "dept_handler", "area": "涞源县", **wrong}
    added = post(desk, f"{ADMIN}/people?add=1", f"{ADMIN}/people", name="lisi", display="李四", **typed)
    given = post(desk, f"{ADMIN}/people/worker", f"{ADMIN}/people/worker/duties", **typed)

    for answer in (added, given):
        assert answer.status_code == 422
        at = re.search(rf'name="{list(wrong)[-1]}"[^>]*aria-describedby="([^"]+)"', answer.text)
        assert said in re.search(rf'id="{at[1]}"[^>]*>(.*?)</', answer.text, re.DOTALL)[1]
        assert 'value="涞源县"' in answer.text
    assert 'value="李四"' in added.text


def test_a_filter_that_nobody_knows_is_told_and_ignored(desk):
    page = desk.open(f"{ADMIN}/people?area=xx&role=yy&phones=zz").text

    assert all(f"筛选条件“{each}”不认识，已忽略" in page for each in ("xx", "yy", "zz"))


def test_a_move_is_looked_at_and_then_made_once(desk):
    label = {"label": "商店｜隐患"}
    add_record(desk.county, "one", "worker", label, type="hazards", action="report", area=UNIT)
    page = desk.open(f"{ADMIN}/people/worker?move=插箭岭村 第1单元&from=2127-01-01")
    form = form_of(page, f"{ADMIN}/people/worker/move")

    answers = [desk.submit(form), desk.submit(form)]

    assert "现在什么都还没有改" in page.text and "2127-01-01 起调到" in page.text
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len([duty for duty in person(desk, "worker").duties if duty.starts_at < duty.ends_at]) == 2


def test_a_move_that_names_no_area_says_so_and_offers_no_button(desk):
    page = desk.open(f"{ADMIN}/people/worker?move=没有的村&from=2127-02-30").text

    assert "没有叫“没有的村”的网格" in page
    assert f'action="{ADMIN}/people/worker/move"' not in page


def test_who_stands_in_needs_an_end(desk):
    asked = {"role": "village_officer", "area": NEXT_VILLAGE, "acting": "1"}
    wrong = post(desk, f"{ADMIN}/people/worker", f"{ADMIN}/people/worker/duties", **asked)
    right = post(desk, f"{ADMIN}/people/worker", f"{ADMIN}/people/worker/duties", **asked, to="2127-03-01")

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert "代岗要填到哪天为止" in wrong.text
    assert person(desk, "worker").duties[-1].ends_at == "2127-02-28T16:00:00.000Z"


def test_a_new_password_is_shown_once_and_stored_by_nobody(desk):
    page = post(desk, f"{ADMIN}/people/officer", f"{ADMIN}/people/officer/password")

    password = re.search(r'class="password"><code>([^<]+)<', page.text)[1]
    assert page.headers["Cache-Control"] == "no-store"
    assert password not in desk.open(f"{ADMIN}/people/officer").text


def test_closing_an_account_says_what_ends(desk):
    page = desk.open(f"{ADMIN}/people/worker").text
    answer = post(desk, f"{ADMIN}/people/worker", f"{ADMIN}/people/worker/revoke")

    assert "马上结束的有" in page and "1 个岗位" in page
    assert answer.status_code == 303 and person(desk, "worker").revoked_at is not None
    assert f'action="{ADMIN}/people/admin/revoke"' not in desk.open(f"{ADMIN}/people/admin").text


def test_a_roster_is_checked_mended_and_imported_once(desk):
    rows = "刘一,网格员,,荆山口村,第1单元,,\n陈二,防火员,,荆山口村,,,\n"
    checked = upload(desk, (HEAD + rows).encode("gb18030"))
    page = desk.open(checked.location)
    form = form_of(page, checked.location)

    done = [desk.submit(form), desk.submit(form)]

    assert checked.status_code == 303
    assert "没有这个岗位" in page.text and "导入没问题的 1 行" in page.text and "GB18030" in page.text
    assert [answer.status_code for answer in done] == [303, 303]
    assert "已导入：新增 1 人" in desk.open(checked.location).text
    assert person(desk, "gw-100201-01").display == "刘一"
    marked = desk.open(f"{checked.location}/marked.xlsx")
    assert marked.data.startswith(b"PK") and "attachment" in marked.headers["Content-Disposition"]
    imported = desk.open(checked.location).text
    assert "要改的 1 行" in imported and "没有这个岗位" in imported
    assert f'href="{checked.location}/marked.xlsx"' in imported
    cards = desk.open(re.search(r'href="(/office/admin/cards\?roster=[^"]+)"', desk.open(checked.location).text)[1])
    assert 'value="gw-100201-01"' in cards.text and 'value="worker"' not in cards.text


@pytest.mark.parametrize(
    ("content", "said", "status"),
    [
        (b"", "空的", 400),
        (b"\xd0\xcf\x11\xe0 old", ".xls", 400),
        ("甲,乙\n".encode(), "没有找到表头", 400),
        ((HEAD + "刘,网格员,,荆山口村,,,\n" * 50_000).encode(), "5000", 413),
    ],
)
def test_a_file_that_is_no_roster_is_refused_in_words(desk, content, said, status):
    answer = upload(desk, content)

    assert answer.status_code == status
    assert said in answer.text and "Traceback" not in answer.text


def test_a_merger_is_looked_at_and_then_made_once(desk):
    page = desk.open(f"{ADMIN}/areas/{VILLAGE}/merge?into=插箭岭&from=2127-01-01&basis=18号")
    form = form_of(page, f"{ADMIN}/areas/{VILLAGE}/merge")

    answers = [desk.submit(form), desk.submit(form)]

    assert "合并前看一遍" in page.text and "2127-01-01 起合并" in page.text
    assert [answer.status_code for answer in answers] == [303, 303]
    assert "并入" in desk.open(f"{ADMIN}/areas/{VILLAGE}").text


def test_a_merger_that_cannot_be_made_offers_no_button(desk):
    day = "from=2127-01-01"
    for query in (f"into=荆山口&{day}", f"into=白石山镇&{day}", "into=插箭岭&from=2127-02-30", "into=x"):
        page = desk.open(f"{ADMIN}/areas/{VILLAGE}/merge?{query}")
        assert page.status_code == 200
        assert 'role="alert"' in page.text and "起合并</button>" not in page.text
        assert "个岗位" not in page.text and "在办案件" not in page.text  # nothing that is not going to happen


def test_the_tree_opens_step_by_step_and_a_unit_is_added(desk):
    nodes = desk.open(f"{ADMIN}/areas/{TOWN}/children").text
    added = post(desk, f"{ADMIN}/areas/{VILLAGE}?do=unit", f"{ADMIN}/areas/{VILLAGE}/unit", name="河西")

    assert "荆山口村" in nodes and 'aria-level="3"' in nodes and "<html" not in nodes
    assert added.location.startswith(f"{ADMIN}/areas/{VILLAGE}002")
    assert "河西" in desk.open(added.location).text


def test_a_body_is_registered_renamed_and_ended(desk):
    told = {"name": "供热公司", "code": "dept-heat", "kind": "department", "area": "涞源县", "contact": "13800000002"}
    added = post(desk, f"{ADMIN}/bodies", f"{ADMIN}/bodies", **told)
    one = f"{ADMIN}/bodies?body=dept-heat"
    renamed = post(desk, one, f"{ADMIN}/bodies/dept-heat", name="热力公司")

    assert (added.status_code, renamed.status_code) == (303, 303)
    assert "热力公司" in desk.open(one).text
    assert post(desk, one, f"{ADMIN}/bodies/dept-heat/end").status_code == 303
    assert "热力公司" not in desk.open(f"{ADMIN}/bodies").text


def test_a_body_that_is_listed_on_a_later_page_opens_and_comes_back_with_what_is_wrong(desk, monkeypatch):
    told = {"name": "供热公司", "code": "zz-heat", "kind": "department", "area": "涞源县", "contact": ""}
    post(desk, f"{ADMIN}/bodies", f"{ADMIN}/bodies", **told)
    monkeypatch.setattr(bodies, "ROWS", 1)
    one = f"{ADMIN}/bodies?body=zz-heat"

    wrong = post(desk, one, f"{ADMIN}/bodies/zz-heat", name="热力公司", **{"from": "x"})

    assert "zz-heat" not in desk.open(f"{ADMIN}/bodies").text
    assert wrong.status_code == 422 and 'value="热力公司"' in wrong.text
    assert post(desk, one, f"{ADMIN}/bodies/zz-heat", name="热力公司").status_code == 303


def test_an_area_is_renamed_to_something(desk):
    rename = f"{ADMIN}/areas/{VILLAGE}/rename"
    form = form_of(desk.open(f"{ADMIN}/areas/{VILLAGE}?do=rename"), rename)

    assert desk.submit(form, name=" ").status_code == 422
    assert "请填写名称" in desk.submit(form, name="").text
    assert desk.submit(form, name="新荆山口村村民委员会").status_code == 303


def with_address(county, url: str | None):
    county.found_at(url)
    return county


def test_without_an_address_for_phones_there_is_the_cure_and_no_print(desk):
    with_address(desk.county, None)
    page = desk.open(f"{ADMIN}/cards?area={VILLAGE}").text

    assert "现在的地址只有本机能用，先设好对外地址。" in page and "FIREGRID_PUBLIC_URL" in page
    assert "做卡片并打印" not in page


def test_cards_are_shown_once_with_a_key_that_opens_the_server(county_to_change):
    desk = signed_in(with_address(county_to_change, "http://fire.example.org"), "town")
    form = form_of(desk.open(f"{ADMIN}/cards?area={VILLAGE}"), f"{ADMIN}/cards")
    data = {**form.fields, "names": ["worker", "officer"]}

    sheet, same = desk.client.post(form.action, data=data), desk.client.post(form.action, data=data)
    other = desk.form(desk.open("/office/password"), "/office/password").fields
    again = desk.client.post(form.action, data={**data, **other})

    assert sheet.status_code == 200 and sheet.headers["Cache-Control"] == "no-store"
    assert sheet.text.count('<article class="phone-card"') == 2 and "发现火情先打119" in sheet.text
    assert Reader(sheet.text).inline == []
    assert same.status_code == 200 and re.findall(r"/key/[\w-]+", same.text) == re.findall(r"/key/[\w-]+", sheet.text)
    assert again.status_code == 409 and "刚才已经做好" in again.text
    assert desk.client.post(form.action, data={**data, "names": ["town"], "batch": "x"}).status_code == 403


def test_cards_for_somebody_who_is_not_there_say_so_beside_what_was_chosen(county_to_change):
    desk = signed_in(with_address(county_to_change, "http://fire.example.org"), "town")
    form = form_of(desk.open(f"{ADMIN}/cards?area={VILLAGE}"), f"{ADMIN}/cards")

    answer = desk.client.post(form.action, data={**form.fields, "names": ["worker", "nobody-here"]})

    assert answer.status_code == 404
    assert "没有用户“nobody-here”" in answer.text and "做卡片并打印" in answer.text and 'value="worker"' in answer.text
    assert 'class="phone-card"' not in answer.text


def test_while_the_server_moves_those_who_have_not_are_listed_and_chosen_for_cards(county_to_change):
    county = with_address(county_to_change, "http://192.168.1.20:8600")
    county.client.get(f"/key/{county.keys['worker']}/formList", headers={"Host": "192.168.1.20:8600"})
    county.do(address_moves.begin, "https://fire.example.org", old=None, known="http://192.168.1.20:8600", by="test")
    desk = signed_in(with_address(county, None), "town")

    listed = desk.open("/office/problems/devices").text
    page = desk.open(f"{ADMIN}/cards?moved=no")
    form = form_of(page, f"{ADMIN}/cards")
    sheet = desk.client.post(form.action, data={**form.fields, "names": ["worker"]})
    after = desk.open(f"{ADMIN}/cards?moved=no").text

    assert "还没用新地址来过的手机" in listed and "http://192.168.1.20:8600</td>" in listed
    assert f'href="{ADMIN}/cards?moved=no"' in listed
    assert 'value="worker" aria-label="worker" checked' in page.text
    assert sheet.status_code == 200
    assert "没有勾选的 1 人已有新卡片" in after
    assert 'value="worker" aria-label="worker">' in after
    assert "新卡片" in desk.open("/office/problems/devices").text


def test_a_town_sees_its_own_and_its_rail_leads_there(county):
    desk = signed_in(county, "town")

    assert 'href="/office/admin"' in desk.open("/office/").text
    assert desk.open("/office/admin").location.endswith("/people")
    page = desk.open(f"{ADMIN}/people").text
    assert "worker" in page and "stranger" not in page
    assert desk.open(f"{ADMIN}/people/stranger").status_code == 404
    assert FAR_VILLAGE not in page


def test_the_roster_to_fill_in_is_saved_under_its_chinese_name(county):
    answer = signed_in(county, "town").open(f"{ADMIN}/people/import/template.xlsx")

    assert answer.data.startswith(b"PK")
    named = "attachment; filename=file.xlsx; filename*=UTF-8''%E4%BA%BA%E5%91%98%E8%8A%B1%E5%90%8D%E5%86%8C.xlsx"
    assert answer.headers["Content-Disposition"] == named


def test_too_large_a_roster_is_told_with_how_large_one_may_be(desk):
    kind = "multipart/form-data; boundary=x"
    answer = desk.client.post(f"{ADMIN}/people/import", data=b"x" * 11_000_000, content_type=kind)

    assert answer.status_code == 413 and "文件太大，最多 10 MB。" in answer.text


@pytest.mark.parametrize("what", ["people", "areas"])
def test_a_form_without_a_file_asks_for_one(desk, what):
    address = f"{ADMIN}/{what}/import"

    answer = desk.client.post(address, data=form_of(desk.open(address), address).fields)

    assert answer.status_code == 422 and "请先选一个文件" in answer.text


def test_a_text_that_is_too_long_is_refused_in_words_and_comes_back_whole(desk):
    basis = "涞源县人民政府关于村庄合并的批复" * 20
    looked = desk.open(
        f"{ADMIN}/areas/{VILLAGE}/merge?{urlencode({'into': '插箭岭', 'from': '2127-01-01', 'basis': basis})}"
    )
    page = desk.open(f"{ADMIN}/areas/{VILLAGE}/merge?into=插箭岭&from=2127-01-01&basis=18号")
    sent = desk.submit(form_of(page, f"{ADMIN}/areas/{VILLAGE}/merge"), basis=basis)
    endless = desk.submit(form_of(page, f"{ADMIN}/areas/{VILLAGE}/merge"), basis="长" * 2_001)

    assert "起合并</button>" not in looked.text
    for answer, said in ((looked, "最多200个"), (sent, "最多200个"), (endless, "最多2000个")):
        assert said in answer.text
    assert basis in looked.text and basis in sent.text and "长" * 2_001 in endless.text
    assert (sent.status_code, endless.status_code) == (422, 422)


GRID_HEAD = "代码,名称,层级,上级,生效日期,失效日期,并入\n"


def test_areas_are_imported_after_a_look_and_once(desk):
    rows = f"130630100203,新村,,,,,\n{VILLAGE},,,,,2127-01-01,{NEXT_VILLAGE}\n13063,坏村,,,,,\n130630999201,孤村,,,,,\n"
    before = desk.county.every_row()["area"]
    checked = upload(desk, (GRID_HEAD + rows).encode(), "网格.csv", f"{ADMIN}/areas/import")
    page = desk.open(checked.location)
    form = form_of(page, checked.location)

    assert desk.county.every_row()["area"] == before
    assert "不是网格代码" in page.text and "上级网格不存在" in page.text and "导入没问题的 2 行" in page.text
    done = [desk.submit(form), desk.submit(form)]

    assert [answer.status_code for answer in done] == [303, 303]
    assert "已导入：新增 2 个网格" in desk.open(checked.location).text
    assert "新村" in desk.open(f"{ADMIN}/areas?q=新村").text
    assert [duty.area for duty in person(desk, "officer").duties if duty.ends_at > "2127-06"] == [NEXT_VILLAGE]
    again = desk.open(upload(desk, (GRID_HEAD + rows).encode(), "网格.csv", f"{ADMIN}/areas/import").location)
    assert "没有可以导入的改动" in again.text


def test_the_faults_of_areas_come_as_a_marked_workbook_that_can_be_read_again(desk):
    rows = "130630100203,新村,,,,,\n13063,坏村,,,,,\n"
    checked = upload(desk, (GRID_HEAD + rows).encode(), "网格.csv", f"{ADMIN}/areas/import")

    marked = desk.open(f"{checked.location}/marked.xlsx")
    again = desk.open(upload(desk, marked.data, "标红.xlsx", f"{ADMIN}/areas/import").location)

    with zipfile.ZipFile(io.BytesIO(marked.data)) as book:
        assert "不是网格代码" in book.read("xl/comments1.xml").decode()
    assert "要改的 1 行" in again.text and "没有读取这些列：问题、怎么改" in again.text


def test_a_village_is_not_imported_without_its_faulty_town_and_nobody_else_goes_on_with_it(desk):
    rows = "130630300,,,,,,\n130630300201,新村,,,,,\n"
    checked = upload(desk, (GRID_HEAD + rows).encode(), "网格.csv", f"{ADMIN}/areas/import")

    page = desk.open(checked.location)

    assert "没有名称" in page.text and "上级网格不存在" in page.text and "导入没问题的" not in page.text
    desk.county.do(lambda tx: tx.sql.run("UPDATE roster_import SET person = 'other'"))
    assert desk.open(checked.location).status_code == 404


@pytest.mark.parametrize(("content", "said"), [(b"", "空的"), ("甲,乙\n".encode(), "没有找到表头")])
def test_a_file_that_is_no_grid_is_refused_in_words(desk, content, said):
    answer = upload(desk, content, "网格.csv", f"{ADMIN}/areas/import")

    assert answer.status_code == 400 and said in answer.text


@pytest.mark.parametrize(
    ("address", "action"), [("areas/grid.csv", "grid.export"), ("people/vacancies.csv", "people.export")]
)
def test_a_file_that_is_taken_out_is_on_record_with_its_number_of_rows(desk, address, action):
    lines = desk.open(f"{ADMIN}/{address}").text.splitlines()[1:]

    desk.county.do(lambda tx: None)  # what was to be written without waiting is written before this
    [kept] = desk.county.rows("SELECT detail FROM audit WHERE action = :action", action=action)
    told = json.loads(kept["detail"])
    del told["began_at"]

    assert told == {"format": "csv", "rows": len(lines)}


@pytest.mark.parametrize("address", ["areas/grid.csv", "people/vacancies.csv"])
def test_no_file_is_taken_out_by_who_may_not_export(desk, address, monkeypatch):
    without = [{**row, "county_admin": ""} if row["object"] == "export" else row for row in dated.table("rights")]
    monkeypatch.setattr(dated, "rows_at", lambda table, at: without if table == "rights" else rows_at(table, at))

    answer = desk.open(f"{ADMIN}/{address}")

    assert answer.status_code == 403 and "不能导出" in answer.text
    assert desk.county.rows("SELECT id FROM audit WHERE action LIKE '%.export'") == []
