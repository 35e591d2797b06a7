"""File the sheet of a month (报送): it is kept once, with its hash, and never changes."""

from __future__ import annotations

from typing import NamedTuple

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.database import Database
from server.db.transactions import Reading, Transaction
from server.errors import MonthFrozen, MonthNotFrozen
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.monthly_reports.domain import canonical, months
from server.monthly_reports.domain.frozen import FrozenReport
from server.monthly_reports.domain.sheets import Sheet
from server.monthly_reports.store import reports
from server.monthly_reports.usecases import drawing
from server.monthly_reports.usecases.drawing import Heading
from server.summaries.usecases import requests


class Frozen(NamedTuple):
    """A filed month. is_new: it was filed just now."""

    report: FrozenReport
    is_new: bool


def freeze(
    database: Database,
    scope: Scope,
    month: str,
    heading: Heading,
    *,
    as_of: str | None,
    by: str,
) -> Frozen:
    """File the sheet of a month, or return it as it was filed before.

    scope: of the county, from ``drawing.require``. as_of: instant of the count as it was written, None for the last
    full minute. by: user name, or COMMAND. Raises Invalid for a month
    that is not over, MonthFrozen where it was filed as of another instant than the one that is asked for.

    It is counted in a reading, so that nobody's write waits for it; of two at once, the first one's stays.
    """
    with database.reading() as reading:
        known = _known(reading, month, as_of)
        if known is not None:
            return Frozen(known, False)
        at = drawing.instant_of(as_of, months.period_of(month), reading.now)
        sheet = drawing.draw(reading, scope, month, heading, at)

    def keep(tx: Transaction) -> Frozen:
        first = _known(tx, month, as_of)
        if first is not None:
            return Frozen(first, False)
        return Frozen(_keep(tx, sheet, by), True)

    return database.write(keep)


def get(reading: Reading, month: str) -> FrozenReport:
    """Return a month as it was filed. Raises MonthNotFrozen, and Invalid for what is no month."""
    months.period_of(month)
    known = reports.find(reading, month)
    if known is None:
        raise MonthNotFrozen(f"{months.words(month)}的月报还没有报送；请大队先报送（冻结）。", month=month)
    return known


def _known(reading: Reading, month: str, as_of: str | None) -> FrozenReport | None:
    months.period_of(month)
    known = reports.find(reading, month)
    if known is None or as_of is None:
        return known
    asked: Instant | None = requests.instant_of(as_of, reading.now)
    if asked != known.as_of:
        raise MonthFrozen(
            f"{months.words(month)}的月报已经报送，报送后不再改动；要改其中的数，请出更正表。",
            month=month,
            as_of=known.as_of,
            sha256=known.sha256,
        )
    return known


def _keep(tx: Transaction, sheet: Sheet, by: str) -> FrozenReport:
    content = canonical.content_of(sheet)
    report = FrozenReport(sheet.month, sheet.as_of, content, canonical.digest(content), tx.now, by)
    reports.add(tx, report)
    record(tx, Entry("monthly_report.freeze", by, sheet.month, {"sha256": report.sha256, "as_of": report.as_of}))
    return report
