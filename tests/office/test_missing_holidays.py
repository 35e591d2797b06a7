"""A year whose holidays are not known is told wherever limits and figures of it are shown, until it is loaded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.app import close
from server.cases.domain.calendars import STATUTORY
from server.cases.usecases import calendars
from tests.api_county import lay_police
from tests.county import Clock, County, open_county
from tests.office.desk import Desk

A_YEAR = "日期,类别,名称\n" + "".join(f"2027-{month:02}-{day:02},放假,假日\n" for month, day in STATUTORY)
PAGES = ("/office/board", "/office/figures")
SAID = "2027年的放假安排还没有载入"


@pytest.fixture
def december(tmp_path) -> Iterator[County]:
    made = open_county(tmp_path / "data", lay_police, clock=Clock())
    made.clock.pass_by(days=20)
    yield made
    close(made.app)


def test_board_and_figures_say_that_the_year_to_come_is_missing_until_it_is_loaded(december):
    desk = Desk(december)
    desk.sign_in("brigade")
    before = [SAID in desk.open(address).text for address in PAGES]
    missing = december.get("/summaries/closure", "brigade").json["holidays_missing"]

    december.do(calendars.load, calendars.read(A_YEAR.encode()), "command")

    assert (before, missing) == ([True, True], 2027)
    assert [SAID in desk.open(address).text for address in PAGES] == [False, False]
    assert december.get("/summaries/closure", "brigade").json["holidays_missing"] is None
