"""Actors: their roles, their duties, and the scope that these give (``domain.md`` section 3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache

from server import instants
from server.grid.domain.areas import Place, Succession, path_of, predecessors
from server.grid.domain.scope import Scope
from server.instants import BEGINNING, FOREVER, Instant
from sync.values import frozen


class Role(StrEnum):
    """The roles of ``domain.md`` section 3.1; their display names are data."""

    GRID_WORKER = "grid_worker"
    GRID_LEADER = "grid_leader"
    VILLAGE_OFFICER = "village_officer"
    POLICE = "police"
    TOWN_STATION = "town_station"
    DEPT_HANDLER = "dept_handler"
    BRIGADE = "brigade"
    COUNTY_ADMIN = "county_admin"
    UNIT_MANAGER = "unit_manager"
    STATION_HEAD = "station_head"
    VIEWER = "viewer"
    AUDITOR = "auditor"


READ_ONLY = frozenset({Role.VIEWER, Role.AUDITOR})
"""Roles that look and never write (``domain.md`` section 3.1)."""


WHOLE_AREA_ROLES = frozenset(
    {
        Role.GRID_WORKER,
        Role.GRID_LEADER,
        Role.VILLAGE_OFFICER,
        Role.POLICE,
        Role.TOWN_STATION,
        Role.BRIGADE,
        Role.COUNTY_ADMIN,
        Role.VIEWER,
        Role.AUDITOR,
    }
)
"""Roles that see every record of their area; the others see what they handle or wrote."""

GRACE = timedelta(days=30)
"""How long after a duty ends its holder's phone may still send (``design.md`` section 5)."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A person in a role for an area (岗位), from ``starts_at`` until ``ends_at`` (half open).

    merged: paths of areas that have ended and were merged into the duty's area; who is responsible for the successor
    is responsible for their records (``domain.md`` section 3.2: a case is seen at its recorded and its present node).
    merged_villages: paths of villages that were merged into the village of a unit worker. places: the subtrees that
    the duty is for, those merged into its area included. exact_path: path of the village itself for a worker of one of
    its units, None for everyone else; exact_paths: that village, and those merged into it.
    """

    role: Role
    area: str
    body: str | None = None
    starts_at: Instant = BEGINNING
    ends_at: Instant = FOREVER
    id: str = ""
    merged: tuple[str, ...] = ()
    merged_villages: tuple[str, ...] = ()
    place: Place = field(init=False, repr=False, compare=False)
    places: tuple[Place, ...] = field(init=False, repr=False, compare=False)
    exact_path: str | None = field(init=False, repr=False, compare=False)
    exact_paths: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        path = path_of(self.area)
        is_of_unit = self.role is Role.GRID_WORKER and path.count("/") == 3
        village = path.rsplit("/", 1)[0] if is_of_unit else None
        object.__setattr__(self, "place", Place(path))
        object.__setattr__(self, "places", (Place(path), *map(Place, self.merged)))
        object.__setattr__(self, "exact_path", village)
        object.__setattr__(self, "exact_paths", () if village is None else (village, *self.merged_villages))

    def holds_at(self, instant: Instant) -> bool:
        """Return whether the duty is in force at ``instant``."""
        return self.starts_at <= instant < self.ends_at

    def covers(self, path: str) -> bool:
        """Return whether ``path`` is inside the duty's area; a unit worker's duty reaches the village itself too."""
        return path in self.exact_paths or any(place.holds(path) for place in self.places)

    def held_since(self, earliest: Instant, latest: Instant) -> bool:
        """Return whether the duty was in force at any instant of ``[earliest, latest]``."""
        return self.starts_at <= latest and self.ends_at > earliest


def with_merged(duty: Duty, known: Iterable[Succession], at: Instant) -> Duty:
    """Return a duty with the areas merged into its own by ``at``. known: which areas followed which."""
    around = () if duty.exact_path is None else predecessors(Place(duty.exact_path), known, at)
    villages = tuple(path for path in around if path.count("/") == (duty.exact_path or "").count("/"))
    return replace(duty, merged=predecessors(duty.place, known, at), merged_villages=villages)


@frozen
class Actor:
    """A caller at one instant: who they are and every duty they hold or held.

    name: user name. duties: all duties, past and future, since late submissions are judged by the last 30 days.
    key_id, key_seen_at: id of the phone key they came with and its last contact on record, None for a signed-in
    person. device: ``collect:…`` id of the phone, key_address: address of the server by which it came then, as far as
    known.
    """

    name: str
    display: str
    at: Instant
    duties: tuple[Duty, ...] = ()
    key_id: str | None = None
    device: str | None = None
    key_seen_at: Instant | None = None
    key_address: str | None = None
    current: tuple[Duty, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "current", tuple(duty for duty in self.duties if duty.holds_at(self.at)))

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(duty.role for duty in self.current)

    @property
    def scope(self) -> Scope:
        """Return the scope of this actor now."""
        return scope_of(self.name, self.current)

    @property
    def may_write(self) -> bool:
        """Whether some duty, past or to come, is in a role that writes; when it ended is judged with what comes."""
        return any(duty.role not in READ_ONLY for duty in self.duties)

    def may_send(self) -> bool:
        """Return whether phones of this actor may send: a duty in force, to come, or ended less than 30 days ago.

        A phone set up before the first day of duty may send too: what it sends is judged like any other, not refused.
        """
        earliest = instants.later(self.at, -GRACE)
        return any(duty.ends_at > earliest for duty in self.duties if duty.starts_at < duty.ends_at)

    def with_recent_duties(self) -> Actor:
        """Return this actor as if every duty of the last 30 days were still in force (``sync.md`` section 4)."""
        earliest = instants.later(self.at, -GRACE)
        held = (duty for duty in self.duties if duty.held_since(earliest, self.at))
        return replace(self, duties=tuple(replace(duty, starts_at=BEGINNING, ends_at=FOREVER) for duty in held))

    def recent_scope(self) -> Scope:
        """Return the scope of all duties of this actor in the last 30 days (``sync.md`` section 4)."""
        earliest = instants.later(self.at, -GRACE)
        return scope_of(self.name, tuple(duty for duty in self.duties if duty.held_since(earliest, self.at)))


@lru_cache(maxsize=4_096)  # called several times in every request, and duties seldom change
def scope_of(name: str, duties: tuple[Duty, ...]) -> Scope:
    """Return the scope that ``duties`` give the person ``name`` (``domain.md`` section 3.1).

    Without any duty it is empty, not even own rows are in it: the lists of a phone whose holder left are empty.
    """
    if not duties:
        return Scope()
    places: dict[Place, None] = {}
    exact_paths: dict[str, None] = {}
    bodies: dict[str, None] = {}
    for duty in duties:
        if duty.body:
            bodies[duty.body] = None
        if duty.role not in WHOLE_AREA_ROLES:
            continue
        places |= dict.fromkeys(duty.places)
        exact_paths |= dict.fromkeys(duty.exact_paths)
    return Scope(_outermost(places), tuple(sorted(exact_paths)), name, tuple(sorted(bodies)))


def _outermost(places: dict[Place, None]) -> tuple[Place, ...]:
    """Drop places that lie inside another, so that no row is found twice."""
    kept: list[Place] = []
    for place in sorted(places):
        if not kept or not kept[-1].holds(place.path):
            kept.append(place)
    return tuple(kept)
