"""A form as a page shows it: its questions in their groups, what each may be answered, what it saves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.forms.domain.outline import Texts


class Ask(StrEnum):
    """How a question is asked."""

    TEXT = "text"
    LONG = "long"
    INTEGER = "int"
    DECIMAL = "decimal"
    DATE = "date"
    TIME = "time"
    INSTANT = "dateTime"
    ONE = "one"
    MANY = "many"
    POINT = "geopoint"
    PHOTO = "photo"
    FILE = "binary"
    NOTE = "note"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Offered:
    """The choices of a question. instance: id of the list that holds them, '' for none but ``codes``. where: XPath on
    its rows. value, label: its columns; texts of several languages are named by ``itextId``.
    """

    codes: Mapping[str, Texts]
    instance: str = ""
    where: str = ""
    value: str = "name"
    label: str = "label"


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a form, or a value that it calculates. path: from the root. saves: the field, '' for none.

    asked: how, None for a calculation. preset: of the form itself; first: XPath of what it is at first. preload: what
    a phone fills in (``timestamp start``). All other texts of rules are XPath, '' for none.
    """

    path: str
    saves: str
    asked: Ask | None
    type: str
    label: Texts
    hint: Texts
    relevant: str = ""
    required: str = ""
    required_text: Texts | None = None
    constraint: str = ""
    constraint_text: Texts | None = None
    calculate: str = ""
    preset: str = ""
    first: str = ""
    preload: str = ""
    is_readonly: bool = False
    offered: Offered | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A group of questions. relevant: XPath that shows it."""

    path: str
    label: Texts
    relevant: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One version of a form. questions: in the order in which they stand, calculations among them.

    groups: by path. files: name of the file of each external list, by id of its instance. rows: of the lists that are
    written in the form. texts: of the form by id, for lists in several languages. creates: XPath that makes a record,
    '' for always, None for never. name: XPath of what the record is called. repeats: paths of its repeats, which no
    page asks.
    """

    form_id: str
    version: str
    title: str
    dataset: str
    default: str
    questions: tuple[Question, ...]
    groups: Mapping[str, Group]
    files: Mapping[str, str]
    rows: Mapping[str, tuple[Mapping[str, str], ...]]
    texts: Mapping[str, Texts]
    creates: str | None
    name: str
    repeats: tuple[str, ...]

    def groups_of(self, path: str) -> tuple[Group, ...]:
        """Return the groups around a question, the outermost first."""
        steps = path.split("/")
        above = ("/".join(steps[:count]) for count in range(2, len(steps)))
        return tuple(self.groups[each] for each in above if each in self.groups)


def creating_answer(sheet: Sheet) -> tuple[str, str] | None:
    """Return the question, by its path, and the answer on which alone a form makes a record; None where none is."""
    found = re.fullmatch(r"\s*(/[\w/.\-]+)\s*=\s*'([^']*)'\s*", sheet.creates or "")
    return None if found is None else (found[1], found[2])


def key_of(path: str) -> str:
    """Return what a question is called on a page: its path below the root."""
    return path.strip("/").partition("/")[2]
