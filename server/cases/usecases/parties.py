"""Say who has a case without anybody's name: a body by its own, a person by role and town (网格员·白石山镇)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from server.db.transactions import Reading
from server.grid.domain import areas as grid
from server.grid.domain.areas import short_name
from server.grid.store import areas
from server.people.domain import roles
from server.people.store import display_names

PERSON, _USER = "其他人员", "user:"
"""What somebody is called who has no duty any more."""


def parties(reading: Reading, handlers: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """Return what to call who has each case.

    handlers: assignee (``user:<name>``, ``body:<code>``) and area of each case.
    A paper or a file lies about, so that it names no person, whoever prints it.
    """
    marks = {mark for mark, _ in handlers}
    bodies = display_names.of_assignees(reading, [mark for mark in marks if not mark.startswith(_USER)])
    people = [mark.removeprefix(_USER) for mark in marks if mark.startswith(_USER)]
    held = display_names.roles_at(reading, people, reading.now)
    towns = {area: _town(area) for _, area in handlers}
    names = areas.names(reading, set(towns.values()))

    def called(mark: str, area: str) -> str:
        if not mark.startswith(_USER):
            return bodies.get(mark, mark)
        role = held.get(mark.removeprefix(_USER))
        label = PERSON if role is None else roles.label(role, reading.now)
        return f"{label}·{short_name(names.get(towns[area], towns[area]))}"

    return {(mark, area): called(mark, area) for mark, area in handlers}


def _town(area: str) -> str:
    return grid.code_of("/".join(grid.path_of(area).split("/")[:2]))
