"""Assign cases to the rows of a summary by area, also where areas have been merged since the case was recorded."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from server.grid.domain import areas
from server.grid.domain.areas import Area, Level, Place
from server.instants import Instant

ELSEWHERE = ""
"""Key of the row for cases that no other row holds, so that nothing is lost between rows and total."""

NOT_PLACED, OTHER_CATEGORIES = "未落到本级网格", "其他类别"
"""Names of that row."""


def current(path: str, by_path: Mapping[str, Area], as_of: Instant) -> str:
    """Return the path at ``as_of`` of the area of ``path``: that of the successor where it or one above was merged.

    by_path: every area of the grid, ended ones too.
    """
    steps = path.split("/")
    for depth in range(len(steps), 0, -1):
        area = by_path.get("/".join(steps[:depth]))
        if area is not None and area.successor is not None and not area.in_force(as_of):
            # Ends grow along a chain of successors (grid_ending), so this ends.
            return current(areas.path_of(area.successor), by_path, as_of)
    return path


def row_containing(path: str, rows: Container[str]) -> str:
    """Return which of ``rows`` (paths of one level) holds ``path``, ELSEWHERE where it lies above or outside them."""
    steps = path.split("/")
    return next((row for depth in range(1, len(steps) + 1) if (row := "/".join(steps[:depth])) in rows), ELSEWHERE)


@dataclass(frozen=True, slots=True)
class AreaScope:
    """The cases that a summary covers: those whose area lies inside ``places`` at ``as_of``, after mergers.

    by_path: every area of the county, ended ones too, in the order of paths.
    """

    by_path: Mapping[str, Area]
    places: tuple[Place, ...]
    as_of: Instant
    _current_paths: dict[str, str] = field(default_factory=dict)

    def current_path(self, path: str) -> str:
        """Return the path of the area of ``path`` at ``as_of``, its successor's where it was merged."""
        found = self._current_paths.get(path)
        if found is None:
            found = self._current_paths[path] = current(path, self.by_path, self.as_of)
        return found

    def holds(self, path: str) -> bool:
        """Return whether a case recorded in ``path`` counts here."""
        current = self.current_path(path)
        return any(place.holds(current) for place in self.places)

    @property
    def is_whole_county(self) -> bool:
        """Whether nothing of the county lies outside."""
        return any("/" not in place.path for place in self.places)

    def merged_areas(self) -> Iterable[Area]:
        """Return the areas that have been merged into others by now."""
        return [area for area in self.by_path.values() if area.successor is not None and not area.in_force(self.as_of)]

    def exact_paths(self) -> tuple[str, ...] | None:
        """Return the path of every area whose cases count here; None where the subtrees of ``places`` are just these.

        They are while no merger crosses their borders, which is nearly always.
        """
        if self.is_whole_county:
            return None
        crossing = any(
            any(place.holds(area.path) for place in self.places) != self.holds(area.path)
            for area in self.merged_areas()
        )
        return tuple(path for path in self.by_path if self.holds(path)) if crossing else None

    def names(self, level: Level) -> dict[str, str]:
        """Return the name of each area of a level in these places by path, ended ones too."""
        return {
            path: area.name
            for path, area in self.by_path.items()
            if area.level is level and any(place.holds(path) for place in self.places)
        }

    def in_force(self, level: Level) -> list[str]:
        """Return the paths of the areas of a level that exist now in these places, in order."""
        return [path for path in self.names(level) if self.by_path[path].in_force(self.as_of)]

    def narrowed(self, path: str) -> AreaScope:
        """Return the part of this scope that lies inside ``path``."""
        inside = Place(path)
        kept = tuple(place for place in self.places if inside.holds(place.path))
        held = (inside,) if any(place.holds(path) for place in self.places) else ()
        return AreaScope(self.by_path, held or kept, self.as_of)
