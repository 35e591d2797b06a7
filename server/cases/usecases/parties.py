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
    labels = {role: roles.label(role, reading.now) for role in set(held.values())}
    people_called = {f"{_USER}{name}": labels[held[name]] if name in held else PERSON for name in people}
    towns = {area: _town(area) for area in {area for _, area in handlers}}
    names = areas.names(reading, set(towns.values()))
    lies_in = {area: short_name(names.get(town, town)) for area, town in towns.items()}
    return {
        (mark, area): f"{people_called[mark]}·{lies_in[area]}" if mark in people_called else bodies.get(mark, mark)
        for mark, area in handlers
    }


def _town(area: str) -> str:
    return grid.code_of("/".join(grid.path_of(area).split("/")[:2]))
