"""Lends each story a town and a phone in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from town import Phone, Town


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
