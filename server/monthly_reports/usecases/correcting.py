"""Issue a correction of a filed sheet, and read those that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Reading, Transaction
from server.errors import StaleVersion
from server.monthly_reports.domain import corrections
from server.monthly_reports.domain.corrections import Correction
from server.monthly_reports.domain.sheets import Sheet
from server.monthly_reports.store import reports
from server.monthly_reports.usecases import freezing


def newest(reading: Reading, month: str) -> tuple[Sheet, str]:
    """Return a filed sheet as it has been corrected until now, and the hash that the next correction follows.

    Raises MonthNotFrozen.
    """
    report = freezing.get(reading, month)
    known = reports.corrections_of(reading, month)
    return corrections.corrected(report.sheet, known), known[-1].sha256 if known else report.sha256


def as_corrected(sheet: Sheet, known: Sequence[Correction]) -> Sheet:
    """Return a filed sheet with what its corrections say in its place, and a sentence that says so; as it is without.

    known: in their order. The sentence that was filed holds numbers that no longer stand.
    """
    if not known:
        return sheet
    numbers = "、".join(str(each.number) for each in known)
    return replace(corrections.corrected(sheet, known), sentence=CORRECTED.format(numbers=numbers))


CORRECTED = "本表各数已按第{numbers}号更正表改正；报送时的文字说明见原表，原表不变。"


def correct(
    tx: Transaction,
    month: str,
    asked: Mapping[tuple[str, str], int],
    *,
    previous: str,
    reason: str,
    signer: str,
    by: str,
) -> Correction:
    """Issue a correction of a filed sheet; the sheet stays.

    asked: what is right, by key of the row and code of the column. previous: the hash that its author has seen last, of
    the sheet or of its newest correction. reason, signer: as they are written. by: user name. Raises MonthNotFrozen,
    StaleVersion where there is a newer correction, Invalid with every fault.
    """
    report = freezing.get(tx, month)
    sheet, newest_hash = newest(tx, month)
    if previous != newest_hash:
        raise StaleVersion("这张表已有更新的更正表；请看过最新的数再改。", month=month, sha256=newest_hash)
    cells = corrections.cells_of(sheet, asked)
    number = len(reports.corrections_of(tx, month)) + 1
    made = corrections.correction_of(
        report, number, previous, cells, reason=reason, signer=signer, made_at=tx.now, made_by=by
    )
    reports.add_correction(tx, made)
    record(tx, Entry("monthly_report.correct", by, month, {"number": number, "sha256": made.sha256}))
    return made
