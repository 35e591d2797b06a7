"""Lends each story a town and a phone or a laptop in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sync.cli.main import main
from tests.sync.town import Phone, Town
from tests.sync.town_http import serving


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def phones(town: Town, tmp_path: Path) -> Iterator[Callable[..., Phone]]:
    """Make phones, each with a folder of its own."""
    made: list[Phone] = []

    def make(user: str = "worker", **options: Any) -> Phone:
        made.append(Phone(town, tmp_path / f"phone{len(made) + 1}", user, hand=len(made) + 1, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def phone(phones: Callable[..., Phone]) -> Phone:
    return phones()


@pytest.fixture
def address(town):
    with serving(town) as reachable:
        yield reachable


@pytest.fixture
def fieldsync(tmp_path):
    """Run one command on a laptop's store; returns exit status, what was printed, what was complained of."""

    def run(*words, store="laptop", input=None):
        done = CliRunner().invoke(main, [*words, "--store", str(tmp_path / store)], input=input)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


@pytest.fixture
def laptop(fieldsync, address):
    """A laptop whose clerk has signed in."""
    assert fieldsync("login", f"{address}/key/worker")[0] == 0
    return fieldsync
