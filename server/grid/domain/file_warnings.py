"""Warnings about a valid grid sheet: same names, ends without a successor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from server.grid.domain import areas
from server.grid.domain.areas import Area, Level
from server.grid.domain.file_rows import Entry
from server.instants import FOREVER, local_day

Grid = Mapping[str, Area]


@dataclass(frozen=True, slots=True)
class RowWarning:
    """What is allowed and should be looked at, at ``line`` of the sheet."""

    line: int
    value: str
    message: str


def row_warnings(entries: Sequence[Entry], grid: Grid, existing: Grid) -> list[RowWarning]:
    """Return the warnings about a valid sheet, in order of lines.

    grid: the areas as the sheet leaves them; existing: as they were before it.
    """
    found = [
        *_ignored_starts(entries, existing),
        *_ends(entries, grid, existing),
        *_same_names(entries, grid, existing),
    ]
    return sorted(found, key=lambda warning: warning.line)


def _ignored_starts(entries: Sequence[Entry], existing: Grid) -> Iterator[RowWarning]:
    for entry in entries:
        area = existing.get(entry.code)
        if area is None or entry.starts in (None, area.valid_from) or entry.name not in ("", area.name):
            continue
        yield RowWarning(entry.row.line, entry.row.text("starts"), f"“{area.name}”早已在用，生效日期保持不变。")


def _ends(entries: Sequence[Entry], grid: Grid, existing: Grid) -> Iterator[RowWarning]:
    own = {entry.code for entry in entries if entry.ends}
    for entry in entries:
        area = grid[entry.code]
        if entry.ends is None or area == existing.get(entry.code):
            continue
        line, since = entry.row.line, local_day(area.valid_to)
        if area.successor is None:
            yield RowWarning(line, entry.code, f"“{area.name}”从 {since} 起停用，没有接替网格。")
        along = _villages_along(area, own, grid, existing) if area.level is Level.TOWN else 0
        if along:
            yield RowWarning(line, entry.code, f"“{area.name}”里的 {along} 个村同时停用，没有各自的接替网格。")


def _villages_along(town: Area, own: set[str], grid: Grid, existing: Grid) -> int:
    """Count villages that end only because their town does; their units go without saying."""
    return sum(
        village.parent == town.code and village.valid_to == town.valid_to and village != existing.get(code)
        for code, village in grid.items()
        if code not in own
    )


def _same_names(entries: Sequence[Entry], grid: Grid, existing: Grid) -> Iterator[RowWarning]:
    """Towns and villages should differ in the whole county, units inside their village."""
    lines = {entry.code: entry.row.line for entry in entries if grid[entry.code] != existing.get(entry.code)}
    called: dict[tuple[str, str], list[Area]] = {}
    for code in sorted(grid):
        area = grid[code]
        if area.valid_to == FOREVER:
            inside = area.parent or "" if area.level is Level.UNIT else area.level
            called.setdefault((inside, areas.short_name(area.name)), []).append(area)
    for (_, name), alike in called.items():
        at = [lines[area.code] for area in alike if area.code in lines]
        if len(alike) > 1 and at:
            where = "、".join(f"{area.code}（{_name(grid, area.parent)}）" for area in alike)
            yield RowWarning(max(at), name, f"“{name}”同名：{where}；请始终按代码区分。")


def _name(grid: Grid, code: str | None) -> str:
    return areas.short_name(grid[code].name) if code else ""
