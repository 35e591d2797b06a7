"""What the API tells of a list that was looked at, imported or taken back, whatever the list is of."""

from __future__ import annotations

from dataclasses import asdict

from server.api import responses
from server.staffing.domain.list_plans import S
from server.staffing.usecases.list_imports import DryRun, ListImport


def told(list_import: ListImport[S], found: DryRun[S]) -> responses.Json:
    """Return a list as ``schemas.rosters`` describes it, its faults by line."""
    return {
        "token": found.token,
        "file": found.file_name,
        "sheet": found.sheet,
        "rows": len(found.rows),
        **list_import.counts(found),
        "done": found.done is not None,
        "taken_back": found.done is not None and found.done["undone"] is not None,
        "notes": list(found.notes),
        "faults": [asdict(each) for each in list_import.shown_faults(found)],
    }
