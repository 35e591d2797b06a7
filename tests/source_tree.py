"""Reads and parses each source file of the repository once, for the tests of its shape."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("server", "sync", "schemas", "kobo_forms", "bench")


@dataclass(frozen=True)
class Source:
    """One Python file. name: its path from the root of the repository, ``server/app.py``."""

    path: Path

    @cached_property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def module(self) -> str:
        """Its name when imported: ``server.app``, and ``server.grid`` for ``server/grid/__init__.py``."""
        return self.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def lines(self) -> int:
        return self.text.count("\n")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def functions(self) -> Iterator[tuple[str, int]]:
        """Yield ``(name, lines)`` of every function and method."""
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, (node.end_lineno or 0) - node.lineno + 1

    @cached_property
    def imports(self) -> set[str]:
        """The modules of the program that it imports, wherever in the file."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= {each if each in modules() else node.module for each in inner}
        return {name for name in found if name in modules()}


@cache
def program() -> tuple[Source, ...]:
    """Return the files of the product and its benchmarks."""
    return tuple(Source(path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))


@cache
def sources_of_tests() -> tuple[Source, ...]:
    return tuple(Source(path) for path in sorted((ROOT / "tests").rglob("*.py")))


@cache
def modules() -> Mapping[str, Source]:
    """Return the files of the program by the name under which they are imported."""
    return {source.module: source for source in program()}


@cache
def importers() -> Mapping[str, set[str]]:
    """Return for each module of the program the modules of the program that import it."""
    found = defaultdict(set)
    for source in program():
        for imported in source.imports:
            found[imported].add(source.module)
    return found
