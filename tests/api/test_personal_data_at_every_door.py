"""Names, phones and identity numbers: whole to whoever may write them, masked to everyone else, at every door."""

from __future__ import annotations

import re

import pytest

from server.app import close
from server.changes.usecases import write
from server.forms.usecases import publish
from server.people.store import people
from server.staffing.usecases import enrolment
from sync.changes import Change, Dot, FieldWrite
from tests.api_county import (
    COUNTY,
    PASSWORD,
    UNIT,
    VILLAGE,
    lay_people,
    uuid_of,
)  # fmt: skip
from tests.county import add_people, open_county, prepared
from tests.office.desk import Desk, with_passwords
from tests.passwords import hash_of
from tests.source_tree import program

NAME, PHONE, IDENTITY, IN_TEXT = "欧阳建国", "13800000471", "130630199001014712", "0312-7324713"
SECRETS = (NAME, PHONE, IDENTITY, IN_TEXT, "１３８００００４７１４")
HOTLINE = "13800000999"
SHOP, CASE = uuid_of("a shop"), uuid_of("a case")

SHOP_FORM = """\
| survey |
| | type | name | label | constraint | save_to | bind::fg:personal |
| | text | shop | 店名 | | shop | |
| | text | owner | 店主姓名 | | owner | name |
| | text | phone | 店主电话 | regex(., '^[0-9][0-9 -]{2,18}[0-9]$') | phone | phone |
| | text | papers | 身份证号 | | papers | identity |
| | text | hotline | 值班电话 | regex(., '^[0-9]*$') | hotline | public |
| | text | remark | 说明 | | remark | |
| | text | unsaved | 邻居姓名 | | | name |
| | csv-external | shops | | | | |
| entities |
| | list_name | label | entity_id | create_if | update_if |
| | shops | concat(${shop}, ' ', ${owner}) | ${papers} | true() | false() |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind | instance_name |
| | 店铺 | shop | 1 | fg="urn:firegrid:xforms" | profile | concat('登记 ', ${owner}) |
"""
HAZARD_FORM = """\
| survey |
| | type | name | label | save_to | bind::fg:personal |
| | text | item | 隐患 | item | |
| | text | reporter | 报警人 | reporter | name |
| | text | tel | 电话 | tel | phone |
| | text | action | 动作 | action | |
| entities |
| | list_name | label |
| | hazards | ${item} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind |
| | 隐患上报 | hazard | 1 | fg="urn:firegrid:xforms" | case |
"""
VISIT_FORM = """\
| survey |
| | type | name | label | save_to |
| | text | door | 门牌 | door |
| entities |
| | list_name | label |
| | visits | ${door} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind |
| | 走访 | a_visit | 1 | fg="urn:firegrid:xforms" | event |
"""
SUBMISSION = f"""\
<data xmlns:orx="http://openrosa.org/xforms" id="shop" version="1"><shop>面馆</shop><owner>{NAME}</owner>\
<phone>{PHONE}</phone><papers>{IDENTITY}</papers><hotline>{HOTLINE}</hotline><remark>找 {IN_TEXT}</remark>\
<unsaved>{NAME}</unsaved><meta><orx:instanceID>uuid:{uuid_of("sent")}</orx:instanceID>\
<orx:instanceName>登记 {NAME}</orx:instanceName>\
<entity dataset="shops" id="{uuid_of("sent shop")}" create="1"><label>面馆 {NAME}</label></entity></meta></data>
"""

WHOLE = {"worker", "officer", "leader", "town", "brigade", "admin"}
"""Who may write a shop: they get it whole, wherever a form could save it back."""

WHOLE_CASE = {"worker", "officer", "leader"}
MORE = (
    ("leader", "grid_leader", VILLAGE, None),
    ("police", "police", VILLAGE, None),
    ("auditor", "auditor", COUNTY, None),
)
READERS = ("worker", "officer", "leader", "town", "brigade", "admin", "police", "viewer", "auditor")

RECORD_DOORS = (
    "/records?type=shops", f"/records/{SHOP}", f"/records/{SHOP}/history", "/problems?settled=any",
    "/submissions",
)  # fmt: skip


def lay(tx):
    names = lay_people(tx)
    names += add_people(tx, MORE, password_hash=hash_of(PASSWORD))
    for form in (SHOP_FORM, HAZARD_FORM, VISIT_FORM):
        publish.publish(tx, prepared(form), None)
    return names


