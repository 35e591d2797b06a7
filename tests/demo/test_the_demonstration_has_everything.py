"""The demonstration holds every status, every act, every reason and every kind of lateness, and nobody real."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import closing
from datetime import timedelta
from random import Random

import pytest
from click.testing import CliRunner

import kobo_forms
from server.cases.domain import rechecks
from server.cases.domain.workflow import BY_SERVER, STEP_OF
from server.cases.usecases import authorization
from server.cli.check import check
from server.db import database
from server.demo import county, people, stories
from server.instants import text
from server.records.domain.status import Status
from tests.demo.half_year import END, a_basis

LISTED = {
    "reject": "reject_reasons",
    "ask_return": "return_reasons",
    "rework": "verify_fail_reasons",
    "ask_extension": "extension_reasons",
    "ask_suspension": "suspension_reasons",
}


@pytest.fixture(scope="module")
def revisions(store):
    """Every revision of a case: action, verdict, and what was received by name."""
    with store.reading() as reading:
        rows = reading.sql.rows(
            "SELECT action, verdict, received FROM revision JOIN record ON record.id = record WHERE kind = 'case'"
        )
    return [
        (row["action"], row["verdict"], {name: new for name, (_, new) in json.loads(row["received"]).items()})
        for row in rows
    ]


def number(reading, where: str) -> int:
    return reading.sql.value(f"SELECT COUNT(*) FROM {where}", {"now": text(END)})


@pytest.mark.parametrize("status", list(Status))
def test_some_case_stands_in_each_status(reading, status):
    assert number(reading, f"record WHERE kind = 'case' AND status = '{status}'") >= 2


def test_some_four_hundred_cases_came_in_over_six_months(reading):
    months = reading.sql.rows("SELECT substr(created_at, 1, 7) AS month FROM record WHERE kind = 'case'")
    by_month = Counter(row["month"] for row in months)

    assert 400 <= by_month.total() <= 480
    assert min(n for month, n in by_month.items() if month >= "2026-06") >= 40


ALWAYS = {"hazards": {"place", "discovered_at", "item", "category", "severity"}, "patrols": {"place", "premises_count"}}


@pytest.mark.parametrize("type", ALWAYS)
def test_every_record_from_a_phone_says_what_a_worker_is_always_asked(reading, type):
    rows = reading.sql.rows("SELECT fields FROM record WHERE type = :type", {"type": type})

    assert [row["fields"] for row in rows if not ALWAYS[type] <= json.loads(row["fields"]).keys()] == []


def test_a_station_whose_last_check_was_good_has_no_faults_left_and_some_are_like_that(reading):
    rows = reading.sql.rows("SELECT fields FROM record WHERE type = 'micro_stations'")
    stations = [json.loads(row["fields"]) for row in rows]
    good = [each for each in stations if each.get("readiness") == "ready"]

    assert good
    assert {each["failed_items"] for each in good} == {""}
    assert all(each["failed_items"] for each in stations if each.get("readiness", "ready") != "ready")


def test_everything_that_can_be_done_to_a_case_has_been_done(revisions):
    done = {action for action, verdict, _ in revisions if verdict == "applied"}

    assert done >= (set(STEP_OF) - BY_SERVER) | {"report", "spot_close"}


@pytest.mark.parametrize("action", LISTED)
def test_each_reason_of_the_list_has_been_given(revisions, action):
    given = {received.get("reason") for act, _, received in revisions if act == action}

    assert {row["name"] for row in kobo_forms.codes(LISTED[action])} - {"other"} <= given


def test_each_result_has_been_fed_back(revisions):
    told = {received.get("result_code") for _, _, received in revisions}

    assert {row["name"] for row in kobo_forms.codes(authorization.RESULTS)} <= told


def test_late_and_misfit_facts_are_there(revisions):
    verdicts = Counter(verdict for action, verdict, _ in revisions if action == "feedback")

    assert verdicts["late"] >= 3
    assert verdicts["recorded"] >= 3


@pytest.mark.parametrize(
    "where",
    [
        "record WHERE status = 'reported' AND due_at < :now",
        "record WHERE status = 'registered' AND due_at < :now",
        "record WHERE status = 'assigned' AND due_at < :now",
        "record WHERE status = 'handling' AND due_at < :now",
        "record WHERE status = 'feedback' AND due_at < :now",
        "revision WHERE action = 'resume' AND author = 'server'",
        "revision WHERE action = 'release' AND author = 'server'",
        "record WHERE status = 'assigned' AND due_at BETWEEN :now AND '2026-11-26T16:00:00.000Z'",
        "record WHERE flags LIKE '%joint_meeting%' AND status = 'registered'",
        "record WHERE flags LIKE '%return_pending%'",
        "record WHERE flags LIKE '%extension_pending%'",
        "record WHERE flags LIKE '%suspension_pending%'",
        "record WHERE flags LIKE '%major%'",
        "record WHERE flags LIKE '%supervised_1%'",
        "record WHERE flags LIKE '%supervised_2%'",
        "record WHERE flags LIKE '%supervised_3%'",
        "record WHERE type = 'micro_stations' AND conflicted = 1",
        "problem WHERE kind = 'conflict' AND settled_at IS NULL",
        "problem WHERE kind = 'recorded' AND settled_at IS NULL",
        "problem WHERE kind = 'area_unknown' AND settled_at IS NULL",
        "problem WHERE kind = 'waiting' AND settled_at IS NULL",
        "problem WHERE kind = 'quarantined' AND settled_at IS NULL",
        "submission WHERE files_present < files_expected",
        "submission WHERE files_expected > 0 AND files_present = files_expected",
        "record WHERE status = 'spot_closed' AND fields LIKE '%photo_after%'",
        "record WHERE status = 'spot_closed' AND fields NOT LIKE '%photo_after%'",
    ],
)
def test_there_are_at_least_two(reading, where):
    assert number(reading, where) >= 2


def test_a_duplicate_was_reported_by_somebody_else(reading):
    pairs = reading.sql.rows(
        "SELECT record.author, main.author AS main FROM record JOIN record AS main ON main.id = record.merged_into"
    )

    assert len(pairs) >= 10
    assert all(pair["author"] != pair["main"] for pair in pairs)


def test_nothing_is_written_but_through_the_one_path(reading):
    assert number(reading, "record WHERE id NOT IN (SELECT record FROM change)") == 0


def test_the_folder_is_sound(folder):
    checked = CliRunner().invoke(check, ["--data", str(folder)])

    assert checked.exit_code == 0, checked.stderr


def test_every_phone_number_is_an_invented_one(reading):
    told = [row["fields"] for row in reading.sql.rows("SELECT fields FROM record")]
    told += [row["contact"] for row in reading.sql.rows("SELECT contact FROM body")]

    numbers = {found for text in told for found in re.findall(r"(?<!\d)1[3-9]\d{9}(?!\d)", text)}

    assert numbers
    assert all(re.fullmatch(r"1380000\d{4}", found) for found in numbers)


def test_nobody_bears_a_name_that_a_person_could_have():
    assert all(re.fullmatch(r"\w+[甲乙丙](\d{4})?", each.display) for each in people.people())


def test_the_same_minute_gives_the_same_half_year(tmp_path):
    def told(where):
        return [
            (event.at, getattr(event.run, "keywords", {}).get("step"))
            for event in county.events(tmp_path / where, END - county.LENGTH, END)
        ]

    assert told("once") == told("again")


def test_no_story_comes_too_late_to_end_whatever_chance_does():
    for hour in range(24):
        end = END + timedelta(hours=hour)
        for case in stories.cases(stories.stories(), Random(hour), 182, end):
            assert list(case.moments) == sorted(case.moments)
            assert end - timedelta(days=182) <= case.moments[0]
            assert case.moments[-1] < end


def test_nobody_checks_again_what_he_had_a_hand_in_whatever_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(county, "LENGTH", timedelta(days=40))
    monkeypatch.setattr(rechecks, "draw", lambda seed, pool, at: list(pool))
    county.fill(tmp_path / "data", a_basis(), END)

    with closing(database.open_inline(tmp_path / "data", clock=lambda: END)) as store, store.reading() as reading:
        checked = reading.sql.value("SELECT COUNT(*) FROM revision WHERE action = 'recheck'")
    assert checked > 10
