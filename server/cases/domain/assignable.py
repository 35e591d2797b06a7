"""To whom a right to assign extends (``domain.md`` section 3.2, dispatch): one rule for lists and for checks."""

from __future__ import annotations

from server.cases.domain.acts import Party
from server.grid.domain.areas import Place
from server.people.domain.actors import Role
from server.people.domain.rights import Grant, holders_of

NEAR = frozenset(
    {
        *(Role.GRID_WORKER, Role.GRID_LEADER, Role.VILLAGE_OFFICER),
        *(Role.POLICE, Role.UNIT_MANAGER, Role.STATION_HEAD),
    }
)
"""Whom a village gives work to itself; departments and other villages are for the town."""

_POLICE_STATION, _DEPARTMENT = "police_station", "department"


_DEPTHS = {Role.GRID_LEADER: 3, Role.VILLAGE_OFFICER: 3, Role.TOWN_STATION: 2}
"""Steps in the path of the area that each assigning role looks after; the others look after the county."""


def party(grant: Grant, path: str, to: Party) -> bool:
    """Say whether the holder of ``grant`` may give a case at ``path`` to somebody."""
    place = Place("/".join(path.split("/")[: _DEPTHS.get(grant.role, 1)]))
    if to.kind:
        return body(grant, place, to.kind, to.path)
    takers = holders_of("case", "accept", to.at)
    return any(role in takers and person(grant, place, role, at) for role, at in to.duties)


def person(grant: Grant, place: Place, role: Role, path: str) -> bool:
    """Say whether ``grant``, held for ``place``, reaches someone whose duty in ``role`` is for the area ``path``."""
    if "village" in grant.limits:
        return role is Role.GRID_WORKER and place.holds(path)
    if "local" in grant.limits:
        return role in NEAR and (place.holds(path) or (role is Role.POLICE and _around(place, path)))
    return place.holds(path) or _around(place, path)


def body(grant: Grant, place: Place, kind: str, path: str) -> bool:
    """Say whether ``grant``, held for ``place``, reaches a body of this kind (``data/body_kinds.csv``) at ``path``."""
    if "village" in grant.limits:
        return False
    if "local" in grant.limits:
        if kind == _POLICE_STATION:
            return place.holds(path) or _around(place, path)
        return kind != _DEPARTMENT and place.holds(path)
    return place.holds(path) or _around(place, path)


def _around(place: Place, path: str) -> bool:
    """Say whether ``path`` is an area around ``place``: a town's police serve its villages, a county's bodies all."""
    return Place(path).holds(place.path)
