"""Says in which row of a summary a case counts when areas have been merged since it was recorded."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from server.grid.domain import areas
from server.grid.domain.areas import Area, Level, Place
from server.instants import Instant

ELSEWHERE = ""
"""Key of the row that takes what no other row does, so that nothing is lost between rows and total."""

NOT_PLACED, OTHER_CATEGORIES = "未落到本级网格", "其他类别"
"""Names of that row."""


def current(path: str, by_path: Mapping[str, Area], as_of: Instant) -> str:
    """Return where the area of ``path`` lies at ``as_of``: the narrowest area above or at it that was taken in says.

    by_path: every area of the grid, ended ones too.
    """
    steps = path.split("/")
    for depth in range(len(steps), 0, -1):
        area = by_path.get("/".join(steps[:depth]))
        if area is not None and area.successor is not None and not area.in_force(as_of):
            # Ends grow along a chain of successors (grid_ending), so this ends.
            return current(areas.path_of(area.successor), by_path, as_of)
    return path


def cut(path: str, rows: Container[str]) -> str:
    """Return which of ``rows`` (paths of one level) holds ``path``, ELSEWHERE where it lies above or outside them."""
    steps = path.split("/")
    return next((row for depth in range(1, len(steps) + 1) if (row := "/".join(steps[:depth])) in rows), ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a summary covers: all cases whose area lies inside ``places`` at ``as_of``, wherever it was recorded.

    by_path: every area of the county, ended ones too, in the order of paths.
    """

    by_path: Mapping[str, Area]
    places: tuple[Place, ...]
    as_of: Instant
    _homes: dict[str, str] = field(default_factory=dict)

    def home(self, path: str) -> str:
        """Return where the area of ``path`` lies now."""
        found = self._homes.get(path)
        if found is None:
            found = self._homes[path] = current(path, self.by_path, self.as_of)
        return found

    def holds(self, path: str) -> bool:
        """Say whether a case recorded in ``path`` counts here."""
        home = self.home(path)
        return any(place.holds(home) for place in self.places)

    @property
    def whole(self) -> bool:
        """Whether nothing of the county lies outside."""
        return any("/" not in place.path for place in self.places)

    def moved(self) -> Iterable[Area]:
        """Return the areas that others have taken in by now."""
        return [area for area in self.by_path.values() if area.successor is not None and not area.in_force(self.as_of)]

    def exact_paths(self) -> tuple[str, ...] | None:
        """Return the path of every area whose cases count here; None where ``places`` say so by themselves.

        They do while no merger crosses their borders, which is nearly always.
        """
        if self.whole:
            return None
        crossing = any(
            any(place.holds(area.path) for place in self.places) != self.holds(area.path) for area in self.moved()
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

    def narrowed(self, path: str) -> Ground:
        """Return what lies inside ``path`` of it."""
        inside = Place(path)
        kept = tuple(place for place in self.places if inside.holds(place.path))
        held = (inside,) if any(place.holds(path) for place in self.places) else ()
        return Ground(self.by_path, held or kept, self.as_of)
