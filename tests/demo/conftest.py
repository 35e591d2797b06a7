"""Lends the demonstration's county, made once for all tests of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.db import database
from server.demo import county
from tests.demo.half_year import END, a_basis


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """The demonstration's data folder. Nobody writes to it."""
    made = tmp_path_factory.mktemp("demo") / "data"
    county.fill(made, a_basis(), END)
    return made


@pytest.fixture(scope="session")
def store(folder):
    """The store of the folder, at the minute at which it ends."""
    opened = database.open_inline(folder, clock=lambda: END)
    yield opened
    opened.close()


@pytest.fixture
def reading(store):
    with store.reading() as held:
        yield held
