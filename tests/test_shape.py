"""The shape of the house: which way imports go, how long things may be, and that every refusal is answered.

A test lists every offender at once. Exceptions stand in a table with their reason; a test fails, too, when one is
no longer needed, so that the tables only shrink.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

from server import errors
from server.errors import Refusal
from server.web.problem_details import STATUS
from tests.source_tree import ROOT, importers, modules, program, sources_of_tests

MODULE_LINES_MAX = 300
SMALL_MODULE_LINES = 60
FUNCTION_LINES_MAX = 40
FOLDER_FILES_MAX = 25
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "lib"}
DOORS_AND_COMMANDS = {"api", "openrosa", "fast_path", "cli", "simulate", "demo", "web", "db", "data"}
FORBIDDEN = re.compile(
    r"/work/|(?<!\))/root/|/home/\w|pypi-mirror|#[^\n]*\b(?:TODO|FIXME|XXX)\b|except[^:\n]*:\s*(?:pass|\.\.\.)\s*$",
    re.MULTILINE,
)
SILENCED = re.compile(r"#\s*(?:type:\s*ignore|noqa|pragma: no cover)(?P<rest>[^\n]*)")
REASON = re.compile(r"[#-]\s*\w+ \w+")

LONG_FUNCTIONS: dict[str, str] = {}
"""Functions of more than FUNCTION_LINES_MAX lines, and why they are not parted."""

SMALL_MODULES = {}
"""Modules of few lines with a single importer in their own folder, and why they are not part of it."""


def refusals(family: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    yield family
    for member in family.__subclasses__():
        yield from refusals(member)


def noun(module: str) -> str | None:
    """Return the noun of the server that a module belongs to, None when it belongs to a door or to everybody."""
    parts = module.split(".")
    is_noun = parts[0] == "server" and len(parts) > 2 and parts[1] not in DOORS_AND_COMMANDS
    return parts[1] if is_noun else None


def small_modules_of_one_importer() -> Iterator[tuple[str, str]]:
    """Yield ``(module, importer)`` for modules that may as well be part of their importer."""
    for source in program():
        found = importers().get(source.module, set())
        if source.lines >= SMALL_MODULE_LINES or source.path.name == "__init__.py" or len(found) != 1:
            continue
        [importer] = found
        beside = modules()[importer].path
        if beside.parent == source.path.parent and beside.name != "__init__.py":
            yield source.module, importer


def test_each_door_is_kept_from_the_others_and_from_sql():
    contracts = ConfigParser()
    contracts.read(ROOT / "setup.cfg", encoding="utf-8")
    layers = contracts["importlinter:contract:one-way"]["layers"].split("\n")
    doors = next({f"server.{each.strip()}" for each in line.split("|")} for line in layers if "openrosa" in line)

    for contract, key in (("doors", "modules"), ("sql", "source_modules")):
        assert doors - set(contracts[f"importlinter:contract:{contract}"][key].split()) == set(), contract


def test_imports_go_one_way():
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed: pip install -e '.[lint]'")

    linted = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_no_two_nouns_import_each_other():
    arrows = {
        (noun(source.module), noun(imported))
        for source in program()
        for imported in source.imports
        if noun(source.module) and noun(imported)
    }

    assert sorted(pair for pair in arrows if pair[::-1] in arrows and pair[0] < pair[1]) == []


def test_a_module_says_why_it_exists_and_fits_in_the_head():
    assert [source.name for source in program() if not ast.get_docstring(source.tree)] == []
    assert {source.name: source.lines for source in program() if source.lines > MODULE_LINES_MAX} == {}


def test_a_function_is_short():
    long = {
        f"{source.module}.{name}": lines
        for source in program()
        for name, lines in source.functions()
        if lines > FUNCTION_LINES_MAX
    }

    assert {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS} == {}
    assert sorted(LONG_FUNCTIONS.keys() - long.keys()) == []


def test_a_small_module_with_one_importer_beside_it_is_part_of_it():
    small = dict(small_modules_of_one_importer())

    assert {module: importer for module, importer in small.items() if module not in SMALL_MODULES} == {}
    assert sorted(SMALL_MODULES.keys() - small.keys()) == []


def test_a_folder_can_be_overlooked():
    counts = Counter(source.path.parent.relative_to(ROOT).as_posix() for source in (*program(), *sources_of_tests()))

    assert {folder: count for folder, count in counts.items() if count > FOLDER_FILES_MAX} == {}


def test_nothing_is_silenced_without_a_reason_swallowed_or_left_for_later():
    sources = [source for source in (*program(), *sources_of_tests()) if source.path != Path(__file__)]
    forbidden = {source.name: FORBIDDEN.findall(source.text) for source in sources}
    silenced = {
        source.name: [found[0] for found in SILENCED.finditer(source.text) if not REASON.search(found["rest"])]
        for source in sources
    }

    assert {name: found for name, found in forbidden.items() if found} == {}
    assert {name: found for name, found in silenced.items() if found} == {}


def test_no_folder_or_module_is_a_drawer():
    names = {
        part.removesuffix(".py") for source in (*program(), *sources_of_tests()) for part in source.name.split("/")
    }

    assert names & DRAWERS == set()


def test_every_refusal_has_its_status():
    assert [refusal.__name__ for refusal in refusals() if not 400 <= STATUS.get(refusal, 0) < 600] == []


def test_every_refusal_has_a_code_of_its_own_and_says_when_it_is_raised():
    known = list(refusals())
    codes = [refusal.code for refusal in known]

    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)
    assert all(refusal.__doc__ for refusal in known)
    assert {refusal.__module__ for refusal in known} == {errors.__name__}
