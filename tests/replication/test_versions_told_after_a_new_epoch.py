"""After a new epoch every answer tells the version that its author goes on from, at first and when it comes again."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest

from server.replication.usecases import restoring
from tests.api_county import UNIT, uuid_of


@pytest.fixture
def county(county_to_change):
    """A county in its second epoch; what ``fill`` sets by hand, past the workflow, may stay broken."""
    by_hand = county_to_change.broken()
    _begin_epoch(county_to_change)
    yield county_to_change
    assert county_to_change.broken() == by_hand


def _begin_epoch(county) -> None:
    county.store.write(partial(restoring.take_new_epoch, by="test"))


def report(county, **more: object):
    asked = {"type": "hazards", "action": "report", "area": UNIT, "fields": {"item": "占道", "label": "占道"}, **more}
    return county.post("/records", "officer", asked)


def test_what_a_desk_begins_is_told_where_it_stands_and_can_be_acted_on_from_there(county):
    made = report(county)

    assert made.json["version"] == made.json["record"]["version"] == 1001
    assert made.headers["ETag"] == '"1001"'
    act = {"action": "register", "base_version": made.json["version"]}
    done = county.post(f"/records/{made.json['record']['id']}/changes", "officer", act)
    assert done.status_code == 200, done.text
    assert done.json["version"] == done.json["record"]["version"] == 1002


def test_the_same_again_is_told_the_same(county):
    id = str(uuid4())
    first = report(county, id=id)

    again = report(county, id=id)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["version"] == first.json["version"] == 1001


def test_what_was_done_before_an_epoch_is_told_at_the_version_that_it_was_raised_to(county):
    id, changed = str(uuid4()), str(uuid4())
    record = report(county, id=id).json["record"]["id"]
    edit = {"action": "edit", "id": changed, "fields": {"label": "堆物"}}
    assert county.post(f"/records/{record}/changes", "officer", edit).json["version"] == 1002
    for _ in range(2):
        _begin_epoch(county)

    again = county.post(f"/records/{record}/changes", "officer", edit)

    assert again.json["version"] == again.json["record"]["version"] == 3002
    assert report(county, id=id).json["version"] == 1001  # the edit came after it


def test_what_a_laptop_pushes_is_told_where_it_stands_each_time(county):
    change = {
        "id": uuid_of("pushed"), "seq": 1, "record": uuid_of("pushed station"), "type": "stations", "action": "create",
        "area": UNIT, "fields": {"label": [None, "三号站"]}, "base_version": 0,
    }  # fmt: skip
    push = {"device": uuid_of("laptop"), "epoch": None, "changes": [change]}

    outcomes = [county.post("/sync/push", "worker", push).json["outcomes"][0] for _ in range(2)]

    assert [each["version"] for each in outcomes] == [1001, 1001]
    assert {each["record"]["version"] for each in outcomes} == {1001}
    assert len({each["seq"] for each in outcomes}) == 1
