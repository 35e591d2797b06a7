"""A county with the cases of one April, in two towns, for tests of its sheet."""

from __future__ import annotations

from pathlib import Path

from tests.api_county import lay_people
from tests.county import County, open_county
from tests.summaries import test_closure_golden as golden
from tests.summaries.case_histories import History, a_case, step
from tests.summaries.lived_cases import live

MONTH, PATH = "2026-04", "/monthly-reports/2026-04"
FIRST_OF_MAY = "2026-05-01T00:00:00+08:00"
OTHER_TOWN = a_case("N1", step("spot_close", "04-03"), path="130630/100/202/001")
APRIL: list[History] = [*golden.TOWN, OTHER_TOWN]


def an_april(folder: Path) -> County:
    """Return a county whose cases are those of the golden example, and one that was fixed on the spot elsewhere."""
    made = open_county(folder, lay_people)
    live(made.store, APRIL)
    return made


def freeze(county: County, as_of: str | None = FIRST_OF_MAY):
    """File April as the brigade does."""
    return county.post(f"{PATH}/freeze", "brigade", {} if as_of is None else {"as_of": as_of})


def folder_of(county) -> Path:
    """Return the data folder of a county, for a command."""
    return county.app.extensions["firegrid"].settings.folder
