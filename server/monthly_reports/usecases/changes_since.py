"""Compare a filed month with what it would be now: column by column, and case by case."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import Instant
from server.monthly_reports.domain import changes
from server.monthly_reports.domain.changes import Change, Kind
from server.monthly_reports.domain.frozen import FrozenReport
from server.monthly_reports.domain.sheets import Sheet
from server.monthly_reports.store import corrected_cases, late_reports
from server.monthly_reports.usecases import drawing
from server.summaries.domain import count_rules
from server.summaries.domain.periods import Period
from server.summaries.store import counted_cases, moved_cases
from server.summaries.store.counted_cases import Cursor
from server.summaries.store.rollup_sums import AreaCondition
from server.summaries.usecases import closure_summary


@dataclass(frozen=True, slots=True)
class Difference:
    """One column of the total, as it was filed and as it is now."""

    code: str
    label: str
    label_en: str
    then: int
    now: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What has changed since a month was filed.

    now: the instant up to which. changes: of every case, those received first first; their differences add up to those
    of the columns.
    """

    report: FrozenReport
    now: Instant
    columns: tuple[Difference, ...]
    changes: tuple[Change, ...]

    def of_kind(self, kind: Kind | None) -> list[Change]:
        """Return the changes of a kind, None for all."""
        return [change for change in self.changes if kind is None or kind in change.kinds]

    def count(self, kind: Kind) -> int:
        return len(self.of_kind(kind))


def since(reading: Reading, scope: Scope, report: FrozenReport) -> Comparison:
    """Return what has changed since a month was filed. scope: of the county."""
    filed = report.sheet
    query = drawing.query_of(scope, filed.period, reading.now, reading.now)
    total = closure_summary.summarise(reading, query).summary.total
    columns = tuple(
        Difference(
            column.code, column.heading, column.label_en, filed.total.counts[column.code], total.counts[column.code]
        )
        for column in filed.definition.counts
    )
    inside = _inside(reading, scope, filed.period)
    found = [*_moved(reading, inside, filed), *_late(reading, inside, filed)]
    ordered = sorted(found, key=lambda change: (change.received_at, change.id))
    return Comparison(report, reading.now, columns, tuple(ordered))


def _inside(reading: Reading, scope: Scope, period: Period) -> AreaCondition:
    inside = drawing.view_of(reading, scope, period, reading.now).inside
    if not isinstance(inside, AreaCondition):
        raise TypeError("the county's sheet is read by places")
    return inside


def _moved(reading: Reading, inside: AreaCondition, filed: Sheet) -> Iterator[Change]:
    """Yield what has become of cases of the month: by acts and corrections since, or because their limits passed."""
    period, as_of = filed.period, filed.as_of
    before = count_rules.window_of(period, as_of)
    after = count_rules.window_of(period, reading.now)
    corrected = corrected_cases.since(reading, inside, period, as_of)
    still_open = counted_cases.candidates(reading, inside, "open", period, reading.now, Cursor())
    unmoved = {case.id: (case, case) for case in chain(still_open, corrected.values())}
    moved = {now.id: (now, then) for now, then in moved_cases.since(reading, inside, period, as_of)}
    for id, (now, then) in (unmoved | moved).items():
        change = changes.change_of(filed.definition, then, now, before, after, is_corrected=id in corrected)
        if change is not None:
            yield change


def _late(reading: Reading, inside: AreaCondition, filed: Sheet) -> Iterator[Change]:
    found = late_reports.discovered_within(reading, inside, filed.period, filed.as_of, reading.now)
    return (Change(id, received_at, (Kind.LATE,), {}) for id, received_at in found)


def listed(
    reading: Reading, found: Sequence[Change], label: Callable[[Row], str] | None = None
) -> list[dict[str, Any]]:
    """Return changes as plain values, with number, label and area of each case.

    label: as for ``counted_cases.record_columns``.
    """
    shown = counted_cases.record_columns(reading, {change.id for change in found}, reading.now, label)
    named = areas.full_names(reading, {row["area"] for row in shown.values()})
    return [_listed(change, shown.get(change.id, {}), named) for change in found]


def _listed(change: Change, record: Mapping[str, Any], named: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": change.id,
        "case_no": record.get("case_no") or "",
        "label": record.get("label", ""),
        "area_name": named.get(record.get("area", ""), ""),
        "kinds": [kind.value for kind in change.kinds],
        "differences": dict(change.differences),
    }


def words(change: Mapping[str, Any], columns: Sequence[Difference]) -> str:
    """Return what a case adds to the columns as people read it: 已办结＋1，在办－1."""
    names = {column.code: column.label for column in columns}
    return "，".join(f"{names[code]}{'＋' if n > 0 else '－'}{abs(n)}" for code, n in change["differences"].items())
