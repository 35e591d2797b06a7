"""What waits for one person: the cases whose next step is theirs, sorted by what they have to do, due first."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from server.cases.domain import deadlines, workflow
from server.cases.domain.deadlines import Clock
from server.cases.store import calendars
from server.cases.store.rechecks import Wanted
from server.cases.usecases import rechecking, reviewing, todo_column
from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.domain.actors import Actor
from server.records.domain.status import OPEN, Status
from server.records.store import columns, record_lists
from server.records.store.record_lists import Filters
from sync.flags import Flag

LISTED_MOST = 100
"""How many cases of one kind are found at most: nobody works through more of them in a day."""

JUDGED_MOST = 1_000
"""How many cases of one kind are looked at to find them: of those due first, many may wait for others."""


class Task(NamedTuple):
    """A kind of work. word: of ``todo``, by which a case waits; statuses: it may have then.

    is_handlers: only who has a case does it, so that no other cases need to be looked at. decides: acts of which one
    declines an open request, in place of a word: whoever may decline it may grant it, and the other way round.
    acts: that are to be taken when their time has come, in place of a word too. meets: whether it is to be given out by
    a joint meeting (会商), since it was given back twice; None for work that does not ask.
    """

    name: str
    word: str
    statuses: tuple[Status, ...]
    is_handlers: bool = False
    decides: frozenset[str] = frozenset()
    acts: frozenset[str] = frozenset()
    meets: bool | None = None


TASKS = (
    Task("intake", "register", (Status.REPORTED,)),
    Task("decide", "", tuple(OPEN), decides=frozenset(workflow.DECLINES)),
    Task("meet", "assign", (Status.REGISTERED,), meets=True),
    Task("assign", "assign", (Status.REGISTERED,), meets=False),
    Task("check", "check", (Status.FEEDBACK,)),
    Task("review", "", reviewing.REVIEWED, acts=frozenset({reviewing.ACTION})),
    Task("accept", "accept", (Status.ASSIGNED,), is_handlers=True),
    Task("handle", "feedback", (Status.ACCEPTED, Status.HANDLING), is_handlers=True),
)
"""In the order in which it should be done (``office.md`` section 6.2): a report nobody has looked at comes first."""

RECHECK = Task("recheck", "", (Status.CLOSED, Status.SPOT_CLOSED), acts=frozenset({rechecking.ACTION}))
"""Looking again at what was closed and drawn for it; it is nobody's alone, so that it is no work of one's own list."""

STATUSES = tuple(dict.fromkeys(status for task in TASKS for status in task.statuses))


class Waiting(NamedTuple):
    """The cases that wait for one kind of work. more: there are further ones that were not looked at."""

    task: Task
    rows: tuple[Row, ...]
    more: bool


def for_person(reading: Reading, by: Actor, filters: Filters = Filters()) -> list[Waiting]:  # noqa: B008 - is frozen
    """Return what waits for ``by``, one entry for each kind of work that there is some of.

    filters: what it is narrowed to; its statuses are those of the work. Rows are as ``record_lists.page_by_due`` has
    them.
    """
    todo = todo_column.TodoOfCaller(reading, by)
    return [waiting for task in TASKS if (waiting := _of_task(reading, by, task, filters, todo)).rows]


def rechecks(reading: Reading, by: Actor) -> Waiting:
    """Return the closed cases that ``by`` may check again, since they were drawn for it; those due first in front."""
    found = rechecking.list_drawn(reading, by, Wanted(waits=True))
    rows = [each.row for each in found if each.may_recheck]
    return Waiting(RECHECK, tuple(rows[:LISTED_MOST]), len(rows) > LISTED_MOST)


def count(reading: Reading, by: Actor, name: str) -> tuple[int, bool]:
    """Return how many cases wait for ``by`` with the work ``name``, and whether there are more than were found."""
    task = next(each for each in TASKS if each.name == name)
    found = _of_task(reading, by, task, Filters(), todo_column.TodoOfCaller(reading, by))
    return len(found.rows), found.more


def _of_task(reading: Reading, by: Actor, task: Task, filters: Filters, todo: todo_column.TodoOfCaller) -> Waiting:
    wanted = replace(filters, statuses=task.statuses, has_request=True if task.decides else filters.has_request)
    scope = Scope(person=by.name, bodies=by.scope.bodies) if task.is_handlers and by.current else by.scope
    found: list[Row] = []
    after, judged, more = None, 0, True
    while more and len(found) < LISTED_MOST and judged < JUDGED_MOST:
        rows = record_lists.page_by_due(reading, scope, wanted, after=after, limit=LISTED_MOST + 1)
        more = len(rows) > LISTED_MOST
        for row in rows[:LISTED_MOST]:
            after, judged = record_lists.due_position(row), judged + 1
            if _is_theirs(todo, row, task):
                found.append(row)
            if len(found) == LISTED_MOST:
                more = more or row is not rows[-1]
                break
    return Waiting(task, tuple(found), more)


def _is_theirs(todo: todo_column.TodoOfCaller, row: Row, task: Task) -> bool:
    flags = columns.flags(row["flags"])
    if task.meets is not None and task.meets != (Flag.JOINT_MEETING in flags):
        return False
    if task.decides:
        return todo.may_take(row, (act for act in task.decides if _flag_of(act) in flags))
    return todo.may_take(row, task.acts) if task.acts else todo.offers(row, task.word)


def _flag_of(decline: str) -> str:
    """Return the flag that a case has while the request is open that ``decline`` turns down."""
    return f"{decline.removeprefix('decline_')}_pending"


def given_too_long_ago(reading: Reading) -> Instant:
    """Return the instant before which a case must have been given to somebody to have been left too long untaken."""
    return deadlines.started_before(Clock.TAKE, reading.now, calendars.calendar(reading))
