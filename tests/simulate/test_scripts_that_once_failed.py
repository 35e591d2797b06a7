"""Scripts that a failing seed was shortened to: what broke then is mended, and stays so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.changes.usecases.automatic_steps import AutomaticSteps
from server.phones.usecases import handed_phones
from server.simulate import plan, runs

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.json"))


def read(path: Path) -> plan.Script:
    return plan.read(json.loads(path.read_bytes()))


@pytest.mark.slow
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_that_once_failed_keeps_every_promise(path):
    outcome = runs.play(read(path))

    assert outcome.findings.broken == {}


@pytest.mark.slow
def test_the_script_of_a_phone_that_changes_hands_fails_where_nobody_looks_after_it(monkeypatch):
    monkeypatch.setattr(handed_phones, "refresh", lambda _tx: AutomaticSteps(0, ()))

    broken = runs.play(read(Path(__file__).parent / "scripts" / "phone_passes_to_a_neighbour.json")).findings.broken

    assert list(broken) == [2]
