"""The grid as a tree of codes: county, town, village, unit, and the paths that make scopes cheap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from server.errors import Invalid
from server.instants import BEGINNING, FOREVER, Instant

UNKNOWN_AREA = ("unknown", "不确定/其他网格")
"""Last row of the phones' ``areas.csv``: a worker who is not sure must be able to say so."""


class Level(StrEnum):
    """The levels of the grid (县、乡镇、村/社区、单元); a unit is a cell of territory with one grid worker."""

    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"
    UNIT = "unit"


PARENT_LEVEL = {Level.TOWN: Level.COUNTY, Level.VILLAGE: Level.TOWN, Level.UNIT: Level.VILLAGE}


class Place(NamedTuple):
    """A subtree of the grid, by path: ``130630/100/201`` holds the village and all of its units."""

    path: str

    def bounds(self) -> tuple[str, str]:
        """Return the half-open range of paths inside this place; ``0`` is the character after ``/``."""
        return self.path, self.path + "0"

    def holds(self, path: str) -> bool:
        """Return whether ``path`` is this place or lies below it."""
        return path == self.path or path.startswith(self.path + "/")


@dataclass(frozen=True, slots=True)
class Area:
    """A node of the grid, as it stands from ``valid_from`` until ``valid_to`` (half open).

    code: official 12-digit code; a unit has its village's code and three digits more.
    parent: code of the area above, None for the county.
    successor: code of the area that this one was merged into when it ended, else None.
    """

    code: str
    name: str
    level: Level
    parent: str | None
    valid_from: Instant = BEGINNING
    valid_to: Instant = FOREVER
    successor: str | None = None

    @property
    def path(self) -> str:
        return path_of(self.code)

    @property
    def place(self) -> Place:
        return Place(self.path)

    def in_force(self, at: Instant) -> bool:
        """Return whether the area exists at ``at``."""
        return self.valid_from <= at < self.valid_to


def full_code(code: str) -> str:
    """Return the 12- or 15-digit form of a code that may be written short.

    ``130630`` becomes ``130630000000`` and ``130630100`` becomes ``130630100000``.
    Raises Invalid when ``code`` is not 6, 9, 12 or 15 digits.
    """
    digits = code.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) in (6, 9, 12, 15)):
        raise Invalid(f"“{code}”不是网格代码：应为12位数字（单元为15位），如 130630100201。", field="area", value=code)
    return digits.ljust(12, "0")


def level_of(code: str) -> Level:
    """Return the level that a code belongs to. Raises Invalid when the code is of no level."""
    full = full_code(code)
    if len(full) == 15 and "000" in (full[9:12], full[12:]):
        raise Invalid(f"“{code}”不是单元代码：应为村代码加三位序号，如 130630100201001。", field="area", value=code)
    if full[6:9] == "000" and full[9:12] != "000":
        raise Invalid(f"“{code}”不是网格代码：有村序号而没有乡镇序号。", field="area", value=code)
    if len(full) == 15:
        return Level.UNIT
    if full[9:12] != "000":
        return Level.VILLAGE
    return Level.TOWN if full[6:9] != "000" else Level.COUNTY


@lru_cache(maxsize=65_536)  # every scope of every request asks; a county has a few thousand codes
def path_of(code: str) -> str:
    """Return the path of a code: ``130630100201001`` lies at ``130630/100/201/001``."""
    full = full_code(code)
    depth = {Level.COUNTY: 1, Level.TOWN: 2, Level.VILLAGE: 3, Level.UNIT: 4}[level_of(full)]
    return "/".join((full[:6], full[6:9], full[9:12], full[12:15])[:depth])


@lru_cache(maxsize=65_536)  # as path_of
def code_of(path: str) -> str:
    """Return the code of the area at ``path``; the inverse of ``path_of``.

    Raises Invalid when no area can lie there: ``1306/30`` or ``130630/000``.
    """
    code = full_code(path.replace("/", ""))
    if path_of(code) != path:
        raise Invalid(f"“{path}”不是网格路径：应如 130630/100/201/001。", field="area", value=path)
    return code


def parent_code(code: str) -> str | None:
    """Return the code of the area above, None for a county."""
    path = path_of(code)
    return code_of(path.rsplit("/", 1)[0]) if "/" in path else None


def short_name(name: str) -> str:
    """Return a village's name as it is commonly called: 荆山口村村民委员会 is 荆山口村, 铜矿居民委员会 is 铜矿居委会.

    Other names come back as they are. For display alone; the official name is what is stored.
    """
    for suffix in ("村民委员会", "村委会"):
        stem = name.removesuffix(suffix)
        if stem and stem != name:
            return stem if stem.endswith("村") else f"{stem}村"
    stem = name.removesuffix("居民委员会")
    if not stem or stem == name:
        return name
    return stem if stem.endswith("社区") else f"{stem}居委会"


def common_ancestor(paths: list[str]) -> str | None:
    """Return the path of the lowest area that holds all ``paths``; None when there is none."""
    if len(set(paths)) <= 1:
        return paths[0] if paths else None
    split = [path.split("/") for path in paths]
    shared: list[str] = []
    for steps in zip(*split, strict=False):
        if len(set(steps)) > 1:
            break
        shared.append(steps[0])
    return "/".join(shared) or None


class Succession(NamedTuple):
    """An area that was merged into another: its path, the path of its successor, and since when."""

    path: str
    successor: str
    since: Instant


def predecessors(place: Place, successions: Iterable[Succession], at: Instant) -> tuple[str, ...]:
    """Return the paths outside ``place`` whose territory lies in it at ``at``, along chains of successors."""
    merged = [each for each in successions if each.since <= at]
    found: dict[str, None] = {}
    while fresh := [
        each.path
        for each in merged
        if each.path not in found
        and not place.holds(each.path)
        and (place.holds(each.successor) or any(Place(path).holds(each.successor) for path in found))
    ]:
        found |= dict.fromkeys(fresh)
    return tuple(found)
