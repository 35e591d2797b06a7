"""Whose place nobody has been to lately (谁家没有巡查): the records of a ledger by village, and a file of them."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from server import table_files
from server.db.transactions import Reading
from server.grid.domain.areas import Area
from server.grid.store import areas
from server.office import layout, pages
from server.office.admin.inputs import with_query
from server.office.cases import acting
from server.office.layout import signed_in
from server.office.ledgers import coverage_page, ledger_list
from server.people.domain import rights
from server.people.usecases import visibility
from server.summaries.usecases import unvisited
from server.summaries.usecases.unvisited import Unvisited
from server.web import context, downloads, record_exports

blueprint = layout.create_blueprint("office-ledger-unvisited", __name__)

ROWS = 50
HEADINGS = ("网格", "网格代码", "名称", "上次巡查")


@blueprint.get("/office/ledgers/<type>/unvisited")
@signed_in
def unvisited_page(type: str) -> Response:
    """Show the records that nobody has visited in the last days. Raises NotFound, Invalid."""
    by = context.caller()
    with context.database().reading() as reading:
        declared, days, area = ledger_list.find_type(reading, type), _days(), _area(reading)
        found, villages = unvisited.unvisited(reading, declared, days, area, by=by)
        start = acting.read_number(request.args.get("cursor", "")) or 0
        here, code = f"/office/ledgers/{type}/unvisited", "" if area is None else area.code
        shown = found[start : start + ROWS]
        values = {
            "type": declared,
            "days": days,
            "area": code,
            "here": here,
            "choices": [(each, with_query(here, days=str(each), area=code)) for each in coverage_page.DAYS],
            "areas": ledger_list.area_choices(reading, by),
            "rows": _rows(reading, shown),
            "villages": [each for each in villages if each.unvisited],
            "total": sum(each.records for each in villages),
            "count": len(found),
            "next": with_query(here, days=str(days), area=code, cursor=str(start + ROWS))
            if len(found) > start + ROWS
            else "",
            "file": with_query(f"{here}.csv", days=str(days), area=code)
            if rights.scope_for(by, "export", "read").places
            else "",
        }
        answer = layout.show(reading, "ledgers/unvisited.html", layout.LEDGERS.key, values)
    _audit(type, shown)
    return answer


@blueprint.get("/office/ledgers/<type>/unvisited.csv")
@signed_in
def unvisited_csv(type: str) -> Response:
    """Answer with a file of those of these records that the caller may export.

    Raises NotAllowed (the right to export), NotFound, Invalid.
    """
    by = context.caller()
    scope = record_exports.scope_of(by)
    with context.database().reading() as reading:
        declared, days, area = ledger_list.find_type(reading, type), _days(), _area(reading)
        mask = record_exports.mask_for(reading, by)
        found, _ = unvisited.unvisited(reading, declared, days, area, by=by, scope=scope, mask=mask)
        rows = _rows(reading, found)
    told = {"unvisited": True, "days": days, **({} if area is None else {"area": area.code})}
    export = record_exports.begin("records.export", type, {"format": "csv", "filters": told})
    _audit(type, found)
    safe = table_files.verbatim
    lines = [
        (safe(each["place"]), table_files.code(each["area"]), safe(each["label"]), each["last"])
        for each in export.counted(rows)
    ]
    content = table_files.csv_lines([HEADINGS, *lines])
    return downloads.exported(export, [table_files.BOM, content], table_files.CSV_TYPE, f"{type}-unvisited.csv")


def _audit(type: str, shown: list[Unvisited]) -> None:
    if listed := [each.id for each in shown if each.is_whole]:
        context.audit_read("personal.read", "records", {"types": [type]}, listed)


def _days() -> int:
    said = request.args.get("days", "")
    return int(said) if said in map(str, coverage_page.DAYS) else coverage_page.DAYS[1]


def _area(reading: Reading) -> Area | None:
    """Return the area of the address, None for none. Raises NotFound for one that the caller does not see."""
    code = request.args.get("area", "")
    return visibility.get_visible(reading, code, context.caller()) if code else None


def _rows(reading: Reading, found: list[Unvisited]) -> list[dict[str, Any]]:
    names = areas.full_names(reading, {each.area for each in found})
    return [
        {
            "label": each.label,
            "id": each.id,
            "area": each.area,
            "place": names.get(each.area, each.area),
            "last": each.last,
            "shown": pages.day(each.last, reading.now) if each.last else "",
        }
        for each in found
    ]
