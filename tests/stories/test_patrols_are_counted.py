"""Premises that patrols inspected are counted where and when they were sent, each place once in a period."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kobo_forms
from server.changes.usecases import write
from server.changes.usecases.recording import Outcome
from server.forms.usecases import publish
from server.people.store import people
from server.summaries.domain import patrols
from server.summaries.domain.patrols import Patrol
from server.summaries.store import patrol_facts
from sync.changes import Change, Dot, FieldWrite, Verdict
from tests.county import County, prepared
from tests.filled_forms import new_uuid
from tests.valley import NEXT_UNIT, UNIT


@pytest.fixture
def valley(valley) -> County:
    """A valley in which patrols are recorded by the form that everybody gets."""
    form = prepared(kobo_forms.source("patrol").decode(), tuple(kobo_forms.sources("patrol").items()))
    valley.do(publish.publish, form, None)
    return valley


def patrolled(valley: County, name: str = "worker", area: str = UNIT, **fields: str) -> Outcome:
    written = {name: FieldWrite(None, value) for name, value in {"label": "巡查", **fields}.items()}
    change = Change(new_uuid(), new_uuid(), "patrols", "create", Dot(new_uuid(), 1), written, area=area)
    return valley.do(lambda tx: write.apply(tx, change, by=people.actor(tx, name)))


def test_premises_of_patrols_to_different_places_or_to_none_add_up(valley):
    for premises, place in (("12", "主街"), ("3", "东街"), ("4", ""), ("4", "")):
        assert patrolled(valley, premises_count=premises, place=place).verdict is Verdict.APPLIED

    assert told(valley) == 23


def test_a_place_counts_once_by_the_patrol_that_inspected_most_however_it_is_written(valley):
    for premises, place in (("12", "主街12号"), ("15", "主街 12 号"), ("9", "主街１２号。")):
        patrolled(valley, premises_count=premises, place=place)

    assert told(valley) == 15
    assert [item["premises"] for item in behind(valley)] == [15]


def test_the_same_place_in_another_unit_is_another_place(valley):
    patrolled(valley, premises_count="12", place="主街")
    patrolled(valley, "neighbour", NEXT_UNIT, premises_count="3", place="主街")

    assert told(valley) == 15


@pytest.mark.parametrize("told_none", [{}, {"premises_count": ""}, {"premises_count": "0"}])
def test_a_patrol_that_tells_no_number_counts_none(valley, told_none):
    assert patrolled(valley, **told_none).verdict is Verdict.APPLIED

    assert (told(valley), behind(valley)) == (0, [])


@pytest.mark.parametrize("text", ["十二", "3.5", "-1", "²", "9" * 40, None])
def test_premises_that_are_no_whole_number_count_as_none_and_stop_nothing(text):
    assert patrols.premises_in({} if text is None else {"premises_count": text}) == 0


def told(valley: County, as_of: str | None = None) -> int:
    """Return how many premises were inspected this year as of an instant; the patrols behind come to as many."""
    then = "" if as_of is None else f"&as_of={as_of}"
    answer = valley.get(f"/summaries/closure?period=year{then}", "officer")
    assert answer.status_code == 200, answer.text
    assert sum(item["premises"] for item in behind(valley, as_of)) == answer.json["visited"]
    return answer.json["visited"]


def behind(valley: County, as_of: str | None = None) -> list[dict[str, object]]:
    then = "" if as_of is None else f"&as_of={as_of}"
    return valley.get(f"/summaries/closure/patrols?period=year{then}", "officer").json["items"]


def test_premises_are_told_as_of_the_instant_not_of_its_day(valley):
    """Three patrols of one day, of which the first was corrected: at each instant, what was told until then."""
    instants = [noted(valley)]
    first = patrolled(valley, premises_count="12", place="主街")
    instants.append(noted(valley))
    patrolled(valley, premises_count="3", place="东街")
    instants.append(noted(valley))
    assert first.record is not None
    write_field(valley, first.record.id, "premises_count", "12", "20")
    instants.append(noted(valley))
    patrolled(valley)

    assert [told(valley, at) for at in instants] == [0, 12, 15, 23]
    assert told(valley) == 23


def test_a_place_that_is_corrected_counts_under_the_old_one_before(valley):
    first = patrolled(valley, premises_count="12", place="主街")
    patrolled(valley, premises_count="3", place="东街")
    before = noted(valley)
    assert first.record is not None
    write_field(valley, first.record.id, "place", "主街", "东 街")

    assert (told(valley, before), told(valley)) == (15, 12)


told_patrols = st.lists(
    st.builds(
        Patrol,
        id=st.uuids().map(str),
        received_at=st.sampled_from(["2026-04-01T01:00:00.000Z", "2026-04-02T01:00:00.000Z"]),
        path=st.sampled_from(["130630/100/201/001", "130630/100/201/002"]),
        place=st.sampled_from(["", "主街", "东街"]),
        premises=st.integers(0, 3),
    ),
    max_size=8,
    unique_by=lambda patrol: patrol.id,
)


@given(told_patrols, st.randoms())
def test_what_counts_is_the_most_of_each_place_and_all_that_tell_none_in_any_order(told, chance):
    shuffled = chance.sample(told, k=len(told))
    places = {(each.path, each.place) for each in told if each.place}

    found = patrols.counted(told)

    by_place = [max(each.premises for each in told if (each.path, each.place) == place) for place in places]
    assert sum(each.premises for each in found) == sum(by_place) + sum(each.premises for each in told if not each.place)
    assert patrols.counted(shuffled) == found == sorted(found, key=lambda each: (each.received_at, each.id))
    assert patrols.counted(found) == found


@pytest.mark.sqlite
def test_the_patrols_that_changed_since_are_found_without_reading_the_others(valley):
    plan = valley.rows(f"EXPLAIN QUERY PLAN {patrol_facts.CHANGED}", as_of="2026-01-01T00:00:00.000Z")

    assert [row["detail"] for row in plan] == [
        "SEARCH record USING INDEX record_patrols_changed (type=? AND updated_at>?)"
    ]


def noted(valley: County) -> str:
    at = valley.do(lambda tx: tx.now)
    valley.clock.pass_by(minutes=10)
    return at


def write_field(valley: County, id: str, name: str, seen: str, value: str) -> None:
    change = Change(new_uuid(), id, "patrols", "edit", Dot(new_uuid(), 1), {name: FieldWrite(seen, value)}, 1)
    outcome = valley.do(lambda tx: write.apply(tx, change, by=people.actor(tx, "worker")))
    assert outcome.verdict is Verdict.APPLIED
