"""Names every section. A new one is a module with ``TITLE`` and ``measure(bench)``, and one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import NamedTuple

from bench.figures import Figure
from bench.workbench import Workbench

NAMES = ("limits", "submissions", "unchanged", "lists", "sync", "closure", "start", "memory")
"""In the order in which they are measured; ``bench/<name>.py`` each."""


class Section(NamedTuple):
    """title: one line for ``--help``. measure: yields figures; whatever it raises means that it could not measure."""

    title: str
    measure: Callable[[Workbench], Iterable[Figure]]


def known() -> dict[str, Section]:
    """Return every section by its name."""
    found = {name: import_module(f"bench.{name}") for name in NAMES}
    return {name: Section(module.TITLE, module.measure) for name, module in found.items()}
