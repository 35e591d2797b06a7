"""Rules for ending areas: what ends along with an area, and which area may be its successor.

An area that ends keeps its code, its name and every record that names it; it only stops being in force.
Its successor must be in force at that very instant. So along a chain of successors the ends only
grow, and a chain can never close to a ring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from server.grid.domain.areas import Area, Level
from server.grid.domain.file_cells import invalid
from server.instants import FOREVER, Instant, local_day

Grid = Mapping[str, Area]
Children = Mapping[str, list[str]]


def children_of(grid: Grid) -> dict[str, list[str]]:
    """Return the codes of the areas directly below each area, in order of code."""
    found: dict[str, list[str]] = {}
    for code in sorted(grid):
        parent = grid[code].parent
        if parent is not None:
            found.setdefault(parent, []).append(code)
    return found


def end_area(
    grid: Grid, children: Children, code: str, at: Instant, *, successor: str | None, now: Instant
) -> list[Area]:
    """Return the areas that change when ``code`` ends at ``at``: it, and everything below still in force then.

    grid: all areas by code. children: ``children_of(grid)``. successor: code of the area that takes it in, if any.
    now: an end that lies behind ``now`` is history and stays. What lies below gets no successor of its own:
    which unit is merged into which is for the county to say.
    Raises Invalid (with reason and cure) when the area cannot end so; ``check_successor`` checks the successor.
    """
    area = grid[code]
    if area.level is Level.COUNTY:
        raise invalid("县不能停用", "改名时只改名称")
    if at <= area.valid_from:
        raise invalid(
            f"停用日期不晚于生效日期 {local_day(area.valid_from)}", "改正停用日期，新网格请同时填写真实的生效日期"
        )
    moved = area.valid_to != at
    if area.valid_to <= now and (moved or area.successor not in (None, successor)):
        raise invalid(f"“{area.name}”已于 {local_day(area.valid_to)} 停用，历史不能改", "删去这一行")
    below = list(_areas_below(grid, children, code, at)) if moved else []
    return [replace(area, valid_to=at, successor=successor), *(replace(inside, valid_to=at) for inside in below)]


def check_successor(grid: Grid, area: Area) -> None:
    """Raise Invalid (with reason and cure) when ``area`` names a successor that it cannot be merged into."""
    if area.successor is None:
        return
    if area.successor == area.code:
        raise invalid("网格不能并入自己", "填写接收它的网格的代码")
    successor = grid.get(area.successor)
    if successor is None:
        raise invalid("并入的网格不存在", "先在表里增加它，或改正代码")
    if successor.level is not area.level:
        raise invalid("并入的网格不是同一层级", "乡镇并入乡镇，村并入村，单元并入单元")
    if not successor.in_force(area.valid_to):
        raise invalid(f"并入的网格“{successor.name}”在 {local_day(area.valid_to)} 不是有效网格", "填写当天有效的网格")


def check_within_parent(grid: Grid, area: Area) -> None:
    """Raise Invalid (with reason and cure) when ``area`` is in force while its parent is not."""
    parent = grid.get(area.parent) if area.parent else None
    if parent is None:
        return
    if area.valid_from < parent.valid_from:
        raise invalid(f"生效早于上级“{parent.name}”（{local_day(parent.valid_from)}）", "改正生效日期")
    if area.valid_to > parent.valid_to:
        raise invalid(f"上级“{parent.name}”到 {local_day(parent.valid_to)} 为止，它却更晚", "改正失效日期或上级")


def open_ended(area: Area) -> Area:
    """Return ``area`` as it was before anybody ended it."""
    return replace(area, valid_to=FOREVER, successor=None)


def _areas_below(grid: Grid, children: Children, code: str, at: Instant) -> Iterator[Area]:
    for inner in children.get(code, ()):
        area = grid[inner]
        if area.valid_from >= at:
            raise invalid(f"里面的“{area.name}”（{inner}）在停用之后才生效", "先处理里面的网格")
        if area.valid_to > at:
            yield area
        yield from _areas_below(grid, children, inner, at)
