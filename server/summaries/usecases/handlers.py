"""Say in whose hands overdue cases are: bodies by name, persons only as their role and town (no ranking of persons)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from server import instants
from server.db import training
from server.db.transactions import Reading
from server.errors import Invalid
from server.grid.domain import areas
from server.instants import Instant
from server.people.domain import roles
from server.people.store import display_names
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import area_rows, periods
from server.summaries.store import counted_cases, current_sums
from server.summaries.store.counted_cases import Cursor
from server.summaries.store.current_sums import Held
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import CasePage, Query, View

FIGURE = "handling_overdue"
"""The figure that is split up: 超期未结 by the handling limit, in the cohort of the period."""

NOBODY = "-"
"""Key of the cases that nobody has."""

_NOBODY_NAME, _PERSON_NAME = "无承办（待改派）", "其他人员"
_PERSON, _BODY = "user:", "body:"
_NO_DUTY = "person"
"""Stands for the role of somebody who had no duty at the instant."""

_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Overdue:
    """The overdue cases that one body, the persons of one role in one town, or nobody has.

    key: ``body:<code>``, ``<role>@<area code of the town>``, or NOBODY. days: how many days the longest is over.
    """

    key: str
    name: str
    cases: int
    days: int


def overdue(reading: Reading, query: Query) -> list[Overdue]:
    """Return who has the cases that ``handling_overdue`` counts; their cases add up to it.

    Bodies in the order of their codes, then persons by town and role, then the cases that nobody has: no ranking.
    Raises Invalid and NotFound as ``closure_summary.summarise`` does.
    """
    view = closure_summary.view_of(reading, query)
    if training.is_on(reading):
        return []
    keys = _Keys(reading, view)
    found: dict[str, list[tuple[int, Instant]]] = {}
    held = _held(reading, view, query)
    keys.know(each.assignee for each in held)
    for each in held:
        found.setdefault(keys.of(each.assignee, each.path), []).append((each.cases, each.due_at))
    names = keys.names(found)
    return [
        Overdue(
            key,
            names[key],
            sum(n for n, _ in found[key]),
            days_over(min(due_at for _, due_at in found[key]), view.as_of),
        )
        for key in sorted(found, key=_order)
    ]


def drill_down(
    reading: Reading, query: Query, figure: str, row: str | None, handler: str | None, after: Cursor, limit: int
) -> CasePage:
    """Return up to ``limit`` of the cases behind a figure that a handler had at the instant; None for every handler.

    handler: a key of ``overdue``; row and the errors raised: as in ``closure_summary.drill_down``.
    """
    if handler is None:
        return closure_summary.drill_down(reading, query, figure, row, after, limit)
    _check(handler)
    keys = _Keys(reading, closure_summary.view_of(reading, query))
    held_by = _held_by(handler) if query.as_of is None else None  # at an instant that is over, others had them
    found: list[tuple[Cursor, CaseFacts]] = []
    next_page: Cursor | None = after
    while next_page is not None and len(found) <= limit:
        page = closure_summary.drill_down(reading, query, figure, row, next_page, _PAGE, held_by)
        shown = counted_cases.record_columns(reading, {case.id for case in page.cases}, query.as_of or reading.now)
        marks = {id: columns["assignee"] for id, columns in shown.items()}
        keys.know(marks.values())
        for case in page.cases:
            times = next_page.times + 1 if next_page.id == case.id else 1
            next_page = Cursor(case.received_at, case.id, times)
            if keys.of(marks.get(case.id), case.path) == handler:
                found.append((next_page, case))
        next_page = page.after
    return CasePage(tuple(case for _, case in found[:limit]), found[limit - 1][0] if len(found) > limit else None)


def _held_by(handler: str) -> str:
    """Return by whom the cases of a key are held, as the store asks for it: it leaves most of the others unread."""
    if handler == NOBODY:
        return ""
    return handler if handler.startswith(_BODY) else _PERSON


def days_over(due_at: Instant, as_of: Instant) -> int:
    """Return how many days a limit is over: on the day after its last day, one."""
    return (periods.day_of(as_of) - date.fromisoformat(instants.last_day(due_at))).days


def _held(reading: Reading, view: View, query: Query) -> list[Held]:
    """Return what is overdue by who has it: from the open cases alone as of now, else case by case."""
    if view.area_scope is not None and view.as_of >= reading.now:
        return current_sums.by_assignee(reading, view.inside, view.period, view.as_of)
    found = []
    after: Cursor | None = Cursor()
    narrowed = replace(query, as_of=view.as_of if view.as_of < reading.now else None)
    while after is not None:
        page = closure_summary.drill_down(reading, narrowed, FIGURE, None, after, _PAGE)
        shown = counted_cases.record_columns(reading, {case.id for case in page.cases}, view.as_of)
        found += [
            Held(shown.get(case.id, {}).get("assignee"), case.path, 1, case.handle_due_at or view.as_of)
            for case in page.cases
        ]
        after = page.after
    return found


class _Keys:
    """Tells under which key a case stands, by who has it and where it is."""

    def __init__(self, reading: Reading, view: View) -> None:
        self._reading = reading
        self._view = view
        self._roles: dict[str, str] = {}

    def know(self, assignees: Iterable[str | None]) -> None:
        """Read the roles of the persons among ``assignees``, as of the instant."""
        names = {mark.removeprefix(_PERSON) for mark in assignees if mark and mark.startswith(_PERSON)}
        missing = names - set(self._roles)
        known = display_names.roles_at(self._reading, missing, self._view.as_of)
        self._roles |= {name: known[name].value if name in known else _NO_DUTY for name in missing}

    def of(self, assignee: str | None, path: str) -> str:
        """Return the key of a case; its assignee has been told to ``know``."""
        if not assignee:
            return NOBODY
        if not assignee.startswith(_PERSON):
            return assignee
        home = area_rows.current(path, self._view.grid, self._view.as_of)
        return f"{self._roles[assignee.removeprefix(_PERSON)]}@{areas.code_of('/'.join(home.split('/')[:2]))}"

    def names(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Return what each key is called, in Chinese."""
        known = list(keys)
        bodies = display_names.of_assignees(self._reading, [key for key in known if key.startswith(_BODY)])
        labels = {role.role.value: role.label for role in roles.list_roles(self._view.as_of)}
        found = {NOBODY: _NOBODY_NAME, **bodies}
        for key in known:
            role, at, town = key.partition("@")
            if at:
                area = self._view.grid.get(areas.path_of(town))
                place = town if area is None else areas.short_name(area.name)
                found[key] = f"{labels.get(role, _PERSON_NAME)} · {place}"
        return {key: found.get(key, key) for key in known}


def _order(key: str) -> tuple[int, str, str]:
    if key == NOBODY:
        return 2, "", ""
    role, at, town = key.partition("@")
    return (1, town, role) if at else (0, key, "")


def _check(handler: str) -> None:
    if handler != NOBODY and not handler.startswith(_BODY) and "@" not in handler:
        raise Invalid("承办应为“超期未结，在谁手里”中一行的代码。", field="handler", value=handler)
