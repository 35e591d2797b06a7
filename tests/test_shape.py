"""The shape of the house: which way imports go, how long a module may be, and that every refusal is answered."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import errors
from server.errors import Refusal
from server.web.problem_details import STATUS

ROOT = Path(__file__).parents[1]
PACKAGES = ("server", "sync", "schemas", "kobo_forms", "bench")
PROGRAM = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
EVERYTHING = sorted({*PROGRAM, *(ROOT / "tests").rglob("*.py")})
MODULE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "lib"}
FORBIDDEN = re.compile(
    r"/work/|(?<!\))/root/|/home/\w|pypi-mirror|\bTODO\b|\bFIXME\b|\bXXX\b|except[^:\n]*:\s*(?:pass|\.\.\.)\s*$",
    re.MULTILINE,
)
SILENCED = re.compile(r"#\s*(?:type:\s*ignore|noqa|pragma: no cover)(?P<rest>[^\n]*)")
REASON = re.compile(r"[#-]\s*\w+ \w+")


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def refusals(family: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    yield family
    for member in family.__subclasses__():
        yield from refusals(member)


def test_imports_go_one_way():
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed: pip install -e '.[lint]'")

    linted = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize("path", named(PROGRAM))
def test_a_module_says_why_it_exists_and_fits_in_the_head(path):
    text = path.read_text(encoding="utf-8")

    assert ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= MODULE_LINES_MAX


@pytest.mark.parametrize("path", named(PROGRAM))
def test_a_function_is_short(path):
    long = {
        each.name: lines
        for each in functions(path)
        if (lines := each.end_lineno - each.lineno + 1) > FUNCTION_LINES_MAX
    }

    assert long == {}


@pytest.mark.parametrize("path", named(EVERYTHING))
def test_nothing_is_silenced_without_a_reason_swallowed_or_left_for_later(path):
    text = path.read_text(encoding="utf-8")
    if path == Path(__file__):
        return

    assert FORBIDDEN.findall(text) == []
    assert [found[0] for found in SILENCED.finditer(text) if not REASON.search(found["rest"])] == []


def test_no_folder_or_module_is_a_drawer():
    names = {part.removesuffix(".py") for path in EVERYTHING for part in path.relative_to(ROOT).parts}

    assert names & DRAWERS == set()


def test_no_two_test_files_share_a_name():
    """pytest imports tests by their bare name: of two that share one, the second stops the whole run."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py")

    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("refusal", list(refusals()), ids=lambda refusal: refusal.__name__)
def test_every_refusal_has_its_status(refusal):
    assert refusal in STATUS
    assert 400 <= STATUS[refusal] < 600


def test_every_refusal_has_a_code_of_its_own_and_says_when_it_is_raised():
    known = list(refusals())
    codes = [refusal.code for refusal in known]

    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)
    assert all(refusal.__doc__ for refusal in known)
    assert {refusal.__module__ for refusal in known} == {errors.__name__}
