"""The table of figures of the closure summary: what each is called and made of, so that each opens into its cases.

A figure is a row of ``data/figures.csv``. A *count* has its rule in ``count_rules``; both ends of a *rate* are counts,
a *time* is taken over a count.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from server import dated, instants
from server.errors import Invalid
from server.instants import Instant
from server.summaries.domain.count_rules import COUNT_RULES, CountRule, in_cohort, result_of

RESULT = "result:"
"""Before a result code, names the count of closed cases with that result; ``UNSTATED`` where none was given."""


class Kind(StrEnum):
    """What a figure is: a number of cases, a share of one number in another, or a length of time."""

    COUNT = "count"
    RATE = "rate"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table of figures.

    label, label_en: display names. base: which instants the period selects by. note, note_en: what it counts, or the
    formula, in words.
    numerator, denominator: counts of a rate; a time has its count as numerator; both empty for a count.
    """

    code: str
    kind: Kind
    numerator: str
    denominator: str
    label: str
    label_en: str
    base: str
    note: str
    note_en: str


def list_figures(at: Instant) -> tuple[Figure, ...]:
    """Return every figure in force at ``at``, in the order in which they are shown."""
    return _figures_on(instants.local_day(at))


@lru_cache(maxsize=64)  # called for every row of a summary
def _figures_on(day: str) -> tuple[Figure, ...]:
    names = ("code", "numerator", "denominator", "label", "label_en", "base", "note", "note_en")
    return tuple(
        Figure(kind=Kind(row["kind"]), **{name: row[name] for name in names}) for row in dated.rows_on("figures", day)
    )


def count_rule(code: str, at: Instant) -> CountRule:
    """Return the rule of the count with this code.

    Raises Invalid when there is no such figure, or when it is a rate or a time; the message names what to open.
    """
    if code.startswith(RESULT):
        return _with_result(code.removeprefix(RESULT))
    figure = next((figure for figure in list_figures(at) if figure.code == code), None)
    if figure is None:
        known = "、".join(figure.code for figure in list_figures(at) if figure.kind is Kind.COUNT)
        raise Invalid(f"没有“{code}”这个数；可选：{known}。", field="figure", value=code)
    if figure.kind is Kind.COUNT:
        return COUNT_RULES[code]
    ends = [end for end in (figure.numerator, figure.denominator) if end]
    raise Invalid(
        f"“{figure.label}”不是件数，没有自己的案件清单；请打开 {'、'.join(ends)}。",
        field="figure",
        value=code,
        open=ends,
    )


def _with_result(code: str) -> CountRule:
    return lambda case, window: in_cohort(case, window) and case.closed and result_of(case) == code
