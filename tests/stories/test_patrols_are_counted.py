"""Premises that a patrol looked at are counted where and when it was sent; one that tells no number counts none."""

from __future__ import annotations

import pytest

import kobo_forms
from server.changes.usecases import write
from server.changes.usecases.recording import Outcome
from server.forms.usecases import publish
from server.grid.domain.areas import path_of
from server.people.store import people
from server.summaries.store.rollup_sums import CHANGED_PATROLS
from sync.changes import Change, Dot, FieldWrite, Verdict
from tests.county import County, prepared
from tests.filled_forms import new_uuid
from tests.valley import UNIT


@pytest.fixture
def valley(valley) -> County:
    """A valley in which patrols are recorded by the form that everybody gets."""
    form = prepared(kobo_forms.source("patrol").decode(), tuple(kobo_forms.sources("patrol").items()))
    valley.do(publish.publish, form, None)
    return valley


def patrolled(valley: County, **fields: str) -> Outcome:
    written = {name: FieldWrite(None, value) for name, value in {"label": "主街", **fields}.items()}
    change = Change(new_uuid(), new_uuid(), "patrols", "create", Dot(new_uuid(), 1), written, area=UNIT)
    return valley.do(lambda tx: write.apply(tx, change, by=people.actor(tx, "worker")))


def counted(valley: County) -> list[dict[str, object]]:
    return valley.rows("SELECT path, premises FROM visit_count WHERE period > 1000000 ORDER BY period")


def test_premises_of_every_patrol_of_a_day_add_up(valley):
    for premises in ("12", "3"):
        assert patrolled(valley, premises_count=premises).verdict is Verdict.APPLIED

    assert counted(valley) == [{"path": path_of(UNIT), "premises": 15}]


@pytest.mark.parametrize("told", [{}, {"premises_count": ""}, {"premises_count": "0"}])
def test_a_patrol_that_tells_no_number_counts_none(valley, told):
    assert patrolled(valley, **told).verdict is Verdict.APPLIED

    assert counted(valley) == []


def told(valley: County, as_of: str | None = None) -> int:
    """Return how many premises were inspected this year, as the summary tells it as of an instant."""
    then = "" if as_of is None else f"&as_of={as_of}"
    answer = valley.get(f"/summaries/closure?period=year{then}", "officer")
    assert answer.status_code == 200, answer.text
    return answer.json["visited"]


def test_premises_are_told_as_of_the_instant_not_of_its_day(valley):
    """Three patrols of one day, of which the first was corrected: at each instant, what was told until then."""
    instants = [noted(valley)]
    first = patrolled(valley, premises_count="12")
    instants.append(noted(valley))
    patrolled(valley, premises_count="3")
    instants.append(noted(valley))
    assert first.record is not None
    write_premises(valley, first.record.id, "20")
    instants.append(noted(valley))
    patrolled(valley)

    assert [told(valley, at) for at in instants] == [0, 12, 15, 23]
    assert told(valley) == 23


def test_the_patrols_that_changed_since_are_found_without_reading_the_others(valley):
    plan = valley.rows(f"EXPLAIN QUERY PLAN {CHANGED_PATROLS}", as_of="2026-01-01T00:00:00.000Z")

    assert [row["detail"] for row in plan] == [
        "SEARCH record USING INDEX record_patrols_changed (type=? AND updated_at>?)"
    ]


def noted(valley: County) -> str:
    at = valley.do(lambda tx: tx.now)
    valley.clock.pass_by(minutes=10)
    return at


def write_premises(valley: County, id: str, premises: str) -> None:
    change = Change(
        new_uuid(), id, "patrols", "edit", Dot(new_uuid(), 1), {"premises_count": FieldWrite("12", premises)}, 1
    )
    outcome = valley.do(lambda tx: write.apply(tx, change, by=people.actor(tx, "worker")))
    assert outcome.verdict is Verdict.APPLIED
