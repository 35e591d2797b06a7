"""Stores the sheets of months as they were filed; the whole county's, for readers of the whole county alone."""

from __future__ import annotations

from collections.abc import Iterator

from server.db.sql import Row, inserting
from server.db.transactions import Reading, Transaction
from server.monthly_reports.domain import canonical, corrections
from server.monthly_reports.domain.corrections import Correction
from server.monthly_reports.domain.frozen import FrozenReport

_COLUMNS = ("month", "as_of", "content", "sha256", "frozen_at", "frozen_by")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM monthly_report"
_CORRECTION_COLUMNS = ("month", "number", "content", "sha256", "made_at", "made_by")
_ADD_CORRECTION = inserting("monthly_report_correction", _CORRECTION_COLUMNS)
_ADD = inserting("monthly_report", _COLUMNS)


def find(reading: Reading, month: str) -> FrozenReport | None:
    """Return a month as it was filed, None for one that was not."""
    row = reading.sql.find(f"{_SELECT} WHERE month = :month", {"month": month})
    return None if row is None else _report(row)


def list_all(reading: Reading) -> list[FrozenReport]:
    """Return every filed month, the newest first."""
    return [_report(row) for row in reading.sql.each(f"{_SELECT} ORDER BY month DESC")]


def add(tx: Transaction, report: FrozenReport) -> None:
    """Keep a month as it is filed."""
    tx.sql.put(_ADD, {**{name: getattr(report, name) for name in _COLUMNS}, "content": report.content.decode()})


def corrections_of(reading: Reading, month: str) -> list[Correction]:
    """Return the corrections of a filed month in their order."""
    sql = "SELECT content, sha256 FROM monthly_report_correction WHERE month = :month ORDER BY number"
    return [corrections.read(row["content"].encode(), row["sha256"]) for row in reading.sql.each(sql, {"month": month})]


def add_correction(tx: Transaction, correction: Correction) -> None:
    """Append a correction of a filed month."""
    row = {name: getattr(correction, name) for name in _CORRECTION_COLUMNS}
    tx.sql.put(_ADD_CORRECTION, {**row, "content": correction.content.decode()})


def broken(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield (invariant, what breaks it) where what was filed no longer hashes to what it was filed with."""
    for table in ("monthly_report", "monthly_report_correction"):
        for row in reading.sql.each(f"SELECT month, content, sha256 FROM {table}"):
            if canonical.digest(row["content"].encode()) != row["sha256"]:
                yield "a filed month, and each correction of it, is what its hash says", f"{table} {row['month']}"


def _report(row: Row) -> FrozenReport:
    return FrozenReport(**{**row, "content": row["content"].encode()})
