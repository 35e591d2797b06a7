"""A problem is settled at a desk by those who may; a choice is taken back; nothing typed is lost."""

from __future__ import annotations

import io
import re
from html import unescape

import pytest

from server.office.problems import answers
from server.office.problems import desk as desk_page
from server.problems.domain.settlements import Choice
from server.staffing.usecases import enrolment
from tests.api_county import OTHER_TOWN, PASSWORD, SUBMISSION, UNIT, add_record, edit, uuid_of
from tests.office.desk import Desk, Reader

NASTY = "<script>alert(1)</script>'\""
STATION = "station desk"


@pytest.fixture
def county(county_to_change):
    """A station on which two phones disagree about the number of hoses."""
    add_record(county_to_change, STATION, "worker", {"head": "甲", "hoses": "6", "label": f"桌站{NASTY}"}, area=UNIT)
    edit(county_to_change, STATION, "worker", "phone-x", {"hoses": "6"}, {"hoses": "5"}, 1)
    edit(county_to_change, STATION, "officer", "phone-y", {"hoses": "6"}, {"hoses": "9"}, 1)
    return county_to_change


def signed_in(county, name: str) -> Desk:
    desk = Desk(county)
    desk.sign_in(name, PASSWORD)
    return desk


def problem_of(county, kind: str = "conflict") -> str:
    items = county.get(f"/problems?record={uuid_of(STATION)}&kind={kind}&settled=any", "brigade").json["items"]
    return items[0]["id"]


def hoses(county) -> str:
    return county.get(f"/records/{uuid_of(STATION)}", "brigade").json["fields"]["hoses"]


def choosing(desk: Desk, id: str):
    page = desk.open(f"/office/problems?problem={id}")
    action = f"/office/problems/{id}/settlement"
    return next(each for each in Reader(page.text).forms if each.action == action and each.fields["how"] == "choose")


def picks(page: str) -> list[str]:
    return re.findall(r'name="pick:hoses" value="(\d+)"', page)


@pytest.mark.parametrize(
    ("name", "may"),
    [("officer", True), ("town", True), ("brigade", True), ("admin", True), ("othertown", False), ("worker", False)],
)
def test_a_problem_is_before_those_who_may_settle_it(county, name, may):
    desk, id = signed_in(county, name), problem_of(county)

    assert (f"problem={id}" in desk.open("/office/problems").text) is may


def test_both_values_stand_beside_each_other_with_who_wrote_them(county):
    page = signed_in(county, "town").open(f"/office/problems?problem={problem_of(county)}").text

    assert "水带数以哪个为准？" in page
    assert re.search(r'data-words="5".*data-words="9"', page, re.S)
    assert page.count("现在显示的") == 1
    assert NASTY not in page and "&lt;script&gt;" in page


def test_a_value_is_chosen_and_the_choice_taken_back(county):
    desk, id = signed_in(county, "town"), problem_of(county)
    form = choosing(desk, id)
    first = picks(desk.open(f"/office/problems?problem={id}").text)[0]

    answer = desk.submit(form, **{"pick:hoses": first})
    chosen, toast = hoses(county), desk.open(answer.headers["Location"])
    back = desk.submit(
        next(each for each in Reader(toast.text).forms if each.fields.get("how") == "undo" and id in each.action)
    )

    assert answer.status_code == 303
    assert chosen == "5"
    assert "已选定" in toast.text and "撤回" in toast.text
    assert back.status_code == 303
    assert "hoses" in county.get(f"/records/{uuid_of(STATION)}", "brigade").json["conflicts"]
    assert "水带数以哪个为准？" in desk.open(back.headers["Location"]).text


def test_another_value_is_written_and_must_fit_its_field(county):
    desk, id = signed_in(county, "town"), problem_of(county)
    form = choosing(desk, id)

    wrong = desk.submit(form, **{"pick:hoses": "own", "other:hoses": f"七{NASTY}"})
    empty = desk.submit(form, **{"pick:hoses": "own", "other:hoses": " "})
    right = desk.submit(form, **{"pick:hoses": "own", "other:hoses": "7"})

    assert (wrong.status_code, empty.status_code, right.status_code) == (422, 422, 303)
    assert "七&lt;script&gt;" in wrong.text and NASTY not in wrong.text
    assert "请写上正确的值" in empty.text
    assert hoses(county) == "7"


@pytest.mark.parametrize("picked", [{}, {"pick:hoses": "77"}, {"pick:hoses": "x"}, {"how": "nonsense"}])
def test_what_is_no_choice_changes_nothing(county, picked):
    desk, id = signed_in(county, "town"), problem_of(county)

    assert desk.submit(choosing(desk, id), **picked).status_code == 422
    assert len(picks(desk.open(f"/office/problems?problem={id}").text)) == 2


