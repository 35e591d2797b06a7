"""Whose duty in a village has ended is shown to its officer for 30 days more, and to who fills its posts for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server import instants
from server.staffing.usecases import enrolment
from tests.api_county import FAR_UNIT, UNIT

LONG_AGO, LATELY = timedelta(days=31), timedelta(days=29)


@pytest.fixture
def left(office):
    """Two who worked in the village and have other posts now, one since 31 days and one since 29."""
    now = office.clock()

    def move(tx) -> None:
        for name, since in (("long-ago", LONG_AGO), ("lately", LATELY)):
            moved = instants.text(now - since)
            enrolment.add_user(tx, name, role="grid_worker", area=UNIT, ends_at=moved, by="test")
            enrolment.add_duty(tx, name, role="grid_worker", area=FAR_UNIT, starts_at=moved, by="test")

    office.store.write(move)
    return office


@pytest.mark.parametrize(
    ("reader", "shown"),
    [("officer", ["lately"]), ("brigade", ["lately", "long-ago"]), ("town", ["lately", "long-ago"])],
)
def test_who_left_is_shown_as_long_as_it_concerns_the_reader(left, reader, shown):
    listed = [each["name"] for each in left.get("/users", reader).json["items"]]

    assert [name for name in ("lately", "long-ago") if name in listed] == shown
    for name in ("lately", "long-ago"):
        for path in (f"/users/{name}", f"/users/{name}/duties"):
            assert left.get(path, reader).status_code == (200 if name in shown else 404)
