"""How the answers of a form stand in tables: one for the form, and one for each repeat, naming its parent's row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.forms.domain.outline import Asked, FormOutline, repeat_of

META = frozenset({"meta/instanceID", "meta/deprecatedID", "meta/instanceName"})
"""Entries of a submission that columns of its own hold."""


@dataclass(frozen=True, slots=True)
class TableLayout:
    """path: of the repeat, '' for the form itself. parent: path of the table whose rows hold those of this one."""

    path: str
    parent: str
    asked: tuple[Asked, ...]

    def name_of(self, path: str) -> str:
        """Return the name of an answer in this table: its path below the repeat."""
        return path[len(self.path) + 1 :] if self.path else path

    @property
    def step(self) -> str:
        """Return the path of the repeat below the one that holds it."""
        return self.path[len(self.parent) + 1 :] if self.parent else self.path


@dataclass(frozen=True, slots=True)
class AnswerLayout:
    """The tables of a form, by path, parents before their children; ``known`` are the paths that have columns."""

    tables: Mapping[str, TableLayout]
    known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        known = frozenset(each.path for table in self.tables.values() for each in table.asked)
        object.__setattr__(self, "known", known)


def layout_of(outline: FormOutline) -> AnswerLayout:
    """Return the tables in which the answers of a form stand."""
    ordered = ("", *sorted(outline.repeats, key=lambda path: path.count("/")))  # parents first
    asked: dict[str, list[Asked]] = {path: [] for path in ordered}
    for each in outline.asked:
        if each.path not in META and each.path not in asked:
            asked[repeat_of(each.path, outline.repeats)].append(each)
    return AnswerLayout(
        {path: TableLayout(path, repeat_of(path, outline.repeats), tuple(asked[path])) for path in ordered}
    )
