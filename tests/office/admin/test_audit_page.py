"""The audit on a page: who may open it, what it asks by, and that it says of everything what it is called."""

from __future__ import annotations

import csv
import io

import pytest

from server import dated
from server.app import close
from server.audit.domain.entries import Entry, kinds
from server.audit.usecases.recording import record
from server.office import pages
from server.office.admin import audit_list
from server.people.domain.passwords import PasswordState
from tests.api_county import COUNTY, PASSWORD, TOWN, lay_people
from tests.audit.test_auditors_read_it import RECORD, live_a_month
from tests.county import Clock, add_people, open_county
from tests.office.desk import Desk, Reader
from tests.passwords import hash_of

AUDIT = "/office/admin/audit"


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("audit") / "data", lay_people, clock=Clock())
    auditors = [("auditor", "auditor", COUNTY), ("town-auditor", "auditor", TOWN)]
    made.do(add_people, auditors, password_hash=hash_of(PASSWORD), password_state=PasswordState.OWN)
    live_a_month(made)
    for _ in range(60):
        made.do(record, Entry("user.unlock", "admin", "many<script>"))
    yield made
    close(made.app)


@pytest.fixture
def desk(month) -> Desk:
    return Desk(month)


def numbers_on(page) -> list[int]:
    assert page.status_code == 200
    return [int(part.split("条")[0]) for part in page.text.split("<summary>第")[1:]]


def asked_of_the_api(month, query: str) -> list[int]:
    return [each["number"] for each in month.get(f"/audit?limit=50&{query}", "admin").json["items"]]


@pytest.mark.parametrize(
    "query",
    [
        "event=export",
        "event=personal.reveal",
        f"object={RECORD}",
        "user=officer",
        "from=2026-11-29&to=2026-11-29&event=export",
        "from=2026-11-30&event=export",
        "object=brigade&event=session.failed",
    ],
)
def test_it_is_asked_by_day_person_kind_and_object_as_the_api_is(month, desk, query):
    desk.sign_in("admin")

    page = desk.open(f"{AUDIT}?{query}")

    found = asked_of_the_api(month, query)
    assert numbers_on(page) == found
    assert ("没有符合条件的审计记录" in page.text) is not bool(found)


def test_it_shows_who_from_where_what_and_why_and_runs_nothing(month, desk):
    desk.sign_in("auditor")

    reveal, unlocked = desk.open(f"{AUDIT}?event=reveal").text, desk.open(f"{AUDIT}?event=user.unlock").text

    for word in ("<b>查看个人信息原文</b>", "brigade", "10.0.0.8", "核实隐患", "2026-12-04 12:00:00"):
        assert word in reveal
    assert "many<script>" not in unlocked and "many&lt;script&gt;" in unlocked


def test_it_goes_on_where_the_last_page_ended(desk):
    desk.sign_in("admin")

    first = desk.open(f"{AUDIT}?event=user.unlock")
    [more] = [link for link in Reader(first.text).links if "cursor=" in link]

    assert "event=user.unlock" in more
    assert numbers_on(desk.open(more)) == [numbers_on(first)[-1] - step for step in range(1, 11)]


def test_what_an_address_asks_in_vain_is_said_and_left_out_and_days_the_wrong_way_round_are_turned(desk):
    desk.sign_in("admin")

    page = desk.open(f"{AUDIT}?from=2026-13-01&event=tea&colour=red&cursor=x&object={RECORD}")

    for word in ("2026-13-01", "tea", "colour"):
        assert f"筛选条件“{word}”不认识，已忽略" in page.text
    assert len(numbers_on(page)) == 2
    turned, straight = (desk.open(f"{AUDIT}?event=export&{days}") for days in (
        "from=2026-11-30&to=2026-11-28", "from=2026-11-28&to=2026-11-30"))  # fmt: skip
    assert numbers_on(turned) == numbers_on(straight) != []


@pytest.mark.parametrize("name", ["worker", "officer", "town", "brigade", "gas", "viewer"])
def test_whoever_may_not_read_it_is_not_offered_it_and_told_who_may(desk, name):
    desk.sign_in(name)

    for address in (AUDIT, f"{AUDIT}.csv"):
        refused = desk.open(address)
        assert refused.status_code == 403
        assert "审计人员" in refused.text
    assert AUDIT not in desk.open("/office/password").text + desk.open("/office/admin").text


def test_an_auditor_of_a_town_is_led_to_what_its_people_did_and_to_nothing_else_there(desk):
    desk.sign_in("town-auditor")

    led = desk.open("/office/admin")
    assert (led.status_code, led.location) == (303, AUDIT)
    page = desk.open(f"{AUDIT}?from=2026-01-01")

    assert "<b>导出台账</b>" in page.text and "<b>查看个人信息原文</b>" not in page.text
    assert "203.0.113.9" not in page.text
    assert [link for link in Reader(page.text).links if link.startswith("/office/admin/") and AUDIT not in link] == []


def test_the_file_is_of_what_the_list_asks_and_reading_and_taking_are_on_record(month, desk):
    desk.sign_in("admin")
    page = desk.open(f"{AUDIT}?event=reveal")
    [link] = [link for link in Reader(page.text).links if ".csv" in link]

    [_, row] = csv.reader(io.StringIO(desk.open(link).data.decode("utf-8-sig")))
    month.do(lambda tx: None)

    assert row[2:5] == ["personal.reveal", "查看个人信息原文", "brigade"]
    assert "<b>查看审计记录</b>" in desk.open(f"{AUDIT}?event=audit.read&user=admin").text
    assert "<b>导出审计记录</b>" in desk.open(f"{AUDIT}?event=audit.export&user=admin").text


def test_every_kind_has_its_word_in_both_languages(desk):
    assert set(audit_list.KINDS) == set(kinds()) == {row["kind"] for row in dated.table("audit_events")}
    words = {*audit_list.KINDS.values(), *filter(None, audit_list.RESULTS.values())}
    assert words <= set(pages.english())