def put(county, word, by, fields, **more):
    asked = {"type": "shops", "action": "create", "base_version": 0, "dot": Dot(f"desk-{word}-{by}", 1), **more}
    writes = {
        name: value if isinstance(value, FieldWrite) else FieldWrite(None, value) for name, value in fields.items()
    }
    change = Change(uuid_of(f"put {word} {by} {sorted(fields)} {more}"), uuid_of(word), fields=writes, **asked)
    return county.store.write(lambda tx: write.apply(tx, change, by=people.actor(tx, by)))


def fill(county):
    held = {
        "shop": "面馆", "owner": NAME, "phone": PHONE, "papers": IDENTITY, "hotline": HOTLINE,
        "remark": f"座机 {IN_TEXT}，手机 １３８００００４７１４", "label": f"面馆 {NAME}",
    }  # fmt: skip
    put(county, "a shop", "worker", held, area=UNIT)
    case = {"item": "软管老化", "reporter": NAME, "tel": PHONE, "label": f"软管老化 {NAME}"}
    put(county, "a case", "worker", case, type="hazards", action="report", area=UNIT)
    # Two hands write the phone at once, so that a conflict and its problem tell of it.
    put(county, "a shop", "officer", {"phone": FieldWrite(PHONE, "13800000472")}, action="edit", base_version=1)
    put(county, "a shop", "leader", {"phone": FieldWrite(PHONE, "13800000473")}, action="edit", base_version=1)
    assert county.phone("worker").send(SUBMISSION.encode()).status_code == 201


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("shops") / "data", lay, fill)
    yield made
    close(made.app)


@pytest.fixture
def shops_to_change(tmp_path):
    made = open_county(tmp_path / "data", lay, fill)
    yield made
    close(made.app)


def text_of(county, path, name) -> str:
    answer = county.get(path, name)
    assert answer.status_code == 200, (path, name, answer.text)
    return answer.data.decode()


def leaked(text: str) -> list[str]:
    return [secret for secret in (*SECRETS, "13800000472", "13800000473") if secret in text]


def pulled(county, name) -> dict:
    return county.post("/sync/pull", name, {"cursor": None, "limit": 500}).json


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("path", RECORD_DOORS)
def test_the_api_shows_it_whole_to_writers_and_masked_to_others(shops, name, path):
    text = text_of(shops, path, name)

    if name in WHOLE:
        assert "****" not in text
    else:
        assert leaked(text) == []
        assert HOTLINE in text or "/records" not in path


@pytest.mark.parametrize("name", READERS)
def test_a_case_is_masked_for_whoever_may_not_correct_it(shops, name):
    texts = [text_of(shops, f"/records/{CASE}{more}", name) for more in ("", "/history")]

    for text in texts:
        assert leaked(text) == ([] if name not in WHOLE_CASE else [NAME, PHONE])


@pytest.mark.parametrize("name", READERS)
def test_searching_finds_what_its_reader_sees_and_guesses_no_mask(shops, name):
    def found(text: str) -> bool:
        return CASE in shops.ids(f"/records?type=hazards&q={text}", name)

    assert found(NAME) is found(NAME[:2]) is (name in WHOLE_CASE)
    assert found(f"老化 {NAME[0]}")  # which stays of a masked name
    assert found("软管")


def test_files_and_counts_of_the_board_guess_no_mask_either(shops):
    desk = Desk(with_passwords(shops))
    desk.sign_in("brigade")

    for text, rows in ((NAME, 0), ("软管", 1)):
        lines = shops.get(f"/records.csv?type=hazards&q={text}", "brigade").data.decode().splitlines()
        board = desk.open(f"/office/board?tab=open&q={text}").text
        tabs = desk.open(f"/office/board/tabs?tab=open&q={text}").text

        assert len(lines) - 1 == rows
        assert (CASE in board) is bool(rows)
        assert re.findall(r"\d+", re.sub(r"<[^>]+>", " ", tabs))[1:2] == [str(rows)], tabs


