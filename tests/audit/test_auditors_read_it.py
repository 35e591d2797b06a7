"""Who may read the audit, by which questions, and what a month of use answers in one command each."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from server.app import close
from server.audit.domain.entries import Entry
from server.audit.usecases import rounds
from server.audit.usecases.recording import record
from server.cli.main import main
from server.people.domain.passwords import PasswordState
from tests.api_county import COUNTY, PASSWORD, TOWN, lay_people
from tests.county import Clock, County, add_people, open_county
from tests.passwords import hash_of

FROM = {"REMOTE_ADDR": "203.0.113.9"}
RECORD = "0194a1b2-0000-4000-8000-000000000007"


@pytest.fixture
def county(tmp_path) -> Iterator[County]:
    """A county after a month: sign-ins, guesses from outside, an export, a reveal, pages with phone numbers."""
    made = open_county(tmp_path / "data", lay_people, clock=Clock())
    hashed = hash_of(PASSWORD)
    auditors = [("auditor", "auditor", COUNTY), ("town-auditor", "auditor", TOWN)]
    made.do(add_people, auditors, password_hash=hashed, password_state=PasswordState.OWN)
    live_a_month(made)
    yield made
    close(made.app)


def live_a_month(county: County) -> None:
    for entry in (
        Entry("records.export", "town", "records", {"filters": {"area": TOWN}, "rows": 412}, address="10.0.0.7"),
        Entry("personal.reveal", "brigade", RECORD, {"field": "phone", "reason": "核实隐患"}, address="10.0.0.8"),
        Entry("personal.read", "officer", "records", {"fields": ["phone"]}, objects=(RECORD, "another")),
        Entry("user.add", "admin", "zhao", {"display": "演示赵"}),
    ):
        county.clock.pass_by(days=5)
        county.do(record, entry)
    for name in ("brigade", "brigade", "no-such-name"):
        county.client.post("/api/v1/session", json={"username": name, "password": "guessed"}, environ_base=FROM)
    county.clock.pass_by(days=5)
    rounds.every_minute(county.store)
    county.store.write(lambda tx: None)


def ask(county: County, name: str, query: str = "", path: str = "/audit"):
    signed_in = county.client.post("/api/v1/session", json={"username": name, "password": PASSWORD}, environ_base=FROM)
    headers = {"Authorization": f"Bearer {signed_in.json['access_token']}"}
    return county.client.get(f"/api/v1{path}{query}", headers=headers, environ_base=FROM)


def shown(answer) -> list[tuple[str, str, str]]:
    assert answer.status_code == 200, answer.text
    return [(each["event"], each["user"], each["object"]) for each in answer.json["items"]]


def run(county: County, *options: str) -> str:
    done = CliRunner().invoke(main, ["audit", "--data", str(county.store.folder), *options])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", ["worker", "officer", "town", "brigade", "gas", "viewer"])
def test_nobody_but_auditors_and_the_administrator_reads_it(county, name):
    for path in ("/audit", "/audit.csv"):
        refused = ask(county, name, path=path)

        assert refused.status_code == 403
        assert "审计" in refused.json["detail"]


@pytest.mark.parametrize("name", ["auditor", "admin"])
def test_what_happened_comes_newest_first_with_all_that_one_asks_about(county, name):
    answer = ask(county, name, "?limit=6")

    assert shown(answer)[1:] == [
        ("session.failed", "server", "203.0.113.9"),
        ("user.add", "admin", "zhao"),
        ("personal.read", "officer", "records"),
        ("personal.reveal", "brigade", RECORD),
        ("records.export", "town", "records"),
    ]
    reveal = answer.json["items"][4]
    assert (reveal["role"], reveal["place"], reveal["address"]) == ("brigade", COUNTY, "10.0.0.8")
    assert (reveal["label"], reveal["kind"], reveal["result"]) == ("查看个人信息原文", "reveal", "done")
    assert reveal["details"] == {"field": "phone", "reason": "核实隐患"}


def test_questions_are_asked_by_day_user_event_kind_and_object(county):
    def found(query: str) -> list[str]:
        return [event for event, _, _ in shown(ask(county, "auditor", f"{query}&limit=50"))]

    assert found("?event=export") == ["records.export"]
    assert found("?event=personal.reveal") == ["personal.reveal"]
    assert found(f"?object={RECORD}") == ["personal.read", "personal.reveal"]
    assert found("?object=brigade&event=session.failed") == ["session.failed"]
    assert found("?user=officer&event=read") == ["personal.read"]
    assert found("?from=2026-11-29&to=2026-11-29&event=export") == ["records.export"]
    assert found("?from=2026-11-30&event=export") == []
    assert found("?to=2026-11-28&event=export") == []
    assert found("?from=0001-01-01&to=9999-12-31&event=export") == ["records.export"]
    assert found("?to=0001-01-01") == found("?from=9999-12-31") == []


def test_a_page_goes_on_where_the_last_one_ended(county):
    first = ask(county, "auditor", "?limit=2")
    second = ask(county, "auditor", f"?limit=2&cursor={first.json['next']}")

    numbers = [each["number"] for each in (*first.json["items"], *second.json["items"])]
    assert numbers == [numbers[0] - step for step in range(4)]


@pytest.mark.parametrize("query", ["?event=tea", "?from=2026-12-02&to=2026-12-01", "?from=yesterday", "?what=1"])
def test_a_question_that_means_nothing_is_refused_in_chinese(county, query):
    refused = ask(county, "auditor", query)

    assert refused.status_code == 422
    assert refused.json["detail"]


def test_an_auditor_of_a_town_sees_what_its_people_did(county):
    county.do(record, Entry("user.password", "stranger", "somebody"))
    county.do(record, Entry("user.password", "worker", "somebody"))

    seen = shown(ask(county, "town-auditor", "?limit=50"))

    assert ("user.password", "worker", "somebody") in seen
    assert ("records.export", "town", "records") in seen
    assert {user for _, user, _ in seen} <= {"worker", "town", "officer", "town-auditor"}


def test_who_reads_the_audit_is_in_it(county):
    ask(county, "auditor", f"?object={RECORD}")
    county.store.write(lambda tx: None)

    [read] = ask(county, "admin", "?event=audit.read&user=auditor").json["items"]

    assert read["details"] == {"object": RECORD, "limit": "100"}
    assert read["address"] == "203.0.113.9"


@pytest.mark.parametrize("name", ["admin", "auditor"])
def test_the_file_holds_what_the_list_holds_and_is_an_export(county, name):
    answer = ask(county, name, "?event=reveal", "/audit.csv")
    [heading, row] = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    answer.close()
    county.store.write(lambda tx: None)

    assert heading[:5] == ["编号", "时间", "事件", "说明", "用户"]
    assert row[2:5] == ["personal.reveal", "查看个人信息原文", "brigade"]
    assert row[1].startswith("2026-12-04 12:00")
    [export] = ask(county, "auditor", "?event=audit.export").json["items"]
    assert (export["user"], export["result"]) == (name, "done")
    assert (export["details"]["rows"], export["details"]["filters"]) == (1, {"event": "reveal"})


def test_who_exported_what_who_looked_at_whose_phone_and_who_failed_to_sign_in_are_one_command_each(county):
    exported, looked = run(county, "--event", "export"), run(county, "--object", RECORD)
    failed = run(county, "--event", "session.failed", "--from", "2026-12-01")

    assert "town" in exported
    assert '"rows": 412' in exported
    assert all(word in looked for word in ("brigade", "查看个人信息原文", "officer", "读取个人信息"))
    assert all(word in failed for word in ("203.0.113.9", '"brigade": 2', '"unknown": 1'))


def test_a_number_that_somebody_looked_for_is_masked_where_it_is_kept(county):
    for path in ("/audit", "/audit.csv", "/records.csv"):
        query = "?q=找13800000471" if path == "/records.csv" else "?object=138-0000-0471"
        answer = ask(county, "admin", query, path)
        assert (answer.status_code, bool(answer.data)) == (200, True)
        answer.close()
    run(county, "--object", "13800000471", "--format", "csv")
    county.store.write(lambda tx: None)

    kept = [row["detail"] for row in county.rows("SELECT detail FROM audit WHERE detail LIKE '%0471%'")]

    assert len(kept) == 4
    assert [detail for detail in kept if "13800000471" in detail or "0000-0471" in detail] == []


def test_files_from_the_terminal_hold_all_and_each_is_an_export(county):
    before = county.rows("SELECT * FROM audit")

    [found] = json.loads(run(county, "--event", "export", "--format", "json"))
    rows = list(csv.reader(io.StringIO(run(county, "--format", "csv").removeprefix("\ufeff"))))
    nothing = json.loads(run(county, "--user", "nobody-has-this-name", "--format", "json"))

    assert (found["user"], found["details"]["rows"]) == ("town", 412)
    assert len(rows) == len(before) + 2
    assert nothing == []
    written = county.rows("SELECT action, actor, detail FROM audit ORDER BY id")[len(before) :]
    assert [(row["action"], row["actor"]) for row in written] == [("audit.export", "command")] * 3
    assert [json.loads(row["detail"])["rows"] for row in written] == [1, len(before) + 1, 0]
    assert "没有符合条件" in run(county, "--user", "nobody-has-this-name")
    assert "更早的还有" in run(county, "--limit", "1")


def test_a_question_that_means_nothing_is_refused_in_one_line(county):
    done = CliRunner().invoke(main, ["audit", "--data", str(county.store.folder), "--event", "tea"])

    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "tea" in done.stderr
