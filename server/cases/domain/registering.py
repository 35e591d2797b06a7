"""What a report must say before it is a case (GB/T 30428: 立案): which hazard, and where; and when it was found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from server import instants
from server.cases.domain.acts import Act, ActContext
from server.cases.domain.similarity import GEOMETRY, ITEM, PLACE
from server.instants import Instant
from server.records.domain import clocks
from server.records.domain.records import Record
from server.records.domain.status import Status
from sync.flags import Flag

CATEGORY = "category"
REGISTERS = frozenset({"register", "assign"})
"""Acts by which a report becomes a case."""

_VILLAGE_DEPTH = 3
"""Parts of the path of a village: county, town, village."""

CURES = {
    ITEM: "没有写是什么隐患：请先更正（edit），补上隐患项目（item）或类别（category）；查不清的请“不予立项：信息不全”",
    PLACE: "没有写在哪里：请先更正（edit），补上场所（place）；查不清的请“不予立项：信息不全”",
}
"""By what is missing, what is said and done about it."""


def lacking(fields: Mapping[str, str], path: str, known: Collection[str]) -> tuple[str, ...]:
    """Return what a report lacks to be registered, of ``item`` and ``place``, in this order.

    fields: of the report. path: of its area; a village or a unit is a place. known: names of the fields that its kind
    of record has: what none of its forms asks for is not missing.
    """

    def says(*names: str) -> bool:
        return any(fields.get(name, "").strip() for name in names)

    found = []
    if not {ITEM, CATEGORY}.isdisjoint(known):
        found += [] if says(ITEM, CATEGORY) else [ITEM]
    if PLACE in known and len(path.split("/")) < _VILLAGE_DEPTH and not says(PLACE, GEOMETRY):
        found.append(PLACE)
    return tuple(found)


def is_registered_by(record: Record, action: str) -> bool:
    """Say whether an act makes a case of a report."""
    return action in REGISTERS and record.status == Status.REPORTED


def says_what_and_where(record: Record, act: Act, context: ActContext) -> Iterator[tuple[str, str]]:
    """Yield what a report lacks to be registered, with the cure."""
    for name in context.lacks:
        yield name, CURES[name]


def discovered_at(report: Record) -> Instant | None:
    """Return when the hazard of a new report was found; None where no sound clock says.

    A clock that is marked as wrong says nothing, nor does one that is ahead of the receipt by more than clocks drift,
    or a year behind: it was never set.
    """
    written = report.fields.get("discovered_at", "")
    if not written or Flag.CLOCK_SUSPECT in report.flags:
        return None
    try:
        found = instants.text(instants.parse(written))
    except ValueError:
        return None
    return found if clocks.is_sound(found, report.created_at) else None
