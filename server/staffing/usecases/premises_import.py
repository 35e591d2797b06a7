"""Import a list of premises (场所名单): look first, then take the good rows, and take the import back if it was wrong.

A dry run is kept for a day, and so is what an import did. Taking an import back deletes nothing: premises that nobody
has touched since are marked as registered by mistake (登记有误), offered to no report and visited by nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.cases.domain.similarity import place_key
from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest, CreateRequest
from server.db.transactions import Reading, Transaction
from server.errors import Conflict, NotFound
from server.forms.domain.record_types import LABEL
from server.forms.store import codes, forms
from server.grid.domain.areas import Area, Level, short_name
from server.grid.domain.file_rows import Fault, SheetRow
from server.grid.store import areas
from server.instants import local_day
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.store import roster_imports
from server.people.store.roster_imports import Kept
from server.people.store.roster_imports import Kind as Import
from server.people.usecases import visibility
from server.records.domain import premises
from server.records.store import records, type_lists
from server.records.store.type_lists import LOOKED_AT_MOST, TypeFilters
from server.staffing.domain import premises_rows
from server.staffing.domain.premises_rows import COLUMNS, TITLES, Kind, Known, Plan, Step
from server.staffing.domain.roster_rows import Grid, as_cells, fault
from server.staffing.usecases import import_sheets
from server.staffing.usecases.import_sheets import Layout
from server.staffing.usecases.import_steps import each_alone

SUBJECT, ACTION = "premises", "edit"
"""The right to import a list of premises."""

FILE_BYTES_MAX = 10_000_000
ROWS_MAX = 2_000
"""More in one go would block the writer; a longer list is imported in parts."""

LAYOUT = Layout("场所", TITLES, {"title": 26, "premises_kind": 22, "code": 18, "place": 26})
_NOTES = (
    "一行一处场所。场所名称、场所类型必填。",
    "网格：填乡镇、村、单元的名称，或只填网格代码。同名的村要填乡镇或代码；一个村有几个单元的要填单元。",
    "场所名称写招牌或单位的名称，不写户主姓名。电话写在联系电话一栏。",
    "使用状态空着就是正常使用。层数填整数，不知道就空着。",
    "同一个网格里已经登记过的同名场所会跳过，不会重复登记，也不会改动。",
)


@dataclass(frozen=True, slots=True)
class DryRun:
    """A list that was looked at. sheet: its name; rows: as read; plan: what importing them would do now.

    notes: on how it was read. done: what importing it did, None before.
    """

    token: str
    file_name: str
    sheet: str
    rows: tuple[SheetRow, ...]
    notes: tuple[str, ...]
    plan: Plan
    done: dict[str, Any] | None


def require_right(by: Actor) -> None:
    """Do nothing for who may import premises somewhere. Raises NotAllowed."""
    if not rights.scope_for(by, SUBJECT, ACTION).places:
        rights.require(by, SUBJECT, ACTION, "")


def template(reading: Reading, by: Actor) -> bytes:
    """Return an empty list as .xlsx, with the towns, kinds and states to choose from. Raises NotAllowed."""
    require_right(by)
    covered = areas.list_covered(reading, visibility.of(by))
    towns = [short_name(area.name) for area in covered if area.level is Level.TOWN and area.in_force(reading.now)]
    kinds, states = _labels(reading, "premises_kinds"), _states(reading)
    notes = (*_NOTES, f"场所类型可填：{'；'.join(kinds.values())}。")
    choices = {"town": towns, "premises_kind": list(kinds.values()), "premises_state": list(states.values())}
    return import_sheets.template(LAYOUT, choices, notes, ROWS_MAX)


def keep(tx: Transaction, content: bytes, file_name: str, *, by: Actor) -> str:
    """Keep a list for a day, and return the token under which ``by`` gets it; nothing is registered.

    content: of an .xlsx or CSV file. Raises NotAllowed, TooLarge, and Unreadable for what is no such list.
    """
    require_right(by)
    read = import_sheets.read(content, COLUMNS, ("title", "premises_kind"), FILE_BYTES_MAX, ROWS_MAX)
    told = {"sheet": read.sheet, "notes": list(read.notes), "rows": as_cells(read.rows)}
    return roster_imports.keep(tx, Import.PREMISES, by.name, secrets.token_urlsafe(16), file_name[:200], told).token


def get(reading: Reading, token: str, *, by: Actor) -> DryRun:
    """Return a list that ``by`` has uploaded, with what importing it would do now. Raises NotAllowed, NotFound."""
    require_right(by)
    return _dry_run(reading, roster_imports.get(reading, Import.PREMISES, token, by.name), by)


def carry_out(tx: Transaction, token: str, *, by: Actor) -> DryRun:
    """Register the good rows of a list; one that was imported already stays so. Raises NotAllowed, NotFound.

    A row that is refused now, since something has changed meanwhile, is reported and keeps no other from its step.
    """
    found = get(tx, token, by=by)
    if found.done is not None:
        return found
    new = found.plan.of(Kind.NEW)
    made, refused = each_alone(tx, new, lambda step: _register(tx, step, by), lambda step: step.row.line)
    same, faulty = len(found.plan.of(Kind.SAME)), len({each.line for each in found.plan.faults})
    roster_imports.finish(tx, token, {"made": made, "same": same, "faulty": faulty, "refused": refused, "undone": None})
    said = {"new": len(made), "same": same, "faulty": faulty, "refused": len(refused)}
    record(tx, Entry("premises.import", by.name, token, said))
    return get(tx, token, by=by)


def undo(tx: Transaction, token: str, *, by: Actor) -> DryRun:
    """Take an import back within the day for which it is kept; one that was taken back already stays so.

    Premises that somebody has changed since stay as they are. Raises NotAllowed, NotFound, and Conflict for a list
    that was not imported.
    """
    found = get(tx, token, by=by)
    if found.done is None:
        raise Conflict("这份名单还没有导入，没有可以撤销的。", token=token)
    if found.done["undone"] is not None:
        return found
    undone = [id for id in found.done["made"] if _withdraw(tx, id, by)]
    roster_imports.finish(tx, token, {**found.done, "undone": undone})
    said = {"undone": len(undone), "changed_since": len(found.done["made"]) - len(undone)}
    record(tx, Entry("premises.import_undo", by.name, token, said))
    return get(tx, token, by=by)


def marked(reading: Reading, token: str, *, by: Actor) -> bytes:
    """Return a list as .xlsx with its faults marked. Raises NotAllowed, NotFound."""
    found = get(reading, token, by=by)
    return import_sheets.marked(LAYOUT, found.rows, found.plan.faults)


def counts(found: DryRun) -> dict[str, int]:
    """Return how many rows a list registers or has registered (``new``), skips (``same``) and leaves out (``faulty``).

    ``undone``: how many of them were taken back.
    """
    done = found.done
    if done is None:
        faulty = len({each.line for each in found.plan.faults})
        return {**{kind.value: len(found.plan.of(kind)) for kind in Kind}, "faulty": faulty, "undone": 0}
    out = done["faulty"] + len(done["refused"])
    return {"new": len(done["made"]), "same": done["same"], "faulty": out, "undone": len(done["undone"] or ())}


def shown_faults(found: DryRun) -> tuple[Fault, ...]:
    """Return the faults of a list, with the rows that were refused when it was imported."""
    if found.done is None:
        return found.plan.faults
    rows = {row.line: row for row in found.rows}
    late = (fault(rows[line], "title", message, "改好后再导一次") for line, message in found.done["refused"])
    return (*found.plan.faults, *late)


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


def _dry_run(reading: Reading, kept: Kept, by: Actor) -> DryRun:
    rows = tuple(SheetRow(line, cells) for line, cells in kept.content["rows"])
    plan, notes = _plan(reading, rows, by), tuple(kept.content["notes"])
    return DryRun(kept.token, kept.file_name, kept.content["sheet"], rows, notes, plan, kept.result)


def _plan(reading: Reading, rows: tuple[SheetRow, ...], by: Actor) -> Plan:
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
