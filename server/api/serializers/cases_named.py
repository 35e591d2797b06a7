"""Names a case in lists about cases: what it is called to the reader, where it lies, how it stands."""

from __future__ import annotations

from server.api.responses import Json
from server.db.sql import Row
from server.records.usecases.disclosing import RecordMask
from server.web import context


def case(row: Row, mask: RecordMask) -> Json:
    """Return a case as lists of requests and of re-checks name it. row: as lists of records have it."""
    return {
        "id": row["id"],
        "label": mask.row_label(row),
        "case_no": row["case_no"],
        "area": row["area"],
        "status": row["status"],
        "version": row["version"],
    }


def note_shown(mask: RecordMask, rows: list[Row], shown_in: str) -> None:
    """Let the audit tell that the caller was shown personal data of these cases whole. shown_in: the list's name."""
    whole = {row["id"]: row["type"] for row in rows if mask.shows_persons(row)}
    if whole:
        context.audit_read("personal.read", shown_in, {"types": sorted({*whole.values()})}, whole)
