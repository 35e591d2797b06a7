"""A failing script is made as short as it can be, and a script that is written can be read."""

from __future__ import annotations

import json
import time

import pytest

from server.simulate import faults, plan, runs
from server.simulate.plan import Script
from server.simulate.shrink import shortened, shrink
from tests.simulate.test_planted_faults import a_bucket_that_is_cut_counts_as_whole

SCRIPT = runs.draw(5, 3, 2, faults.ALL)


def test_the_events_that_it_takes_remain():
    wanted = {SCRIPT.events[3], SCRIPT.events[-2]}

    short = shrink(SCRIPT, lambda script: wanted <= {*script.events}, runs_max=1000)

    assert set(short.events) == wanted
    assert short[:3] == SCRIPT[:3]


def test_no_more_scripts_are_tried_than_were_allowed():
    tried: list[Script] = []

    def fails(script: Script) -> bool:
        tried.append(script)
        return False

    assert shrink(SCRIPT, fails, runs_max=9) == SCRIPT
    assert len(tried) == 9


def test_a_guess_that_is_enough_saves_the_search_among_the_rest():
    tried: list[Script] = []
    wanted = {SCRIPT.events[3], SCRIPT.events[-2]}

    def fails(script: Script) -> bool:
        tried.append(script)
        return wanted <= {*script.events}

    short = shrink(SCRIPT, fails, guesses=[SCRIPT.events[:2], (SCRIPT.events[3], SCRIPT.events[-2])])

    assert set(short.events) == wanted
    assert len(tried) < 20


@pytest.mark.slow
def test_a_seed_of_forty_days_of_phones_is_short_within_a_minute(monkeypatch):
    a_bucket_that_is_cut_counts_as_whole(monkeypatch)
    outcome = runs.play(runs.draw(1, 8, 5, faults.ALL))
    assert outcome.is_broken
    begun = time.process_time()

    short = shortened(outcome)

    assert time.process_time() - begun < 60
    assert len(short.events) <= 8
    assert runs.play(short).findings.broken.keys() & outcome.findings.broken.keys()
    assert len(runs.script_text(short).splitlines()) == len(short.events) + 2


def test_a_script_is_read_as_it_was_written():
    assert plan.read(json.loads(runs.script_text(SCRIPT))) == SCRIPT


@pytest.mark.parametrize("text", ["[]", "{}", '{"seed": 1, "phones": 1, "days": 1, "events": [[1]]}', "7"])
def test_another_file_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        plan.read(json.loads(text))


def test_faults_are_chosen_by_name():
    assert faults.chosen("all") == faults.ALL
    assert faults.chosen("none") == ()
    assert faults.chosen("restore, drop_answer") == ("drop_answer", "restore")
    assert faults.chosen("all,overlap") == (*faults.ALL, "overlap")
    with pytest.raises(ValueError, match="flood"):
        faults.chosen("flood")
