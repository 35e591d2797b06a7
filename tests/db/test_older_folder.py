"""A data folder that an older version made opens as before: everybody gets the answers that the older version gave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from server.cli.main import main as firegrid
from tests.db.older_folder import ENDS, KEPT, answers, opened, unpacked


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("older")


@pytest.fixture(scope="module")
def then(folder) -> dict[str, Any]:
    """Return what the older version answered, by question."""
    return unpacked(KEPT, folder)


@pytest.fixture(scope="module")
def now(folder, then) -> Iterator[dict[str, Any]]:
    """Return what this version answers, by question."""
    with opened(folder, lambda: ENDS, then["keys"]) as county:
        yield answers(county)


def lost(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """Yield where an answer is no longer what it was; names, and words in a list, may have been added."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            yield from lost(value, new.get(name), f"{where}.{name}")
    elif isinstance(old, list) and isinstance(new, list) and all(isinstance(each, str) for each in [*old, *new]):
        yield from (f"{where}: no {word}" for word in old if word not in new)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, pair in enumerate(zip(old, new, strict=True)):
            yield from lost(*pair, f"{where}[{place}]")
    elif old != new:
        yield f"{where}: {old!r} became {new!r}"


def test_the_kept_folder_holds_cases_of_every_sort_a_conflict_and_a_photo(then):
    found = then["answers"]

    assert {each["status"] for each in found["records"]["items"]} == {
        "accepted", "closed", "handling", "registered", "rejected", "reported", "spot_closed", None,
    }  # fmt: skip
    assert found["conflicts"]["items"][0]["conflicts"] == ["head"]
    assert sum(len(photos) for photos in found["photos"].values()) == 2


def test_every_answer_is_what_it_was(then, now):
    assert list(lost(then["answers"], now)) == []


def test_a_phone_finds_its_lists_unchanged(then, now):
    def tags(told: dict[str, Any]) -> dict[str, tuple[str, str]]:
        return {
            f"{name} {file}": (entry["hash"], entry["etag"])
            for name, phone in told["phones"].items()
            for file, entry in phone.items()
            if file != "forms"
        }

    assert tags(now) == tags(then["answers"])


def test_the_folder_is_in_order(folder, now):
    checked = CliRunner().invoke(firegrid, ["check", "--data", str(folder)])

    assert (checked.exit_code, checked.stderr) == (0, "")
