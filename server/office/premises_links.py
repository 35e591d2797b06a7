"""Leads from a case to its premises and back, and tells whether these are closed down."""

from __future__ import annotations

from typing import Any, NamedTuple

from server.db.transactions import Reading
from server.records.domain import premises
from server.records.domain.records import Record
from server.records.domain.status import STATUS_LABELS, Status
from server.records.usecases import premises_cases
from server.records.usecases.disclosing import RecordMask
from server.web import context


class Premises(NamedTuple):
    """The premises of a case. address: of their page."""

    label: str
    address: str
    is_closed_down: bool


def of_case(reading: Reading, case: Record, mask: RecordMask) -> Premises | None:
    """Return the premises that a case names; None for none, and where the reader may not see them."""
    found = premises_cases.premises_of(reading, case, context.caller())
    if found is None:
        return None
    is_closed_down = premises.is_closed_down(found.type, found.fields)
    return Premises(mask.label(found), f"/office/ledgers/{found.type}/{found.id}", is_closed_down)


def of_premises(reading: Reading, record: Record, mask: RecordMask) -> dict[str, Any]:
    """Return ``open_cases`` (address, label and status of each) and ``is_closed_down``; of other ledgers no cases."""
    found = premises_cases.open_cases(reading, record, context.caller())
    return {
        "open_cases": [
            (f"/office/cases/{each.id}", mask.label(each), STATUS_LABELS[Status(each.status or "")]) for each in found
        ],
        "is_closed_down": premises.is_closed_down(record.type, record.fields),
    }
