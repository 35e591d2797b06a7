"""Compute which part of the grid somebody is shown: the areas of their duties, and those above them."""

from __future__ import annotations

from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.grid.domain.areas import Area, Place, path_of
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.people.domain.actors import Actor


def of(actor: Actor) -> Scope:
    """Return the part of the grid that an actor is shown: the areas of all duties in force, and areas merged into them.

    Wider than what records they see, since who handles cases of a county has to name its areas.
    """
    places = tuple(Place(path) for path in sorted({place.path for duty in actor.current for place in duty.places}))
    exact_paths = tuple(sorted({path for duty in actor.current for path in duty.exact_paths}))
    return Scope(places, exact_paths)


def get_visible(reading: Reading, code: str, actor: Actor) -> Area:
    """Return an area that the actor is shown, or one above it. Raises NotFound otherwise, also for what is no code."""
    try:
        path = path_of(code)
    except Invalid as error:
        raise _unknown(code) from error
    scope = of(actor)
    if not (scope.covers(path) or any(Place(path).holds(place.path) for place in scope.places)):
        raise _unknown(code)
    return areas.get(reading, code)


def _unknown(code: str) -> NotFound:
    return NotFound(f"没有代码为 {code} 的网格，或它不在您的管辖范围内；请核对代码。", area=code)
