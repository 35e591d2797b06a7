"""Takes a stored submission apart into rows: one of the form, one of each instance of a repeat.

It reads what a door has read before, within the same limits. Nothing is left out: what no version of the form asks, or
what stands twice where one answer belongs, is in ``others``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from server.submissions.domain.answer_layout import META, AnswerLayout


@dataclass(slots=True)
class AnswerRow:
    """A row of the table ``table`` (path of its repeat, '' for the form).

    key: names the row, ``<instance id>/people[1]/pets[2]``; parent: key of the row that holds it, '' for the form's.
    values: answers by path. others: texts that no column holds, by path, in the order of the submission.
    """

    table: str
    key: str
    parent: str
    values: dict[str, str] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)


def rows_of(xml: bytes, key: str, layout: AnswerLayout) -> list[AnswerRow]:
    """Return the rows of one submission in the order of its XML, the form's own first. key: names that row."""
    reader = _Reader(key, layout)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.texts.append
    parser.Parse(xml, True)
    return reader.rows


class _Reader:
    """What one pass over a submission finds, and the callbacks of expat that find it."""

    __slots__ = ("_counts", "_known", "_leaf", "_open", "_paths", "_tables", "rows", "texts")

    def __init__(self, key: str, layout: AnswerLayout) -> None:
        self.rows = [AnswerRow("", key, "")]
        self.texts: list[str] = []
        self._open = [self.rows[0]]
        self._paths: list[str] = []
        self._counts: dict[str, int] = {}
        self._tables, self._known = layout.tables, layout.known
        self._leaf = False

    def start(self, name: str, _attributes: list[str]) -> None:
        paths = self._paths
        if not paths:
            paths.append("")
            return
        local, above = name.rpartition(":")[2], paths[-1]
        path = f"{above}/{local}" if above else local
        paths.append(path)
        self.texts.clear()
        self._leaf = True
        if path in self._tables:
            self._begin_row(path)

    def end(self, _name: str) -> None:
        path = self._paths.pop()
        if self._leaf:
            self._leaf = False
            self._answer(path, "".join(self.texts))
        if path and path in self._tables:
            self._open.pop()

    def _begin_row(self, path: str) -> None:
        parent = self._open[-1]
        place = f"{parent.key}/{self._tables[path].step}"
        number = self._counts.get(place, 0) + 1
        self._counts[place] = number
        row = AnswerRow(path, f"{place}[{number}]", parent.key)
        self._open.append(row)
        self.rows.append(row)

    def _answer(self, path: str, text: str) -> None:
        row = self._open[-1]
        if path in self._known and path not in row.values:
            row.values[path] = text
        elif text.strip() and path not in META:
            row.others.setdefault(path, []).append(text)