def test_what_another_settled_meanwhile_is_said(county):
    desk, id = signed_in(county, "town"), problem_of(county)
    form = choosing(desk, id)
    first, second = picks(desk.open(f"/office/problems?problem={id}").text)
    other = signed_in(county, "brigade")
    assert other.submit(choosing(other, id), **{"pick:hoses": second}).status_code == 303

    late = desk.submit(form, **{"pick:hoses": first})

    assert late.status_code == 409
    assert "brigade" in late.text
    assert hoses(county) == "9"


def test_a_form_that_is_sent_twice_settles_once(county):
    desk, id = signed_in(county, "town"), problem_of(county)
    form, first = choosing(desk, id), picks(desk.open(f"/office/problems?problem={id}").text)[0]

    answers = [desk.submit(form, **{"pick:hoses": first}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert county.get(f"/records/{uuid_of(STATION)}", "brigade").json["version"] == 4


def test_a_problem_is_closed_with_a_reason_that_is_neither_missing_nor_endless(county):
    desk = signed_in(county, "town")
    page = desk.open("/office/problems").text
    open_ones = re.findall(r"problem=([0-9a-f-]{36})", page)
    id = next(each for each in open_ones if county.get(f"/problems/{each}", "town").json["ways"] == ["dismiss"])
    form = desk.form(desk.open(f"/office/problems?problem={id}"), f"/office/problems/{id}/settlement")

    answers = [desk.submit(form, reason=reason).status_code for reason in ("", "长" * 501, f"核对过{NASTY}")]

    assert answers == [422, 422, 303]
    settled = desk.open(f"/office/problems?settled=1&problem={id}").text
    assert "核对过&lt;script&gt;" in settled and NASTY not in settled


def test_who_may_not_settle_is_refused_whatever_they_send(county):
    town, id = signed_in(county, "town"), problem_of(county)
    form = choosing(town, id)
    other = signed_in(county, "othertown")
    own = other.form(other.open("/office/problems"), "/office/sign-out").fields["form_token"]

    answer = other.submit(form, form_token=own, **{"pick:hoses": "2"})

    assert answer.status_code == 404
    assert len(picks(signed_in(county, "town").open(f"/office/problems?problem={id}").text)) == 2


def test_what_was_written_about_a_problem_that_is_theirs_no_longer_is_given_back(county):
    desk, id = signed_in(county, "town"), problem_of(county)
    form = choosing(desk, id)
    county.do(lambda tx: enrolment.move_user(tx, "town", area=OTHER_TOWN, by="admin"))

    page = desk.submit(form, **{"pick:hoses": "own", "other:hoses": "77"})

    assert page.status_code == 404
    assert "您写的内容没有提交，留在这里：" in page.text and "<dd>77</dd>" in page.text


def test_a_problem_of_elsewhere_is_not_found(county):
    id = problem_of(county)
    stranger = signed_in(county, "othertown")

    assert stranger.open(f"/office/problems?problem={id}").status_code == 404
    assert stranger.open(f"/office/problems/{id}/original.xml").status_code == 404


def test_what_came_by_a_form_that_is_not_published_is_shown_for_a_reason(county):
    xml = SUBMISSION.format(photo="", instance="uuid:1").replace('id="station"', 'id="unheard_of"').encode()
    county.client.post(
        f"/key/{county.keys['worker']}/submission",
        data={"xml_submission_file": (io.BytesIO(xml), "submission.xml", "text/xml")},
        headers={"X-OpenRosa-Version": "1.0"},
    )
    [found] = county.get("/problems?kind=not_taken", "town").json["items"]
    desk, id = signed_in(county, "town"), found["id"]
    original = f"/office/problems/{id}/original.xml"

    page = desk.open(f"/office/problems?problem={id}").text
    assert f'action="{original}"' in page
    assert f'href="{original}"' not in page
    assert desk.open(original).status_code == 422
    assert desk.open(f"{original}?reason=看看填了什么").data == xml
    [told] = county.rows("SELECT detail FROM audit WHERE action = 'personal.reveal'")
    assert "看看填了什么" in told["detail"]
    assert signed_in(county, "othertown").open(f"{original}?reason=看看填了什么").status_code == 404


def test_devices_have_their_tab(county):
    county.phone("worker").get("formList")

    page = signed_in(county, "town").open("/office/problems/devices").text

    assert "设备未同步" in page and "从未连接" in page and "worker" in page
    assert "stranger" not in page


def test_a_form_that_phones_still_hold_an_older_version_of_is_told_with_how_many(county_to_change):
    desk = signed_in(county_to_change, "town")
    before = desk.open("/office/problems/devices").text
    long_ago = "2020-01-01T00:00:00.000Z"
    county_to_change.do(lambda tx: tx.sql.run("UPDATE phone_key SET last_seen_at = :at", {"at": long_ago}))

    after = desk.open("/office/problems/devices").text

    told = re.search("手机上还是旧版的表单.*</table>", after, re.S)[0]
    assert "手机上还是旧版的表单" not in before
    assert re.search(r"<b>[^<]+</b>.*?<td class=\"c-seen\">[1-9]\d* 台", told, re.S) and "▲" in after


GROUP = {"how": "choose", "with:shift_count": "staff_count"}


@pytest.mark.parametrize(
    ("said", "choices"),
    [
        ({"pick:staff_count": "7"}, {"staff_count": Choice(head=7)}),
        (
            {"pick:staff_count": "own", "other:staff_count": "8", "other:shift_count": "2"},
            {"staff_count": Choice(value="8"), "shift_count": Choice(value="2")},
        ),
        ({"pick:staff_count": "own", "other:shift_count": "2"}, {"shift_count": Choice(value="2")}),
    ],
)
def test_fields_that_belong_together_are_settled_as_one(said, choices):
    wanted = answers.asked(answers.read({**GROUP, **said}), ["shift_count", "staff_count"])

    assert wanted.choices == choices


def test_of_more_than_the_list_holds_the_oldest_are_shown(county, monkeypatch):
    monkeypatch.setattr(desk_page, "ROWS", 1)
    filed = [row["id"] for row in county.rows("SELECT id FROM problem WHERE settled_at IS NULL ORDER BY seq")]

    page = signed_in(county, "brigade").open("/office/problems").text

    assert len(filed) > 1
    assert [id for id in filed if f"problem={id}" in page] == filed[:1]


PUMPS = """\
| survey |
| | type | name | label | save_to | constraint | constraint_message |
| | text | title | 泵名 | title | | |
| | integer | power | 功率 | power | . > 0 and . < 500 | 填1到499之间的整数 |
| | select_one kinds | kind | 种类 | kind | | |
| choices |
| | list_name | name | label |
| | kinds | hand | 手抬泵 |
| | kinds | car | 车载泵 |
| | kinds | float | 浮艇泵 |
| entities |
| | list_name | label |
| | pumps | ${title} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind |
| | 消防泵登记 | pump | 1 | fg="urn:firegrid:xforms" | profile |
"""


@pytest.mark.parametrize(
    ("field", "values", "wrong", "right", "said"),
    [
        ("power", ("6", "5", "9"), "700", "8", "填1到499之间的整数"),
        ("kind", ("hand", "car", "float"), "boat", "hand", "手抬泵"),
    ],
)
def test_the_form_s_rule_stands_by_another_value_beforehand_and_holds(
    county_to_change, field, values, wrong, right, said
):
    county_to_change.publish(PUMPS)
    was, one, other = values
    add_record(county_to_change, STATION, "worker", {"title": "泵", field: was, "label": "泵"}, type="pumps", area=UNIT)
    edit(county_to_change, STATION, "worker", "phone-x", {field: was}, {field: one}, 1, "pumps")
    edit(county_to_change, STATION, "officer", "phone-y", {field: was}, {field: other}, 1, "pumps")
    desk, id = signed_in(county_to_change, "town"), problem_of(county_to_change)
    page, form = desk.open(f"/office/problems?problem={id}").text, choosing(desk, id)

    refused = desk.submit(form, **{f"pick:{field}": "own", f"other:{field}": wrong})
    taken = desk.submit(form, **{f"pick:{field}": "own", f"other:{field}": right})

    assert said in page[page.index("都不对，写一个") :]
    assert refused.status_code == 422 and 'aria-invalid="true"' in refused.text
    assert taken.status_code == 303
    assert county_to_change.get(f"/records/{uuid_of(STATION)}", "brigade").json["fields"][field] == right


def test_of_many_devices_each_group_shows_fifty_and_leads_to_the_next(county_to_change):
    def add(tx):
        for number in range(120):
            tx.sql.run(
                "INSERT INTO phone_key (id, person, token_hash, created_at, last_seen_at)"
                " VALUES (:id, 'worker', :id, :at, :at)",
                {"id": f"card-{number:03}", "at": f"2020-01-01T00:{number // 60:02}:{number % 60:02}.000Z"},
            )

    county_to_change.do(add)
    desk, shown = signed_in(county_to_change, "town"), []
    address = "/office/problems/devices"
    while address:
        page = desk.open(address).text
        shown.append(len(re.findall('<tr class="lost">', page)))
        further = re.search(r'href="([^"]*group=silent[^"]*)"', page)
        address = "" if further is None else unescape(further[1])

        assert "超过7天没有连接的 120 台" in page
    assert shown == [50, 50, 20]
    assert "从未连接" not in page and 'href="/office/problems/devices"' in page
