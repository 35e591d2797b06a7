"""What leaves a county as a file is the same, byte for byte, after it moved to PostgreSQL, and after it moved back."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from server.app import close, create_app
from server.db import copying, database
from server.db.postgres.engine import PostgresEngine
from server.db.sqlite.engine import SqliteEngine
from server.settings import CountyDatabase, Settings
from tests import postgres_server
from tests.api.test_export_right import EXPORTS, OF_THE_COUNTY, YEAR, address
from tests.api_county import MONTH, fill, lay
from tests.county import NOON, County, open_county

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.sqlite]

CODE = "130636"
LATER = NOON + timedelta(days=1)
OF_A_MONTH = {path.replace("<month>", MONTH).replace(f"{YEAR}&", "") for path in OF_THE_COUNTY}
FILES = ("/audit.csv", *sorted({address(path) for path in EXPORTS} | OF_A_MONTH))
"""The audit first: each export is an entry of its own."""

ADMINISTRATOR, BRIGADE = "admin", "brigade"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[PostgresEngine]:
    postgres_server.require()
    engine = PostgresEngine(postgres_server.database_url(), CODE, tmp_path / "data")
    yield engine
    engine.drop()


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    """Keys of the people of a county that has records of every kind, a filed month and an audit."""
    county = open_county(tmp_path / "data", lay, fill)
    close(county.app)
    return county.keys


def exported(settings: Settings, keys: dict[str, str]) -> dict[str, bytes | dict[str, bytes]]:
    """Return every file that leaves the county, by its address."""
    with patch.object(database, "system_clock", lambda: LATER):
        app = create_app(settings)
        try:
            county = County(app, database.system_clock, keys)
            told = {path: county.get(path, ADMINISTRATOR if path == FILES[0] else BRIGADE) for path in FILES}
        finally:
            close(app)
    assert {path: answer.status_code for path, answer in told.items()} == dict.fromkeys(FILES, 200)
    return {path: contents(path, answer.data) for path, answer in told.items()}


def contents(path: str, file: bytes) -> bytes | dict[str, bytes]:
    """Return a file as it is; of a workbook its parts, but for the one that says when it was written."""
    if "xlsx" not in path:
        return file
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        return {name: parts.read(name) for name in parts.namelist() if name != "docProps/core.xml"}


def test_every_file_that_leaves_the_county_is_the_same_on_either_engine_and_back(kept, keys, tmp_path):
    here, back = tmp_path / "data", tmp_path / "back"
    copying.copy(SqliteEngine(here), kept)
    shutil.copytree(here / "blobs", back / "blobs")
    copying.copy(kept, SqliteEngine(back))

    before = exported(Settings(here), keys)
    there = exported(Settings(here, CountyDatabase(postgres_server.database_url(), CODE)), keys)
    again = exported(Settings(back), keys)

    assert [path for path in FILES if there[path] != before[path]] == []
    assert [path for path in FILES if again[path] != before[path]] == []
    assert before["/records.csv"].count(b"\n") > 3
    assert before["/audit.csv"].count(b"\n") > 3