@pytest.mark.parametrize("action", ["edit", "note", "merge"])
@pytest.mark.parametrize("name", ["police", "viewer", "auditor"])
def test_a_refusal_names_nobody_to_whom_the_record_is_masked(shops_to_change, name, action):
    visit = put(shops_to_change, "a visit", "worker", {"label": f"走访 {NAME}"}, type="visits", area=UNIT).record.id

    for id in (SHOP, CASE, visit):
        answer = shops_to_change.post(f"/records/{id}/changes", name, {"action": action, "fields": {"remark": "乙"}})
        assert answer.status_code >= 400
        assert leaked(answer.text) == []


def test_no_rule_tells_the_label_of_a_record_in_its_refusal():
    told = re.compile(r"\{(?:\w+\.)*(?:record|into|main|other|case|found)\.(?:list_)?label\}")
    rules = [each for each in program() if each.name.startswith("server/") and "/demo/" not in each.name]

    assert {source.name: told.findall(source.text) for source in rules if told.search(source.text)} == {}


def test_a_problem_with_its_values_is_masked_too(shops):
    [problem] = shops.ids("/problems?kind=conflict", "officer")

    assert leaked(text_of(shops, f"/problems/{problem}", "officer")) != []
    for name in ("police", "viewer", "auditor"):
        assert leaked(text_of(shops, f"/problems/{problem}", name)) == []


def test_problems_and_documents_are_on_record_when_they_leave_a_desk_and_not_when_a_phone_asks(shops_to_change):
    county = with_passwords(shops_to_change)
    [problem] = county.ids("/problems?kind=conflict", "officer")
    [sent] = county.ids("/submissions", "officer")
    paths = ("/problems", f"/problems/{problem}", f"/submissions/{sent}.xml")

    for path in paths:
        county.get(path, "officer")
    by_phone = county.rows("SELECT 1 FROM audit WHERE actor = 'officer'")
    for name in ("officer", "viewer"):
        body = {"username": name, "password": PASSWORD}
        token = county.client.post("/api/v1/session", json=body).json["access_token"]
        for path in paths:
            assert county.get(path, name, Authorization=f"Bearer {token}").status_code == 200

    county.store.write(lambda tx: None)  # what nobody waits for is written before it

    told = county.rows("SELECT actor, action, subject, detail FROM audit WHERE action <> 'session.begin' ORDER BY id")
    shown = [(row["actor"], row["action"], row["subject"]) for row in told if row["actor"] in ("officer", "viewer")]
    assert by_phone == []
    assert shown == [
        ("officer", "personal.read", "problems"),
        ("officer", "personal.read", SHOP),
        ("officer", "submissions.export", sent),
        ("viewer", "submissions.export", sent),
    ]
    assert ['"masked": true' in row["detail"] for row in told if row["action"] == "submissions.export"] == [False, True]


def test_what_was_sent_is_shown_as_sent_or_with_its_answers_masked(shops):
    [id] = shops.ids("/submissions", "viewer")

    whole, masked = shops.get(f"/submissions/{id}.xml", "officer"), shops.get(f"/submissions/{id}.xml", "viewer")

    assert whole.data == SUBMISSION.encode()
    assert "Firegrid-Masked" not in whole.headers
    assert masked.headers["Firegrid-Masked"] == "true"
    assert leaked(masked.data.decode()) == []
    assert HOTLINE in masked.data.decode()
    assert f"uuid:{uuid_of('sent')}" in masked.data.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/records.csv?type=shops", "/records.csv?type=shops&labels=false", "/records.geojson?type=shops",
        "/forms/shop/answers.csv", "/forms/shop/answers.csv?labels=false", "/records.csv?type=hazards",
        "/summaries/closure/cases?period=year&figure=reports&format=csv",
    ],
)  # fmt: skip
def test_files_hold_no_whole_number_and_no_name_that_their_reader_may_not_write(shops, path):
    for name in ("officer", "town", "brigade", "viewer", "auditor"):
        answer = shops.get(path, name)
        if answer.status_code == 403:
            continue  # no right to export
        text = answer.data.decode()
        if name == "officer":
            assert set(leaked(text)) <= {NAME}, "a village takes no whole number away"
        elif name in WHOLE and "shop" in path:
            assert PHONE in text or "13800000473" in text, (name, path)
        else:
            assert leaked(text) == [], (name, path)


