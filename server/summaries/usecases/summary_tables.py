"""Format the closure summary as a table of rows and titles, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from server import instants
from server.cases.usecases import calendars
from server.db import training
from server.db.transactions import Reading
from server.forms.store import codes as code_lists
from server.grid.domain import areas
from server.summaries.domain import count_rules, figure_definitions, periods, sentences
from server.summaries.domain.area_rows import ELSEWHERE
from server.summaries.domain.figure_definitions import RESULT, Kind
from server.summaries.domain.summary_rows import Figures, Rate, Row
from server.summaries.usecases.closure_summary import Result
from server.summaries.usecases.groupings import LEVELS, ROW_TITLES, Grouping
from server.summaries.usecases.spreadsheets import Days, Value

REST = "-"
"""How the key of the row ELSEWHERE is written; no code, category or month looks like it."""

RESULTS = "result_codes"
"""Code list that names the results."""

TOTAL = "合计"
DAYS, AS_OF = "days", "as_of"
"""Codes of the columns of a file that hold no figure."""


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of the table. code: of the figure; a result code has ``result:`` before it.

    A file also says of which days (DAYS) and as of when (AS_OF) it counts. is_rate: it is a share.
    """

    code: str
    label: str
    is_rate: bool = False


@dataclass(frozen=True, slots=True)
class SummaryTable:
    """A summary as titles and rows, the total last. keys: of each row, None for the total."""

    columns: tuple[Column, ...]
    keys: tuple[str | None, ...]
    names: tuple[str, ...]
    values: tuple[tuple[Value, ...], ...]

    def with_titles(self, result: Result) -> Iterator[Sequence[Value]]:
        """Yield the title row, then every row, for a file."""
        yield ("代码", ROW_TITLES[result.by], *(column.label for column in self.columns))
        for key, name, values in zip(self.keys, self.names, self.values, strict=True):
            yield (key or "", name, *values)


def table(reading: Reading, result: Result, codes: Sequence[str] | None = None) -> SummaryTable:
    """Return the summary with these figures, or with all of them and every result that occurs."""
    known = {
        figure.code: Column(figure.code, figure.label, figure.kind is Kind.RATE)
        for figure in figure_definitions.list_figures(result.as_of)
    }
    more: tuple[str, ...] = ()
    if codes is None:
        named = _result_names(reading, set(result.summary.total.results))
        columns = list(known.values())
        columns += [Column(f"{RESULT}{code}", f"办结结果：{label}") for code, label in named.items()]
        more = (days_of(result), local_exactly(result.as_of))
    else:
        columns = [known[code] for code in codes]
    rows: list[tuple[str | None, str, Figures]] = [
        (written_key(result.by, row.key), row.name, row.figures) for row in result.summary.rows
    ]
    total = training.NOT_COUNTED if result.training else TOTAL
    rows.append((None, total, result.summary.total))
    begun = _begun(result)
    return SummaryTable(
        (*columns, *((Column(DAYS, "时段"), Column(AS_OF, "统计时刻")) if more else ())),
        tuple(key for key, _, _ in rows),
        tuple(name for _, name, _ in rows),
        tuple(
            (*(value(figures, column.code) if begun(key) else None for column in columns), *more)
            for key, _, figures in rows
        ),
    )


def has_begun(result: Result) -> bool:
    """Return whether the period had begun by the instant of the count; before that nothing counts, not even nought."""
    return result.as_of >= result.period.starts_at


def _begun(result: Result) -> Callable[[str | None], bool]:
    """Return whether a row counts anything by the instant: days that are still to come count not even nought.

    Of the row of a month its own days decide; of every other row, and of the total (None), those of the period.
    """
    if result.by is not Grouping.MONTH:
        return lambda key: has_begun(result)
    begun = {month for month, part in periods.months_of(result.period) if part.starts_at <= result.as_of}
    return lambda key: has_begun(result) if key is None else key in begun


def days_of(result: Result) -> str:
    """Return the days that a summary counts as people read them, with a mark while they are not over, or not begun."""
    mark = "" if result.over else "（未结束）" if has_begun(result) else "（未开始）"
    return f"{result.period.first} 至 {result.period.last}{mark}"


def local(instant: str) -> str:
    """Return an instant as Beijing's clock shows it."""
    return f"{instants.parse(instant).astimezone(instants.BEIJING):%Y-%m-%d %H:%M}"


