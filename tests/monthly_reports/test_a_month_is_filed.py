"""A month is filed once: with a hash that anybody can compute again, and nothing that happens later changes it."""

from __future__ import annotations

import csv
import io
import subprocess
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Barrier

import pytest

from server import instants
from server.app import close
from server.db import training
from server.monthly_reports.domain import canonical
from server.monthly_reports.usecases import drawing
from tests.monthly_reports.april import APRIL, FIRST_OF_MAY, MONTH, PATH, an_april, freeze
from tests.summaries.case_histories import a_case, step
from tests.summaries.lived_cases import live

LATER = a_case("N2", step("report", "04-29"), step("register", "04-29"), step("void", "05-04"))


@pytest.fixture
def april(tmp_path):
    made = an_april(tmp_path / "data")
    yield made
    close(made.app)


def events(county) -> list[tuple[str, str, str]]:
    found = county.get("/audit?limit=100", "admin").json["items"]
    return [(each["event"], each["user"], each["object"]) for each in found if each["event"].startswith("monthly")]


def file_apart(county):
    """File April by a client of one's own."""
    shown = {"Authorization": f"Key {county.keys['brigade']}"}
    return county.app.test_client().post(f"/api/v1{PATH}/freeze", headers=shown, json={"as_of": FIRST_OF_MAY})


def test_a_month_is_filed_once_and_says_the_same_when_asked_again(april):
    first, again, now = freeze(april), freeze(april), freeze(april, None)

    assert (first.status_code, again.status_code, now.status_code) == (201, 200, 200)
    assert first.json == again.json == now.json
    assert first.json["frozen_by"] == "brigade" and first.json["as_of"] == "2026-04-30T16:00:00.000Z"
    assert april.get("/monthly-reports", "brigade").json["items"] == [first.json]
    assert events(april) == [("monthly_report.freeze", "brigade", MONTH)]
    assert april.broken() == []


def test_the_hash_is_that_of_the_bytes_and_another_program_computes_it(april, tmp_path):
    filed = freeze(april).json
    content = april.get(f"{PATH}/content", "brigade")
    (tmp_path / "april.json").write_bytes(content.data)
    told = subprocess.run(["sha256sum", tmp_path / "april.json"], capture_output=True, text=True, check=True).stdout

    assert content.content_type == "application/json"
    assert told.split()[0] == sha256(content.data).hexdigest() == filed["sha256"]
    assert canonical.encoded(content.json) == content.data, "the same JSON in canonical form is the same bytes"
    assert canonical.content_of(canonical.sheet_of(content.data)) == content.data


def test_what_happens_later_changes_the_count_of_now_and_not_what_was_filed(april):
    freeze(april)
    filed = april.get(PATH, "brigade").json
    live(april.store, [*APRIL, LATER])

    assert april.get(PATH, "brigade").json == filed
    now = april.get(f"{PATH}?live=true", "brigade").json
    assert now["frozen"] is None and now["total"]["counts"]["void"] == filed["total"]["counts"]["void"] + 1
    lines = csv.DictReader(io.StringIO(april.get(f"{PATH}?format=csv", "brigade").data.decode("utf-8-sig")))
    assert [int(line["void"]) for line in lines][-1] == filed["total"]["counts"]["void"]


def test_the_filed_month_is_what_the_summary_says_as_of_its_instant(april):
    freeze(april)
    filed = april.get(PATH, "brigade").json
    as_of = f"from=2026-04-01&to=2026-04-30&by=town&as_of={filed['as_of']}"
    summary = april.get(f"/summaries/closure?{as_of}", "brigade").json

    assert filed["sentence"] == summary["sentence"]
    for code, n in filed["total"]["counts"].items():
        assert summary["total"]["counts"][code] == n
    assert filed["total"]["counts"]["due"] == 8 and filed["total"]["rates"]["closure_rate"]["text"] == "70.00%"


