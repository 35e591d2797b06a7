"""Define the sheet: which columns it has, of which of them its rates are made, and the notes that stand below it.

The one definition for page, print, workbook, CSV and API: rows of the dated table ``data/monthly_report.csv``. A rate
is made of columns of its own row alone, so that whoever has the paper can compute it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from server import dated, instants
from server.instants import Instant
from server.summaries.domain.summary_rows import Rate

TABLE = "monthly_report"

Terms: TypeAlias = tuple[tuple[int, str], ...]
"""What is added up: (1 or -1, code of a column of counts)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sheet, by the code of the figure that it shows.

    group, label: headings, one above the other, empty where there is none above; group_en, label_en: in English.
    numerator, denominator: of a rate; both empty for a count.
    """

    code: str
    group: str
    group_en: str
    label: str
    label_en: str
    numerator: Terms
    denominator: Terms

    @property
    def is_rate(self) -> bool:
        return bool(self.denominator)

    @property
    def heading(self) -> str:
        """The heading in one line, for tables that have one row of headings."""
        return f"{self.group}（{self.label}）" if self.group else self.label


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence below the sheet: what a column counts."""

    text: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Definition:
    """The sheet without its figures. title, title_en: what it is called, behind the name of the place."""

    title: str
    title_en: str
    columns: tuple[Column, ...]
    notes: tuple[Note, ...]

    @property
    def counts(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if not column.is_rate)

    @property
    def rates(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.is_rate)


def definition_at(at: Instant) -> Definition:
    """Return the definition in force at an instant."""
    return _on(instants.local_day(at))


@lru_cache(maxsize=64)  # asked for by every row
def _on(day: str) -> Definition:
    rows = dated.rows_on(TABLE, day)
    title = next(row for row in rows if row["part"] == "title")
    return Definition(
        title["label"],
        title["label_en"],
        tuple(_column(row) for row in rows if row["part"] in ("count", "rate")),
        tuple(Note(row["label"], row["label_en"]) for row in rows if row["part"] == "note"),
    )


def _column(row: dated.Row) -> Column:
    names = ("code", "group", "group_en", "label", "label_en")
    return Column(
        **{name: row[name] for name in names},
        numerator=terms_of(row["numerator"]),
        denominator=terms_of(row["denominator"]),
    )


def terms_of(written: str) -> Terms:
    """Return the terms that are written ``cases -suspended``; none for an empty text."""
    return tuple((-1 if word.startswith("-") else 1, word.removeprefix("-")) for word in written.split())


def written(terms: Terms) -> str:
    """Return terms as ``terms_of`` reads them."""
    return " ".join(f"{'-' if sign < 0 else ''}{code}" for sign, code in terms)


def rate_of(column: Column, counts: Mapping[str, int]) -> Rate:
    """Return the rate of a row, from the counts of that row by their codes."""
    return Rate(_sum(column.numerator, counts), _sum(column.denominator, counts))


def _sum(terms: Terms, counts: Mapping[str, int]) -> int:
    return sum(sign * counts[code] for sign, code in terms)
