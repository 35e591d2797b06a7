"""Lends the demonstration's county, made once for all tests of a run; its forms are converted without Java."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from builders import prepared

import kobo_forms
from server.demo import county, people
from server.demo.county import Basis
from server.domain.instants import BEIJING
from server.store import database
from server.usecases import grid_file, sign_in

END = datetime(2026, 11, 25, 15, 30, tzinfo=BEIJING)
"""The minute at which the half year ends."""


def a_basis() -> Basis:
    """Return what the county begins with."""
    sources = {name: tuple(kobo_forms.sources(name).items()) for name in kobo_forms.names()}
    forms = [prepared(kobo_forms.source(name).decode(), media) for name, media in sources.items()]
    return Basis(list(grid_file.shipped_rows()), forms, sign_in.hash_password(people.PASSWORD))


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
