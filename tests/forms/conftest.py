"""Lends each story of publishing an empty county and a clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from server.db import database
from tests.county import new_database


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 3, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    folder = tmp_path / "county"
    new_database(folder)
    opened = database.open_inline(folder, clock=clock)
    yield opened
    opened.close()
