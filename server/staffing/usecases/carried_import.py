"""Import last year's open hazards (上年结转): look first, then take the good rows, and take the import back if wrong.

What is taken over is registered at once and goes its way as any case, but counts in a cohort of its own. Taking an
import back makes void what nobody has touched since.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from server.changes.usecases import interactive
from server.changes.usecases.interactive import CreateRequest
from server.changes.usecases.recording import apply_by_server
from server.db.transactions import Reading, Transaction
from server.errors import NotFound
from server.forms.domain.record_types import LABEL
from server.forms.store import codes, forms
from server.grid.domain.areas import Area, Level, short_name
from server.grid.domain.file_rows import SheetRow
from server.grid.store import areas
from server.instants import local_day
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.store.roster_imports import Kind as Import
from server.people.usecases import visibility
from server.records.domain.status import Status
from server.records.store import records
from server.staffing.domain import carried_rows
from server.staffing.domain.carried_rows import COLUMNS, TITLES, Known, Step, key_of
from server.staffing.domain.list_plans import Plan
from server.staffing.domain.roster_rows import Grid
from server.staffing.usecases import import_sheets
from server.staffing.usecases.import_sheets import Layout
from server.staffing.usecases.list_imports import ACTION, ROWS_MAX, ListImport
from server.summaries.store import carried_cases

SUBJECT = "carried"
"""The right to take last year's hazards over."""

TYPE, ITEMS = "hazards", "hazard_items"

UNTOUCHED = 2
"""The version of a case that was taken over and that nobody has touched since."""

LAYOUT = Layout("上年结转", TITLES, {"item": 30, "place": 26, "code": 18, "old_no": 18, "description": 30})
_OLD_NO = "原编号：{}"
_WRITTEN_NO = re.compile(r"原编号：(\S[^\n]*)\Z")
_NOTES = (
    "一行一处以前年份没有整改完的隐患。隐患、场所必填；今年发现的请照常上报，不写在这里。",
    "网格：填乡镇、村、单元的名称，或只填网格代码。同名的村要填乡镇或代码。",
    "导入后每处直接立项，列为上年结转：不计入今年的上报和发现，汇总和月报另列一行。",
    "原编号空着的，按网格、场所、隐患认是不是同一处；导过的会跳过，不会重复。",
    "场所写单位名称或位置，不写户主姓名和电话。",
)


def template(reading: Reading, by: Actor) -> bytes:
    """Return an empty list as .xlsx, with the towns to choose from and the hazards named. Raises NotAllowed."""
    IMPORT.require_right(by)
    covered = areas.list_covered(reading, visibility.of(by))
    towns = carried_rows.names(area for area in covered if area.level is Level.TOWN and area.in_force(reading.now))
    notes = (*_NOTES, f"隐患可填：{'；'.join(_items(reading).values())}。")
    return import_sheets.template(LAYOUT, {"town": towns}, notes, ROWS_MAX)


def _take_over(tx: Transaction, step: Step, by: Actor) -> str:
    said = {name: " ".join(step.row.text(name).split()) for name in ("place", "old_no", "description")}
    number = _OLD_NO.format(said["old_no"]) if said["old_no"] else ""
    fields = {
        "item": step.item,
        "place": said["place"],
        "description": "；".join(part for part in (said["description"], number) if part),
        "discovered_at": f"{step.found_on}T00:00:00.000+08:00" if step.found_on else "",
    }
    known = forms.catalogue(tx).types[TYPE].fields
    given = {name: value for name, value in fields.items() if value and name in known}
    given[LABEL] = f"{said['place']}｜{_items(tx)[step.item]}"
    new = CreateRequest(action="report", type=TYPE, fields=given, area=step.area.code)
    outcome, _ = interactive.create(tx, new, by=by)
    if outcome.record is None:
        raise LookupError(outcome.id)
    apply_by_server(tx, outcome.record, "carry_over", "；".join(part for part in ("上年结转", number) if part))
    return outcome.record.id


def _take_back(tx: Transaction, id: str, by: Actor) -> bool:
    """Make a case void again that was taken over; False where somebody has touched it, or moved it out of reach."""
    try:
        found = records.get(tx, id, by.scope)
    except NotFound:
        return False
    if found.version != UNTOUCHED or found.status != Status.REGISTERED:
        return False
    apply_by_server(tx, found, "take_back", "导入有误，已撤销")
    return True


def _plan(reading: Reading, rows: tuple[SheetRow, ...], by: Actor) -> Plan[Step]:
    known = forms.catalogue(reading).types.get(TYPE)
    if known is None or "item" not in known.fields:
        raise NotFound("还没有火灾隐患台账；请管理员先发布“火灾隐患上报”表单。", type=TYPE)

    def refusal_of(area: Area) -> tuple[str, str] | None:
        if not visibility.of(by).covers(area.path) or not rights.allows(by, SUBJECT, ACTION, area.path):
            return f"{short_name(area.name)}不在您的管辖范围内", "请那里的乡镇或大队导入"
        return None

    taken = frozenset(_key(area, fields) for area, fields in carried_cases.each(reading))
    year = int(local_day(reading.now)[:4])
    grid = Grid(areas.whole_grid(reading).values(), reading.now)
    here = carried_cases.numbers_here(reading, carried_rows.case_numbers(rows), by.scope)
    return carried_rows.plan(rows, grid, Known(_items(reading), year, here, taken, refusal_of))


def _key(area: str, fields: Mapping[str, str]) -> str:
    number = _WRITTEN_NO.search(fields.get("description", ""))
    return key_of(number[1] if number else "", area, fields.get("place", ""), fields.get("item", ""))


def _items(reading: Reading) -> dict[str, str]:
    """Return the labels of the hazards in force, by code."""
    today = local_day(reading.now)
    found = ((code, codes.current(reading, ITEMS, code)) for code in codes.of_list(reading, ITEMS))
    return {code: row.label for code, row in found if row is not None and row.is_active(today)}


IMPORT: ListImport[Step] = ListImport(
    kind=Import.CARRIED,
    subject=SUBJECT,
    layout=LAYOUT,
    columns=COLUMNS,
    needed=("item", "place"),
    told_at="place",
    plan=_plan,
    take=_take_over,
    take_back=_take_back,
)
"""How such a list is looked at, imported and taken back."""
