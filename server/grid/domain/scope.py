"""The scope of a reader: which part of a county's rows they may see. Every read of a store names one."""

from __future__ import annotations

from dataclasses import dataclass

from server.grid.domain.areas import Place


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reader may see: rows inside ``places``, rows exactly at ``exact_paths``, and rows of theirs.

    places: subtrees; exact_paths: single areas without what lies below (a unit worker's village itself).
    person: user name, whose own and assigned rows show; bodies: codes of bodies they act for. duties_after: where the
    rows are people, a duty that ended by this instant gives the reader no more to see of its holder; empty for none.
    """

    places: tuple[Place, ...] = ()
    exact_paths: tuple[str, ...] = ()
    person: str | None = None
    bodies: tuple[str, ...] = ()
    duties_after: str = ""

    def covers(self, path: str) -> bool:
        """Return whether an area at ``path`` is inside, by its path only."""
        return path in self.exact_paths or any(place.holds(path) for place in self.places)

    def at(self, place: Place | None) -> Scope:
        """Return the part of this scope that lies at ``place``, None for all of it.

        By places alone: a person or a body has none, so what is theirs elsewhere is not in the part.
        """
        if place is None:
            return self
        within = tuple(
            place if each.holds(place.path) else each
            for each in self.places
            if each.holds(place.path) or place.holds(each.path)
        )
        exact = tuple(path for path in self.exact_paths if place.holds(path))
        return Scope(within, exact, duties_after=self.duties_after)

    @property
    def assignees(self) -> tuple[str, ...]:
        """Return the assignee marks that are this reader's: ``user:<name>`` and ``body:<code>``."""
        own = (f"user:{self.person}",) if self.person else ()
        return own + tuple(f"body:{code}" for code in self.bodies)
