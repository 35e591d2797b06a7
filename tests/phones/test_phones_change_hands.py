"""A phone passes to another person with everything on it: its lists soon show what the new one may do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.admin.usecases import housekeeping
from tests.case_land import UNIT, CasePhone, Land

DEVICE = "?deviceID=collect%3Ashared01"


def keep_house(land: Land) -> int:
    return land.valley.do(housekeeping.round_of).renewed


def use(land: Land, phone: CasePhone, name: str) -> None:
    """Scan somebody's card in the project that is on the phone, and let it update its lists."""
    phone.phone = land.valley.phone(name)
    phone.phone.listed(DEVICE)
    phone.pull()


@pytest.fixture
def phone(land) -> CasePhone:
    """The worker's phone, with a case on it."""
    keep_house(land)
    land.report("worker", area=UNIT)
    held = CasePhone(land.valley.phone("worker"))
    use(land, held, "worker")
    return held


def todo(phone: CasePhone) -> str:
    [row] = phone.rows.values()
    return row.fields["todo"]


def test_the_new_user_is_shown_what_they_may_do_and_not_what_the_one_before_might(land, phone):
    of_the_worker = todo(phone)
    assert "register" not in of_the_worker.split()

    use(land, phone, "officer")
    assert keep_house(land) == 1
    use(land, phone, "officer")

    [id] = phone.rows
    assert todo(phone) == land.listed("officer")[id]["todo"] != of_the_worker
    assert land.history(id)[-1]["action"] == "renew"
    assert keep_house(land) == 0


def test_whoever_has_the_phone_again_is_shown_it_after_a_day_without_the_other(land, phone):
    of_the_worker = todo(phone)
    use(land, phone, "officer")
    keep_house(land)
    use(land, phone, "officer")

    use(land, phone, "worker")
    assert keep_house(land) == 0
    land.clock.at += timedelta(days=1, minutes=1)
    use(land, phone, "worker")
    assert keep_house(land) == 1
    use(land, phone, "worker")

    assert todo(phone) == of_the_worker


def test_two_people_with_a_project_each_on_one_phone_get_no_version_after_the_first_comparison(land, phone):
    projects = {"worker": phone, "officer": CasePhone(land.valley.phone("officer"))}
    use(land, projects["officer"], "officer")
    assert keep_house(land) == 1

    for _ in range(6):
        land.clock.at += timedelta(hours=12)
        for name, each in projects.items():
            use(land, each, name)
        assert keep_house(land) == 0


def test_a_phone_that_does_not_tell_its_id_with_each_request_is_noticed_when_it_sends(land, phone):
    phone.phone = land.valley.phone("officer")
    phone.phone.listed()
    phone.pull()
    assert keep_house(land) == 0

    phone.phone.head(f"submission{DEVICE}")

    assert keep_house(land) == 1


def test_a_row_whose_new_user_is_shown_the_same_gets_no_version(land, phone):
    use(land, phone, "neighbour")

    assert keep_house(land) == 0
