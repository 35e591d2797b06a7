"""What a list of cases may be narrowed to: areas, categories, those who have cases; long lists on a page of their own.

With a script the page is fetched into the filter that is opened.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from flask import Response, request

from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.store import codes
from server.grid.domain.areas import Area, Level, short_name
from server.grid.store import areas
from server.instants import local_day
from server.office import layout, pages
from server.office.cases import board_query, case_facts
from server.office.cases.board_query import BY_KEY, ENDED_TAB, Asked
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.people.store import display_names
from server.people.usecases import visibility
from server.records.store import record_lists
from server.web import context

blueprint = layout.create_blueprint("office-board-choices", __name__)

LOOKED_AT_MOST, HANDLERS_MOST = 20_000, 200
"""How many open cases are looked at for who has them, and how many of these are offered."""


class Choice(NamedTuple):
    """A value that a list may be narrowed to. said: beside its name; within: the areas inside of it."""

    label: str
    address: str
    is_current: bool = False
    said: str = ""
    within: tuple[Choice, ...] = ()


def offered(reading: Reading, by: Actor, asked: Asked) -> dict[str, Any]:
    """Return what the filters of the board offer, and the chips of those that are set."""
    categories, sources = (_offered(reading, board_query.CODED[name]) for name in ("category", "source"))
    names, here = _names(reading, asked) | dict(categories), asked.values.get("category", "")
    return {
        "categories": [Choice(name, asked.address(category=code), code == here) for code, name in categories],
        "sources": sources,
        "severities": case_facts.SEVERITIES.items(),
        "flags": board_query.FLAGS.items(),
        "chips": board_query.chips(asked, names, lambda text: pages.say(layout.language(), text)),
        "has_areas": len(areas_below(reading, by)) > 1,
    }


def _offered(reading: Reading, listed: str) -> list[tuple[str, str]]:
    """Return the codes of a list that are in use today, with what they are called."""
    today = local_day(reading.now)
    found = codes.of_list(reading, listed).values()
    rows = (next((row for row in reversed(rows) if row.is_active(today)), None) for rows in found)
    return [(row.code, pages.code_label(row, layout.language())) for row in rows if row is not None]


@blueprint.get("/office/board/<any(areas, handlers):kind>")
@signed_in
def choose(kind: str) -> Response:
    """Show the areas of the caller's scope, or those who have open cases in it, each as a link to the narrowed list."""
    by = context.caller()
    with context.database().reading() as reading:
        asked = board_query.read(reading, request.args, by)
        choices = _areas(reading, by, asked) if kind == "areas" else _handlers(reading, by, asked)
        values = {"asked": asked, "choices": choices, "kind": kind, "part": "HX-Request" in request.headers}
        return layout.show(reading, "cases/choose.html", layout.BOARD.key, values)


def _areas(reading: Reading, by: Actor, asked: Asked) -> list[Choice]:
    """Return the areas that the list may be narrowed to: towns with their villages, or villages with their units."""
    here = None if asked.area is None else asked.area.code

    def choice(area: Area, within: tuple[Choice, ...] = ()) -> Choice:
        return Choice(short_name(area.name), asked.address(area=area.code), area.code == here, "", within)

    return [choice(top, tuple(map(choice, inside))) for top, inside in areas_below(reading, by)]


def areas_below(reading: Reading, by: Actor) -> list[tuple[Area, list[Area]]]:
    """Return the areas next below those of the caller's duties in force, each with the ones in it."""
    scope = visibility.of(by)
    found: list[tuple[Area, list[Area]]] = []
    for place in scope.places:
        inside = [area for area in areas.list_inside(reading, place, scope) if area.in_force(reading.now)]
        depth = min(place.path.count("/") + 1, len(Level) - 1)
        by_parent: dict[str, list[Area]] = defaultdict(list)  # a county has 1,300 areas, and the board asks each time
        for area in inside:
            by_parent[area.path.rpartition("/")[0]].append(area)
        tops = (area for area in inside if area.path.count("/") == depth)
        found += [(top, by_parent.get(top.path, [])) for top in tops]
    return found


def _handlers(reading: Reading, by: Actor, asked: Asked) -> list[Choice]:
    tab = BY_KEY["open"] if asked.tab is ENDED_TAB else asked.tab
    wanted = asked._replace(tab=tab, values={k: v for k, v in asked.values.items() if k != "handler"}).filters
    counts = record_lists.count_by_assignee(reading, by.scope, wanted, LOOKED_AT_MOST)[:HANDLERS_MOST]
    names = display_names.of_assignees(reading, [mark for mark, _ in counts])
    here = asked.values.get("handler", "")
    return [Choice(names[mark], asked.address(handler=mark), mark == here, str(n)) for mark, n in counts]


def _names(reading: Reading, asked: Asked) -> dict[str, str]:
    """Return what the values are called that the list is narrowed to."""
    found: dict[str, str] = {}
    if asked.area is not None:
        found |= {asked.area.code: _place(reading, asked.area.code)}
    if mark := asked.values.get("handler"):
        found |= display_names.of_assignees(reading, [mark])
    for name in ("item", "source"):
        value = asked.values.get(name, "")
        code = codes.current(reading, board_query.CODED[name], value)
        found |= {} if code is None else {value: pages.code_label(code, layout.language())}
    if severity := asked.values.get("severity"):
        found[severity] = pages.say(layout.language(), case_facts.SEVERITIES[severity])
    return found


def _place(reading: Reading, code: str) -> str:
    try:
        return short_name(areas.get(reading, code).name)
    except NotFound:
        return code
