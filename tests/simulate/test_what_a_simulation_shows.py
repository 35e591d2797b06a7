"""Every promise of sync holds in an invented county, whatever befalls it, and the same seed tells the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from random import SystemRandom

import pytest

from server.simulate import faults, plan, runs
from server.simulate.invariants import PROMISES
from server.simulate.simulation import Outcome
from tests.source_tree import ROOT

FIXED = (4711, 815, 31, 2026)
"""Seeds that every run of the slow tests plays; those that once failed are added."""


def failing(outcome: Outcome) -> str:
    """Return what a failed test has to say: what broke, and the seed to play again."""
    return "\n".join(runs.told(outcome)) if outcome.is_broken else ""


@pytest.mark.sqlite  # some faults are of the file
def test_a_day_with_every_fault_keeps_every_promise():
    outcome = runs.play(runs.draw(7, 2, 1, faults.ALL))

    assert failing(outcome) == ""
    assert outcome.verdicts.get("applied", 0) > 0
    assert any(" POST /key/…/submission" in line for line in outcome.trace)
    assert len([line for line in runs.told(outcome) if " kept " in line]) == len(PROMISES)


@pytest.mark.slow
@pytest.mark.parametrize("seed", FIXED)
def test_every_promise_is_kept_for_days(seed):
    assert failing(runs.play(runs.draw(seed, 8, 5, faults.ALL))) == ""


@pytest.mark.slow
def test_every_promise_is_kept_where_edits_overlap():
    outcome = runs.play(runs.draw(4, 8, 5, (*faults.ALL, faults.OVERLAP)))

    assert failing(outcome) == ""
    assert outcome.flagged > 0


@pytest.mark.slow
def test_a_seed_that_nobody_has_tried_keeps_every_promise():
    assert failing(runs.play(runs.draw(SystemRandom().randrange(10**6), 8, 5, faults.ALL))) == ""


@pytest.mark.slow
def test_two_hundred_days_of_phones_take_less_than_two_minutes():
    begun = time.process_time()

    outcome = runs.play(runs.draw(200, 20, 10, faults.ALL))

    assert failing(outcome) == ""
    assert time.process_time() - begun < 120


@pytest.mark.slow
def test_few_changes_raise_a_flag_where_everybody_looks_after_their_own():
    outcome = runs.play(runs.draw(1, 20, 15, ()))

    assert failing(outcome) == ""
    assert outcome.written > 100
    assert outcome.flagged < outcome.written / 100


@pytest.mark.slow
def test_clocks_that_are_wrong_by_a_year_change_no_verdict():
    drawn = runs.draw(12, 6, 5, ("drop_answer", "reorder", "clock", faults.OVERLAP))
    # What is flagged may be another thing, and so what officers find to settle.
    events = [event for event in drawn.events if event.kind != "settle"]
    right = tuple(event for event in events if event.kind != "wrong_clock")
    assert len(right) < len(events)

    outcomes = [runs.play(drawn._replace(events=each)) for each in (tuple(events), right)]

    assert [failing(outcome) for outcome in outcomes] == ["", ""]
    assert outcomes[0].judged == outcomes[1].judged


@pytest.mark.slow
def test_the_same_seed_tells_the_same_in_another_process(tmp_path):
    traces = [tmp_path / f"{number}.txt" for number in (1, 2)]
    for number, trace in enumerate(traces, start=1):
        call = "from server.cli.main import main; main()"
        words = ["simulate", "--seed", "99", "--phones", "4", "--days", "3", "--trace", str(trace)]
        environment = {**os.environ, "PYTHONHASHSEED": str(number), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", call, *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"^seed 99: 4 phones, 3 days", done.stdout)
    assert traces[0].read_bytes() == traces[1].read_bytes()


def test_a_plan_is_the_same_for_the_same_seed_and_another_for_another():
    drawn = [runs.draw(seed, 5, 4, faults.ALL) for seed in (1, 1, 2)]

    assert drawn[0] == drawn[1]
    assert drawn[0].events != drawn[2].events


def test_every_fault_is_drawn_in_a_month():
    events = runs.draw(3, 10, 30, faults.ALL).events

    kinds = {event.kind for event in events if event.actor == "county"}
    assert {kind for each in plan.COUNTY_EVENTS.values() for kind, _ in each} <= kinds
    assert {fault for event in events for fault in event.faults} - {faults.OK} == {*faults.REQUEST_FAULTS}


def test_nothing_befalls_a_county_without_faults():
    events = runs.draw(3, 10, 30, ()).events

    assert {event.kind for event in events if event.actor == "county"} == {"housekeeping", "backup"}
    assert {fault for event in events for fault in event.faults} == set()
