"""A draft that an administrator insists on is released by the very command that its publication prints."""

from __future__ import annotations

import re
import shlex

from click.testing import CliRunner

from server.cli.main import main
from tests.county import new_database
from tests.household_visits import HYDRANTS, VISIT
from tests.valley import lay


def test_the_command_that_a_draft_prints_releases_it(tmp_path):
    new_database(tmp_path / "county", lay)
    for name, text in (("hydrant_new", HYDRANTS), ("visit", VISIT)):
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")

    def run(*arguments):
        return CliRunner().invoke(main, ["form", *map(str, arguments)])

    data = ("--data", tmp_path / "county")
    assert run("publish", tmp_path / "hydrant_new.md", *data).exit_code == 0
    tried = run("publish", tmp_path / "visit.md", "--draft", "--tester", "worker", "--allow", "several-entities", *data)
    printed = re.search(r"firegrid form (release .*)", tried.output)

    assert printed is not None, tried.output
    released = run(*shlex.split(printed[1]))
    assert (released.exit_code, "已正式发布" in released.output) == (0, True), released.output
