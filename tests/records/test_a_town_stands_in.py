"""A town sees personal data whole in a village while nobody is its officer: to the instant, not to the day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server import instants
from server.app import close
from server.people.store import people
from server.records.usecases import disclosing
from server.staffing.usecases import enrolment
from tests.api.test_personal_data_at_every_door import SHOP, fill, lay
from tests.api_county import VILLAGE
from tests.county import Clock, open_county


@pytest.fixture
def shops(tmp_path):
    made = open_county(tmp_path / "data", lay, fill, clock=Clock())
    yield made
    close(made.app)


def whole(county) -> frozenset[str]:
    with county.store.reading() as reading:
        return frozenset(disclosing.RecordMask(reading, people.actor(reading, "town")).disclosure.vacant)


def test_an_officer_who_comes_at_noon_is_there_at_noon(shops):
    county = shops
    county.do(enrolment.revoke_user, "officer", by="admin")
    before = whole(county)
    noon = instants.later(instants.text(county.clock.at), timedelta(hours=1))
    county.do(enrolment.add_duty, "leader", role="village_officer", area=VILLAGE, by="admin", starts_at=noon)

    assert whole(county) == before
    assert before
    county.clock.pass_by(hours=2)
    assert whole(county) < before
    assert county.record(SHOP)
