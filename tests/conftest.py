"""Lends tests the counties that they work in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import described_statuses, laws, temporary_folders
from tests.api_county import county, county_to_change, office, prepared_forms
from tests.case_land import Land, a_land
from tests.county import County
from tests.odk_collect import Phone
from tests.valley import a_valley

__all__ = ["county", "county_to_change", "office", "prepared_forms"]

laws.load_profile()
temporary_folders.choose()


def pytest_report_header() -> str:
    """Say where the temporary folders of this run are."""
    return f"temporary folders: {tempfile.gettempdir()}"


@pytest.fixture(autouse=True)
def every_status_is_described() -> Iterator[None]:
    """No test is given an answer of the API with a status that the API's description does not name."""
    with described_statuses.watched() as undescribed:
        yield
    assert not undescribed


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[County]:
    """A running server of one's own; what ``firegrid check`` asks of a folder holds when the test ends."""
    with a_valley(tmp_path / "data") as served:
        yield served


@pytest.fixture
def phone(valley: County) -> Phone:
    """The phone of the worker of one unit."""
    return valley.phone()


@pytest.fixture
def land(tmp_path: Path) -> Iterator[Land]:
    """A county with people in every role behind a running server of one's own."""
    with a_land(tmp_path / "land") as served:
        yield served
