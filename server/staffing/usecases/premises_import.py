"""Import a list of premises (场所名单): look first, then take the good rows, and take the import back if it was wrong.

A dry run is kept for a day, and so is what an import did. Taking an import back deletes nothing: premises that nobody
has touched since are marked as registered by mistake (登记有误), offered to no report and visited by nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from server.cases.domain.similarity import place_key
from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest, CreateRequest
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
from server.records.domain import premises
from server.records.store import records, type_lists
from server.records.store.type_lists import LOOKED_AT_MOST, TypeFilters
from server.staffing.domain import premises_rows
from server.staffing.domain.list_plans import Plan
from server.staffing.domain.premises_rows import COLUMNS, TITLES, Known, Step
from server.staffing.domain.roster_rows import Grid
from server.staffing.usecases import import_sheets
from server.staffing.usecases.import_sheets import Layout
from server.staffing.usecases.list_imports import ACTION, ROWS_MAX, ListImport

SUBJECT = "premises"
"""The right to import a list of premises."""


LAYOUT = Layout("场所", TITLES, {"title": 26, "premises_kind": 22, "code": 18, "place": 26})
_NOTES = (
    "一行一处场所。场所名称、场所类型必填。",
    "网格：填乡镇、村、单元的名称，或只填网格代码。同名的村要填乡镇或代码；一个村有几个单元的要填单元。",
    "场所名称写招牌或单位的名称，不写户主姓名。电话写在联系电话一栏。",
    "使用状态空着就是正常使用。层数填整数，不知道就空着。",
    "同一个网格里已经登记过的同名场所会跳过，不会重复登记，也不会改动。",
)


def template(reading: Reading, by: Actor) -> bytes:
    """Return an empty list as .xlsx, with the towns, kinds and states to choose from. Raises NotAllowed."""
    IMPORT.require_right(by)
    covered = areas.list_covered(reading, visibility.of(by))
    towns = [short_name(area.name) for area in covered if area.level is Level.TOWN and area.in_force(reading.now)]
    kinds, states = _labels(reading, "premises_kinds"), _states(reading)
    notes = (*_NOTES, f"场所类型可填：{'；'.join(kinds.values())}。")
    choices = {"town": towns, "premises_kind": list(kinds.values()), "premises_state": list(states.values())}
    return import_sheets.template(LAYOUT, choices, notes, ROWS_MAX)


def _register(tx: Transaction, step: Step, by: Actor) -> str:
    fields = {**step.fields, LABEL: step.fields["title"]}
    new = CreateRequest(action="create", type=premises.TYPE, fields=fields, area=step.area.code)
    outcome, _ = interactive.create(tx, new, by=by)
    if outcome.record is None:
        raise LookupError(outcome.id)
    return outcome.record.id


def _withdraw(tx: Transaction, id: str, by: Actor) -> bool:
    """Mark premises as registered by mistake; False where somebody has changed them, or moved them out of reach."""
    try:
        found = records.get(tx, id, by.scope)
    except NotFound:
        return False
    if found.version != 1:
        return False
    interactive.change(tx, id, ChangeRequest("edit", {premises.STATE: premises.WITHDRAWN}), by=by)
    return True


def _plan(reading: Reading, rows: tuple[SheetRow, ...], by: Actor) -> Plan[Step]:
    if premises.TYPE not in forms.catalogue(reading).types:
        raise NotFound("还没有场所台账；请管理员先发布“场所登记”表单。", type=premises.TYPE)
    whole = areas.whole_grid(reading)
    units: dict[str, list[Area]] = {}
    for area in whole.values():
        if area.level is Level.UNIT and area.parent and area.in_force(reading.now):
            units.setdefault(area.parent, []).append(area)
    listed = type_lists.page(
        reading, by.scope, TypeFilters(premises.TYPE), lambda row: row, before=None, limit=LOOKED_AT_MOST
    )

    def refusal_of(area: Area) -> tuple[str, str] | None:
        if not visibility.of(by).covers(area.path) or not rights.allows(by, SUBJECT, ACTION, area.path):
            return f"{short_name(area.name)}不在您的管辖范围内", "请那里的乡镇或县级管理员导入"
        return None

    return premises_rows.plan(
        rows,
        Grid(whole.values(), reading.now),
        Known(
            _labels(reading, "premises_kinds"),
            _states(reading),
            units,
            frozenset((row["area"], place_key(row["label"])) for row in listed if not _is_withdrawn(row)),
            refusal_of,
        ),
    )


def _is_withdrawn(row: Mapping[str, Any]) -> bool:
    fields: dict[str, str] = orjson.loads(row["fields"])
    return fields.get(premises.STATE) == premises.WITHDRAWN


def _states(reading: Reading) -> dict[str, str]:
    """Return the states that a row may name: nobody registers premises by mistake on purpose."""
    return {code: label for code, label in _labels(reading, "premises_states").items() if code != premises.WITHDRAWN}


def _labels(reading: Reading, name: str) -> dict[str, str]:
    """Return the labels of the codes of a list that hold today, by code."""
    today = local_day(reading.now)
    found = ((code, codes.current(reading, name, code)) for code in codes.of_list(reading, name))
    return {code: row.label for code, row in found if row is not None and row.is_active(today)}


IMPORT: ListImport[Step] = ListImport(
    kind=Import.PREMISES,
    subject=SUBJECT,
    layout=LAYOUT,
    columns=COLUMNS,
    needed=("title", "premises_kind"),
    told_at="title",
    plan=_plan,
    take=_register,
    take_back=_withdraw,
)
"""How such a list is looked at, imported and taken back."""
