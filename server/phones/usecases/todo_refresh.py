"""Gives a case a new version when duties alone have changed what somebody may do with it.

``todo`` depends on the duties of the phone's owner, and a phone ignores a row whose version it has already
(``openrosa.md`` section 4.5). So whatever a row shows changes only with a revision (``design.md`` section 5).
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from server.changes.usecases import automatic_steps
from server.changes.usecases.automatic_steps import AutomaticSteps, Stuck
from server.db.transactions import Reading, Transaction
from server.errors import ITEM_ERRORS
from server.instants import BEGINNING, FOREVER
from server.people.domain.actors import Actor, Duty, Role
from server.people.store import people, vacancies
from server.phones.store import todo_state
from server.phones.usecases import shown_rows
from server.phones.usecases.shown_rows import Viewer

NOTE = "岗位变动后可办事项有变，更新手机名单"

_PEOPLE_PER_TRANSACTION = 50
"""How many people's rows one transaction compares: more would hold the writer from others."""


def refresh(tx: Transaction) -> AutomaticSteps:
    """Give the rows that stay on a phone and would be shown otherwise a new version.

    A row that comes or goes with a move needs nothing, so moving a person touches no record that is new to them. Costs
    two reads while no duty has changed.
    """
    configuration, last = str(tx.configuration_version()), todo_state.last_comparison(tx)
    if last is not None and last[0] == configuration and not todo_state.has_duty_changed(tx, last[1]):
        return AutomaticSteps(0, ())
    before = todo_state.stored_states(tx)
    changed = {name: now for name, now in _duty_states(tx).items() if before.get(name) != now}
    done = 0
    stuck: list[Stuck] = []
    compared = [name for name in changed if name in before]
    for name in [name for name in changed if name not in before] + compared[:_PEOPLE_PER_TRANSACTION]:
        try:
            with tx.savepoint():
                outcome = _refresh_person(tx, name, before.get(name), changed[name])
        except ITEM_ERRORS as error:
            outcome = AutomaticSteps(0, (Stuck(f"todo of {name}", type(error).__name__),))
        done, stuck = done + outcome.done, [*stuck, *outcome.stuck]
    if len(compared) <= _PEOPLE_PER_TRANSACTION and not stuck:
        todo_state.record_comparison(tx, configuration)
    return AutomaticSteps(done, tuple(stuck))


def _refresh_person(tx: Transaction, name: str, before: str | None, now: str) -> AutomaticSteps:
    todo_state.store(tx, name, now)
    if before is None or not todo_state.has_phone(tx, name):
        return AutomaticSteps(0, ())
    differing = sorted(shown_rows.differing(tx, _viewer(tx, name, before), _viewer(tx, name, now)))
    return automatic_steps.each(tx, differing, shown_rows.renewing(NOTE))


def _duty_states(reading: Reading) -> Mapping[str, str]:
    """Return by user name what decides ``todo`` beside the cases: duties in force, villages to stand in for."""
    held = {name: people.duties_of(reading, name) for name in todo_state.names(reading)}
    return {name: _text(reading, [duty for duty in each if duty.holds_at(reading.now)]) for name, each in held.items()}


def _text(reading: Reading, duties: list[Duty]) -> str:
    places = [duty.place for duty in duties if duty.role is Role.TOWN_STATION]
    vacant = sorted(path for place in places for path in vacancies.vacant_villages(reading, place))
    listed = sorted(
        (duty.role.value, duty.area, duty.body or "", list(duty.merged), list(duty.merged_villages)) for duty in duties
    )
    return orjson.dumps([listed, vacant]).decode()


def _viewer(reading: Reading, name: str, state: str) -> Viewer:
    listed, vacant = orjson.loads(state)
    duties = tuple(
        Duty(Role(role), area, body or None, BEGINNING, FOREVER, "", *map(tuple, also))
        for role, area, body, *also in listed
    )
    return Viewer(Actor(name, name, reading.now, duties), frozenset(vacant))
