"""Commands that write files of many rows run as the administrator of the system, and each is on record."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from server.cli.main import COMMANDS, main

EXPORTS = {"form answers", "summary closure", "audit", "figures sheet"}
"""Commands that write the data of a county as files."""

NO_EXPORTS = {
    "form export": "forms and code lists, without an answer",
    "user key": "the picture of one key",
}
"""Commands that write a file which holds no rows of a county."""

ENTRIES = "SELECT * FROM audit WHERE action LIKE '%.export' ORDER BY id"
FORMATS = {"csv", "xlsx", "zip", "geojson"}


def commands(group: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    if isinstance(group, click.Group):
        for each in group.list_commands(click.Context(group)):
            command = group.get_command(click.Context(group), each)
            assert command is not None
            yield from commands(command, f"{name} {each}".strip())
    else:
        yield name, group


def writes_a_file(command: click.Command) -> bool:
    for each in command.params:
        if isinstance(each.type, click.Choice) and FORMATS & {str(choice) for choice in each.type.choices}:
            return True
        if each.name in ("output", "directory", "target") and isinstance(each.type, click.Path):
            return True
    return False


def test_every_command_that_writes_rows_as_a_file_is_known():
    found = {name for name, command in commands(main) if writes_a_file(command)}

    assert found - set(NO_EXPORTS) == EXPORTS
    assert len(COMMANDS) > 5


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("figure", [None, "reports", "visited"])
def test_a_summary_that_is_written_to_a_file_is_one_entry_with_its_filter_and_rows(county_to_change, figure, form):
    county = county_to_change
    more = [] if figure is None else ["--figure", figure]

    done = CliRunner().invoke(
        main,
        ["summary", "closure", "--period", "year", "--format", form, *more, "--data", str(county.store.folder)],
    )

    assert done.exit_code == 0, done.stderr
    [entry] = county.rows(ENTRIES)
    details = json.loads(entry["detail"])
    assert (entry["actor"], entry["result"], details["format"]) == ("command", "done", form)
    assert entry["subject"] == (figure or "closure")
    if figure is not None and form == "json":
        assert details["rows"] == len(json.loads(done.stdout))


def test_what_a_terminal_shows_is_no_export(county_to_change):
    county = county_to_change

    done = CliRunner().invoke(main, ["summary", "closure", "--data", str(county.store.folder)])

    assert done.exit_code == 0, done.stderr
    assert county.rows(ENTRIES) == []


def test_a_summary_that_is_refused_is_on_record_as_failed(county_to_change):
    county = county_to_change

    done = CliRunner().invoke(
        main, ["summary", "closure", "--area", "999999", "--format", "csv", "--data", str(county.store.folder)]
    )

    assert done.exit_code == 1
    assert [entry["result"] for entry in county.rows(ENTRIES)] == ["failed"]
