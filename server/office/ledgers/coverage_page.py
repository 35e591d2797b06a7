"""Which villages have no record of a ledger (哪些村还没有…), or had no event lately, per town; and a file of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, request

from server import instants, table_files
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.record_types import Kind, RecordType
from server.forms.store import forms
from server.instants import Instant
from server.office import layout, pages
from server.office.layout import signed_in
from server.office.ledgers import ledger_list
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.records.usecases import coverage
from server.summaries.domain import patrols
from server.web import context, downloads, record_exports

blueprint = layout.create_blueprint("office-ledger-coverage", __name__)

DAYS = (7, 30, 90)
"""Of which last days a page of events may ask; 30 where an address says none."""

HEADINGS = ("乡镇", "村（社区）代码", "村（社区）", "条数")


@blueprint.get("/office/ledgers/<type>/missing")
@signed_in
def missing(type: str) -> Response:
    """Show the towns with how many of their villages have a record, and the villages that have none."""
    by = context.caller()
    with context.database().reading() as reading:
        declared = _type(reading, type)
        days = _days(declared, request.args.get("days", ""))
        values = _values(reading, by, declared, days)
        values["choices"] = DAYS if declared.kind is Kind.EVENT else ()
        return layout.show(reading, "ledgers/missing.html", layout.LEDGERS.key, values)


@blueprint.get("/office/ledgers/<type>/missing/panel")
@signed_in
def panel(type: str) -> Response:
    """Show the towns alone, to stand beside the list of the ledger: the page does not wait for them."""
    by = context.caller()
    with context.database().reading() as reading:
        declared = _type(reading, type)
        values = _values(reading, by, declared, _days(declared, ""))
    return pages.respond("ledgers/gaps.html", layout.language(), values)


def _values(reading: Reading, by: Actor, type: RecordType, days: int) -> dict[str, Any]:
    """Return what a page says of the villages without a record. days: of the last how many, 0 for ever."""
    found = coverage.villages(reading, by, type.name, _since(reading, days))
    without = [each for each in found if not each.records]
    return {
        "type": type,
        "days": days,
        "towns": coverage.by_town(found),
        "villages": without,
        "missing": len(without),
        "total": len(found),
        "unvisited": _places(reading, type),
        "may_export": bool(rights.scope_for(by, "export", "read").places),
    }


def _places(reading: Reading, type: RecordType) -> list[RecordType]:
    """Return the ledgers of places of which one may ask who was not visited: this one, or of patrols every one."""
    if type.name == patrols.TYPE:
        return [each for each in forms.catalogue(reading).types.values() if each.kind is Kind.PROFILE]
    return [type] if type.kind is Kind.PROFILE else []


@blueprint.get("/office/ledgers/<type>/missing.csv")
@signed_in
def missing_csv(type: str) -> Response:
    """Answer with a file of the villages without a record where the caller may export. Raises NotAllowed."""
    by = context.caller()
    scope = record_exports.scope_of(by)
    with context.database().reading() as reading:
        declared = _type(reading, type)
        days = _days(declared, request.args.get("days", ""))
        counted = coverage.inside(reading, by.scope, scope, type, _since(reading, days))
        found = [each for each in counted if not each.records]
    export = record_exports.begin("records.export", type, {"format": "csv", "filters": {"missing": True, "days": days}})
    safe = table_files.verbatim
    rows = [(safe(each.town), table_files.code(each.code), safe(each.name), "0") for each in export.counted(found)]
    lines = table_files.csv_lines([HEADINGS, *rows])
    return downloads.exported(export, [table_files.BOM, lines], table_files.CSV_TYPE, f"{type}-missing.csv")


def _type(reading: Reading, name: str) -> RecordType:
    found = ledger_list.find_type(reading, name)
    if found.kind is Kind.CASE:
        raise NotFound("案件没有这一页；请看汇总。", type=name)
    return found


def _days(type: RecordType, said: str) -> int:
    """Return of how many last days events are asked for; 0 for a ledger that is kept for ever."""
    if type.kind is not Kind.EVENT:
        return 0
    return int(said) if said in map(str, DAYS) else DAYS[1]


def _since(reading: Reading, days: int) -> Instant | None:
    if not days:
        return None
    return instants.text(instants.parse(instants.local_day(reading.now)) - timedelta(days=days - 1))