@pytest.mark.parametrize("name", READERS)
def test_a_pull_leaves_out_what_its_reader_may_not_write(shops, name):
    page = pulled(shops, name)
    rows = {op["id"]: op["record"] for op in page["ops"] if op["op"] == "put" and op["bucket"] != "county"}

    fields = rows[SHOP]["fields"]
    if name in WHOLE:
        assert (fields["owner"], fields["papers"]) == (NAME, IDENTITY)
    else:
        assert {"owner", "phone", "papers"}.isdisjoint(fields)
        assert fields["hotline"] == HOTLINE
        assert leaked(str(rows[SHOP])) == []
    buckets = {op["bucket"] for op in page["ops"] if op["op"] == "enter"} - {"county"}
    assert (f"area:{UNIT}" in buckets) == (name in WHOLE & WHOLE_CASE)


def test_readers_of_one_bucket_hold_the_same_rows(shops):
    held: dict[str, dict[str, object]] = {}
    for name in (*READERS, "neighbour", "gas"):
        page = pulled(shops, name)
        rows: dict[str, dict[str, object]] = {}
        for op in page["ops"]:
            if op["op"] == "put" and op["bucket"] != "county":
                rows.setdefault(op["bucket"], {})[op["id"]] = {**op["record"], "todo": None}
        for bucket, of_bucket in rows.items():
            assert held.setdefault(bucket, of_bucket) == of_bucket, (name, bucket)


@pytest.mark.parametrize("name", ["worker", "police"])
def test_a_phones_list_has_it_whole_or_not_at_all(shops, name):
    row = shops.phone(name).list("shop", "shops.csv")[SHOP]

    if name == "worker":
        assert (row["owner"], row["papers"]) == (NAME, IDENTITY)
    else:
        assert (row["owner"], row["phone"], row["papers"]) == ("", "", "")
        assert row["hotline"] == HOTLINE
        assert leaked(str(row)) == []


def entries(county, event: str) -> list[dict[str, object]]:
    return county.rows("SELECT actor, subject, detail FROM audit WHERE action = :event ORDER BY id", event=event)


def test_who_needs_a_number_is_shown_it_for_a_reason_and_the_audit_keeps_both(shops_to_change):
    ask = {"field": "tel", "reason": "约报警人复查"}

    answer = shops_to_change.post(f"/records/{CASE}/reveal", "town", ask)

    assert answer.json == {"record": CASE, "field": "tel", "label": "电话", "value": PHONE, "values": [PHONE]}
    assert answer.headers["Cache-Control"] == "no-store"
    [entry] = entries(shops_to_change, "personal.reveal")
    assert (entry["actor"], entry["subject"]) == ("town", CASE)
    assert "约报警人复查" in entry["detail"]
    assert leaked(entry["detail"]) == []


def test_all_values_in_conflict_are_revealed_together(shops_to_change):
    ask = {"field": "phone", "reason": "核对店主电话"}

    answer = shops_to_change.post(f"/records/{SHOP}/reveal", "police", ask)

    assert set(answer.json["values"]) == {"13800000472", "13800000473"}


@pytest.mark.parametrize(
    ("name", "ask", "status"),
    [
        ("viewer", {"field": "tel", "reason": "就是想看看"}, 403),
        ("auditor", {"field": "tel", "reason": "就是想看看"}, 403),
        ("town", {"field": "tel", "reason": " "}, 422),
        ("town", {"field": "no_such", "reason": "约报警人复查"}, 422),
        ("stranger", {"field": "tel", "reason": "约报警人复查"}, 404),
    ],
)
def test_nothing_is_revealed_without_right_field_and_reason(shops_to_change, name, ask, status):
    answer = shops_to_change.post(f"/records/{CASE}/reveal", name, ask)

    assert answer.status_code == status
    assert leaked(answer.text) == []
    assert entries(shops_to_change, "personal.reveal") == []


def test_who_may_see_their_own_records_whole_is_shown_no_others_that_another_duty_lets_them_see(shops_to_change):
    shops_to_change.store.write(lambda tx: enrolment.add_duty(tx, "viewer", role="unit_manager", area=UNIT, by="test"))

    answer = shops_to_change.post(f"/records/{CASE}/reveal", "viewer", {"field": "tel", "reason": "就是想看看"})

    assert answer.status_code == 403
    assert "自己上报或承办" in answer.json["detail"]
    assert leaked(answer.text) == []
    assert entries(shops_to_change, "personal.reveal") == []
