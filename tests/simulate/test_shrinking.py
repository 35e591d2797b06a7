"""A failing script is made as short as it can be, and a script that is written can be read."""

from __future__ import annotations

import json

import pytest

from server.simulate import faults, plan, runs
from server.simulate.plan import Script
from server.simulate.shrink import shrink

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


def test_a_script_is_read_as_it_was_written():
    assert plan.read(json.loads(json.dumps(SCRIPT.as_json()))) == SCRIPT


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
