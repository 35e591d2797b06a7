"""Checks a grid sheet as a whole, so that a county sees every bad row at once and nothing is half loaded.

The sheet may be a first grid or an update: areas that it does not mention stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from server.errors import Invalid
from server.grid.domain import areas, file_cells, file_rows
from server.grid.domain.areas import Area, Level
from server.grid.domain.closing import check_successor, check_within_parent, children_of, end_area, open_ended
from server.grid.domain.file_cells import invalid
from server.grid.domain.file_rows import Entry, Fault, SheetRow
from server.grid.domain.file_warnings import RowWarning, row_warnings
from server.instants import BEGINNING, Instant, local_day

Grid = dict[str, Area]

FIRST_UNIT, FIRST_UNIT_NAME = "001", "第1单元"
"""What a village without units gets: official data have none, and every village needs a place to work in."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """An area that has another name ``since`` an instant."""

    code: str
    old: str
    new: str
    since: Instant


@dataclass(frozen=True, slots=True)
class Checked:
    """What a valid sheet changes.

    added: new areas, parents first, not yet ended. renamed, ended: what changes; ``ended`` holds areas with
    their new end and successor, also those that end along with the area around them. unchanged: how many
    rows change nothing.
    """

    added: tuple[Area, ...]
    renamed: tuple[Renaming, ...]
    ended: tuple[Area, ...]
    warnings: tuple[RowWarning, ...]
    unchanged: int


def check(rows: Iterable[SheetRow], existing: Mapping[str, Area], today: str) -> Checked:
    """Return what ``rows`` change in the ``existing`` areas (by code).

    today: the local day ``YYYY-MM-DD``; a new area without a start begins today, or has always been there
    when this is the first grid. A village that comes without units gets ``FIRST_UNIT``.
    Raises GridRefused whose ``errors`` lists every Fault, in order of lines.
    """
    faults: list[Fault] = []
    now = file_cells.beginning_of(today)
    entries = file_rows.entries(rows, existing, faults)
    grid: Grid = dict(existing)
    _add(entries, grid, now if existing else BEGINNING, faults)
    _add_first_units(grid, existing)
    renamed = _rename(entries, existing, grid, now, faults)
    _end(entries, grid, now, faults)
    _check_consistency(entries, grid, existing, faults)
    if faults:
        raise file_rows.refused(faults)
    changed = [area for area in sorted(grid.values(), key=_by_path) if existing.get(area.code) != area]
    touched = {area.code for area in changed}
    return Checked(
        added=tuple(open_ended(area) for area in changed if area.code not in existing),
        renamed=tuple(renamed),
        ended=tuple(area for area in changed if _ends_anew(area, existing)),
        warnings=tuple(row_warnings(entries, grid, existing)),
        unchanged=sum(entry.code not in touched for entry in entries),
    )


def _add(entries: list[Entry], grid: Grid, default_start: Instant, faults: list[Fault]) -> None:
    for entry in sorted(entries, key=lambda entry: areas.path_of(entry.code)):
        if entry.code in grid:
            continue
        above = grid.get(entry.parent) if entry.parent else None
        if entry.parent and above is None:
            cure = f"先增加上级 {entry.parent} 的一行，或改正代码"
            faults.append(entry.fault("parent", invalid("上级网格不存在", cure, value=entry.parent)))
        starts = entry.starts or max(default_start, above.valid_from if above else BEGINNING)
        grid[entry.code] = Area(entry.code, entry.name, areas.level_of(entry.code), entry.parent, starts)


def _add_first_units(grid: Grid, existing: Mapping[str, Area]) -> None:
    with_units = {area.parent for area in grid.values() if area.level is Level.UNIT}
    for village in [area for area in grid.values() if area.level is Level.VILLAGE]:
        if village.code not in with_units and village.code not in existing:
            code = village.code + FIRST_UNIT
            grid[code] = Area(code, FIRST_UNIT_NAME, Level.UNIT, village.code, village.valid_from)


def _rename(
    entries: list[Entry], existing: Mapping[str, Area], grid: Grid, now: Instant, faults: list[Fault]
) -> list[Renaming]:
    renamed = []
    for entry in entries:
        area = existing.get(entry.code)
        if area is None or entry.name in ("", area.name):
            continue
        since = entry.starts or now
        if since > now:
            faults.append(entry.fault("starts", invalid("改名的生效日期还没有到", "到那一天再导入这一行")))
        grid[entry.code] = replace(area, name=entry.name)
        renamed.append(Renaming(entry.code, area.name, entry.name, since))
    return renamed


def _end(entries: list[Entry], grid: Grid, now: Instant, faults: list[Fault]) -> None:
    """End what the sheet ends, innermost first, so that a unit keeps the end that it was given itself."""
    children = children_of(grid)
    ending = [(entry, entry.ends) for entry in entries if entry.ends is not None]
    done = []
    for entry, at in sorted(ending, key=lambda each: areas.path_of(each[0].code), reverse=True):
        try:
            changed = end_area(grid, children, entry.code, at, successor=entry.successor, now=now)
        except Invalid as refusal:
            faults.append(entry.fault("ends", refusal))
        else:
            grid.update({area.code: area for area in changed})
            done.append((entry, at))
    for entry, at in done:
        if grid[entry.code].valid_to < at:
            until = local_day(grid[entry.code].valid_to)
            faults.append(entry.fault("ends", invalid(f"上级到 {until} 为止，它却更晚", "改成不晚于上级的日期")))


def _check_consistency(entries: list[Entry], grid: Grid, existing: Mapping[str, Area], faults: list[Fault]) -> None:
    """Check what changed, and what stayed while its successor changed; the fault is that of the row that changed it."""
    by_code = {entry.code: entry for entry in entries}
    moved = {code for code, area in grid.items() if existing.get(code) != area}
    for area in grid.values():
        if area.code in moved:
            _check_rule(check_within_parent, "starts", area, grid, _cause(area.code, by_code), faults)
        if area.successor is not None and moved & {area.code, area.successor}:
            cause = _cause(area.code if area.code in moved else area.successor, by_code)
            _check_rule(check_successor, "successor", area, grid, cause, faults)


def _check_rule(
    rule: Callable[[Grid, Area], None], column: str, area: Area, grid: Grid, cause: Entry, faults: list[Fault]
) -> None:
    try:
        rule(grid, area)
    except Invalid as refusal:
        faults.append(cause.fault(column, refusal))


def _cause(code: str, by_code: Mapping[str, Entry]) -> Entry:
    """Return the row that moved an area: its own, else that of the nearest area around it."""
    while code not in by_code:
        code = areas.parent_code(code) or code
    return by_code[code]


def _ends_anew(area: Area, existing: Mapping[str, Area]) -> bool:
    before = existing.get(area.code, open_ended(area))
    return (area.valid_to, area.successor) != (before.valid_to, before.successor)


def _by_path(area: Area) -> str:
    return area.path
