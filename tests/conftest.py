"""Lends tests the counties that they work in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from server.db import engines
from tests import described_statuses, laws, temporary_folders
from tests.api_county import county, county_to_change, office, prepared_forms
from tests.balanced import two_servers
from tests.balanced.two_servers import TwoServers
from tests.case_land import Land, a_land
from tests.county import County
from tests.db import postgres_programs
from tests.odk_collect import Phone
from tests.valley import a_valley

__all__ = ["county", "county_to_change", "office", "prepared_forms"]

laws.load_profile()
temporary_folders.choose()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let whoever runs the tests say what keeps the counties."""
    words = "what keeps the counties of the tests"
    parser.addoption("--engine", choices=("sqlite", "postgres"), default="sqlite", help=words)
    words = "how many processes serve the valley; two are behind a balancer, and only tests that can be told so run"
    parser.addoption("--servers", choices=(1, 2), type=int, default=1, help=words)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say where the temporary folders of this run are, and what keeps its counties."""
    engine = config.getoption("--engine")
    found = postgres_programs.wanted()
    server = "none" if found is None else f"{found.version} in {found.folder}"
    return [f"temporary folders: {tempfile.gettempdir()}", f"engine: {engine}; PostgreSQL of the tests: {server}"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, on another engine, what is about SQLite's file."""
    # A store that a test leaves open goes with the test: SQLite's goes in silence, too.
    config.addinivalue_line("filterwarnings", "ignore:.*psycopg.Connection:ResourceWarning")
    if config.getoption("--engine") == "postgres":
        for item in items:
            if "sqlite" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="about SQLite's file"))
    if config.getoption("--servers") == 2:
        fitting = [item for item in items if two_servers.is_for_two(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in fitting])
        items[:] = fitting


@pytest.fixture(autouse=True, scope="session")
def every_county_is_kept_by_the_engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let PostgreSQL keep the counties, where the option says so."""
    if request.config.getoption("--engine") == "sqlite":
        yield
        return
    from tests import postgres_server

    postgres_server.require()
    with patch.object(engines, "SqliteEngine", postgres_server.Schemas().engine_of):
        yield


@pytest.fixture(autouse=True)
def every_status_is_described() -> Iterator[None]:
    """No test is given an answer of the API with a status that the API's description does not name."""
    with described_statuses.watched() as undescribed:
        yield
    assert not undescribed


@pytest.fixture(scope="session")
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoServers | None]:
    """Two servers of the valley, where the option asks for them."""
    if request.config.getoption("--servers") == 1:
        yield None
        return
    with two_servers.two_servers(tmp_path_factory.mktemp("two")) as served:
        yield served


@pytest.fixture
def valley(both: TwoServers | None, tmp_path: Path) -> Iterator[County]:
    """A running server of one's own; what ``firegrid check`` asks of a folder holds when the test ends."""
    with a_valley(tmp_path / "data") if both is None else both.county() as served:
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