def local_exactly(instant: str) -> str:
    """Return the same with seconds where it is no whole minute: given as ``as_of``, it opens the figure again."""
    clock = instants.parse(instant).astimezone(instants.BEIJING)
    return local(instant) if clock.second == clock.microsecond == 0 else f"{clock:%Y-%m-%d %H:%M:%S.%f}"[:-3]


def value(figures: Figures, code: str) -> Value:
    """Return one figure by its code."""
    if code.startswith(RESULT):
        return figures.results.get(code.removeprefix(RESULT), 0)
    if code in figures.counts:
        return figures.counts[code]
    return figures.rates[code] if code in figures.rates else Days(figures.days[code])


def written_key(by: Grouping, key: str) -> str:
    """Return how the key of a row is written: an area by its code."""
    if key == ELSEWHERE:
        return REST
    return areas.code_of(key) if by in LEVELS else key


def parse_key(by: Grouping, written: str | None) -> str | None:
    """Return the key of the row that is written so; None for the total. Raises Invalid for what is no area code."""
    if written is None:
        return None
    if written == REST:
        return ELSEWHERE
    return areas.path_of(written) if by in LEVELS else written


def sentence(result: Result) -> str:
    """Return the sentence for the brigade's report."""
    if result.training:
        return training.NOT_COUNTED
    if not has_begun(result):
        return sentences.NOT_BEGUN
    return sentences.sentence(result.summary.total, visited=result.visited)


def as_json(reading: Reading, result: Result) -> dict[str, Any]:
    """Return the summary as plain values; null where there is nothing to divide by, ``text`` as it is printed.

    Where the days are still to come at the instant of the count, every figure is null.
    """
    begun = _begun(result)
    named = _result_names(reading, set(result.summary.total.results))
    return {
        "area": None if result.area is None else result.area.code,
        "by": result.by.value,
        "from": result.period.first.isoformat(),
        "to": result.period.last.isoformat(),
        "as_of": result.as_of,
        "begun": has_begun(result),
        "over": result.over,
        "visited": result.visited if has_begun(result) else None,
        "training": result.training,
        "holidays_missing": calendars.missing_year(reading),
        "sentence": sentence(result),
        "results": named,
        "rows": [_row(result.by, row, begun) for row in result.summary.rows],
        "total": _figures(result.summary.total) if has_begun(result) else _no_figures(result.summary.total),
    }


def _result_names(reading: Reading, codes_seen: set[str]) -> dict[str, str]:
    """Return the label of each result code that occurs; a code that no list knows is its own."""
    found = {}
    for code in sorted(codes_seen):
        known = code_lists.current(reading, RESULTS, code)
        found[code] = "未填结果" if code == count_rules.UNSTATED else code if known is None else known.label
    return found


def legend(at: str) -> list[dict[str, Any]]:
    """Return what each figure means, in the order in which they are shown; ``opens``: whether it lists its cases."""
    return [
        {
            "code": figure.code,
            "kind": figure.kind.value,
            "label": figure.label,
            "label_en": figure.label_en,
            "base": figure.base,
            "note": figure.note,
            "note_en": figure.note_en,
            "numerator": figure.numerator or None,
            "denominator": figure.denominator or None,
            "opens": figure.kind is Kind.COUNT,
        }
        for figure in figure_definitions.list_figures(at)
    ]


def _row(by: Grouping, row: Row, begun: Callable[[str | None], bool]) -> dict[str, Any]:
    key = written_key(by, row.key)
    figures = _figures(row.figures) if begun(key) else _no_figures(row.figures)
    return {"key": key, "name": row.name, "begun": begun(key), **figures}


def _no_figures(figures: Figures) -> dict[str, Any]:
    """Return the same names as ``_figures``, none with a value: the days are still to come."""
    nothing = {"n": None, "d": None, "value": None, "text": ""}
    return {
        "counts": dict.fromkeys(figures.counts),
        "rates": dict.fromkeys(figures.rates, nothing),
        "days": dict.fromkeys(figures.days),
        "results": dict.fromkeys(figures.results),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "counts": dict(figures.counts),
        "rates": {code: _rate(rate) for code, rate in figures.rates.items()},
        "days": {code: None if length is None else float(length) for code, length in figures.days.items()},
        "results": dict(figures.results),
    }


def _rate(rate: Rate) -> dict[str, Any]:
    n, d = rate
    return {"n": n, "d": d, "value": n / d if d else None, "text": sentences.share(rate)}