def test_the_rules_that_it_was_counted_by_are_named_with_their_versions(april):
    freeze(april)
    rules = {rule["table"]: rule for rule in april.get(PATH, "brigade").json["rules"]}

    assert {"figures", "monthly_report", "time_limits", "rights", "calendar 2026"} <= set(rules)
    assert all(len(rule["sha256"]) == 64 for rule in rules.values())
    assert rules["figures"]["sha256"] != rules["time_limits"]["sha256"]


def test_another_instant_for_a_filed_month_is_refused_with_the_cure(april):
    filed = freeze(april).json
    refused = freeze(april, "2026-05-02")

    assert (refused.status_code, refused.json["type"]) == (409, "/problems/month-frozen")
    assert "更正表" in refused.json["detail"]
    assert april.get("/monthly-reports", "brigade").json["items"] == [filed]


@pytest.mark.parametrize(
    ("as_of", "said"),
    [("2026-04-29", "还没有结束"), ("2099-01-01", "还没有到"), ("yesterday", "as_of")],
)
def test_an_instant_within_the_month_or_ahead_is_refused(april, as_of, said):
    refused = freeze(april, as_of)

    assert refused.status_code == 422 and said in refused.json["detail"]
    assert april.get("/monthly-reports", "brigade").json["items"] == []


def test_a_month_that_lasts_cannot_be_filed(april):
    with april.store.reading() as reading:
        this = instants.local_day(reading.now)[:7]
    refused = april.post(f"/monthly-reports/{this}/freeze", "brigade", {})

    assert refused.status_code == 422 and "还没有结束" in refused.json["detail"]


def test_only_the_brigade_files_and_who_sees_the_county_reads(april):
    as_admin = april.post(f"{PATH}/freeze", "admin", {})
    as_town = april.post(f"{PATH}/freeze", "town", {})
    not_filed = april.get(f"{PATH}/content", "admin")

    assert (as_admin.status_code, as_town.status_code) == (403, 403)
    assert "报送月报" in as_admin.json["detail"] and "消防救援大队" in as_admin.json["detail"]
    assert (not_filed.status_code, not_filed.json["type"]) == (404, "/problems/month-not-frozen")
    freeze(april)
    assert april.get(PATH, "admin").status_code == 200


def test_a_file_of_it_asks_the_right_to_export_and_leaves_an_entry(april):
    freeze(april)
    told = {name: april.get(f"{PATH}?format=xlsx", name).status_code for name in ("brigade", "admin", "viewer", "town")}

    assert told == {"brigade": 200, "admin": 200, "viewer": 403, "town": 404}
    assert april.get(PATH, "viewer").status_code == 200
    april.do(lambda tx: None)  # what was to be written without waiting is written before this
    assert events(april)[:2] == [("monthly_reports.export", name, MONTH) for name in ("admin", "brigade")]


def test_of_two_who_file_at_once_the_first_one_stays(april, monkeypatch):
    both_have_looked, draw = Barrier(2, timeout=20), drawing.draw

    def draw_together(*args):
        both_have_looked.wait()
        return draw(*args)

    monkeypatch.setattr(drawing, "draw", draw_together)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: file_apart(april), range(2)))

    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert answers[0].json == answers[1].json
    assert len(events(april)) == 1


def test_a_filed_month_that_somebody_changed_in_the_file_is_found_by_the_check(april):
    freeze(april)
    april.do(lambda tx: tx.sql.run("UPDATE monthly_report SET content = REPLACE(content, 'R', 'S')"))
    april.do(lambda tx: tx.sql.run("UPDATE monthly_report SET content = REPLACE(content, '涞源', '某')"))

    assert [what for what, _ in april.broken()] == ["a filed month, and each correction of it, is what its hash says"]


def test_practice_files_nothing(april):
    april.do(training.enable)
    refused = freeze(april)

    assert refused.status_code == 422 and "培训练习" in refused.json["detail"]


def test_without_an_instant_it_is_the_last_full_minute(april):
    filed = freeze(april, None).json

    assert filed["as_of"].endswith(":00.000Z") and filed["as_of"] < filed["frozen_at"]
    assert april.get(PATH, "brigade").json["as_of"] == filed["as_of"] != FIRST_OF_MAY
