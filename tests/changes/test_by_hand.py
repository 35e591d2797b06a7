"""Who sits at a desk corrects what their role may correct there, and brings into being what fits the ledger."""

from __future__ import annotations

import pytest

from server.changes.domain import manual_edits
from server.errors import IllegalStep, Invalid, NotAllowed
from server.forms.domain.record_types import Kind, RecordType
from server.people.domain.actors import Actor, Duty, Role
from server.records.domain.records import Record

NOON = "2026-11-24T04:00:00.000Z"
UNIT, PATH, FAR = "130630100201001", "130630/100/201/001", "130630/101/201/001"


def somebody(role: Role, area: str = UNIT, body: str | None = None) -> Actor:
    return Actor("li", "李", NOON, (Duty(role, area, body),))


def a_record(kind: Kind, *, author: str = "wang", path: str = PATH, assignee: str | None = None) -> Record:
    return Record(
        "id", "type", kind, "area", path, "一号", 1, 1, 1, author, {}, "{}", NOON, NOON, assignee=assignee
    )  # fmt: skip


@pytest.mark.parametrize(
    ("role", "kind", "may"),
    [
        (Role.GRID_WORKER, Kind.PROFILE, True),
        (Role.GRID_WORKER, Kind.CASE, True),
        (Role.TOWN_STATION, Kind.PROFILE, True),
        (Role.TOWN_STATION, Kind.CASE, False),
        (Role.POLICE, Kind.PROFILE, False),
        (Role.VIEWER, Kind.PROFILE, False),
        (Role.AUDITOR, Kind.CASE, False),
        (Role.COUNTY_ADMIN, Kind.CASE, False),
    ],
)
def test_a_role_corrects_what_the_matrix_says(role, kind, may):
    actor = somebody(role, "130630100" if role is Role.TOWN_STATION else UNIT)

    if may:
        manual_edits.require_edit(actor, a_record(kind))
    else:
        with pytest.raises(NotAllowed):
            manual_edits.require_edit(actor, a_record(kind))


@pytest.mark.parametrize("kind", [Kind.PROFILE, Kind.CASE])
def test_a_right_to_what_is_ones_own_reaches_it_wherever_it_lies(kind):
    police, manager = somebody(Role.POLICE), somebody(Role.UNIT_MANAGER, body="hotel")

    manual_edits.require_edit(police, a_record(kind, author="li", path=FAR))
    if kind is Kind.PROFILE:
        manual_edits.require_edit(manager, a_record(kind, assignee="body:hotel"))
    with pytest.raises(NotAllowed):
        manual_edits.require_edit(manager, a_record(kind, assignee="body:other"))
    with pytest.raises(NotAllowed):
        manual_edits.require_edit(somebody(Role.VIEWER), a_record(kind, author="li"))


def test_in_a_village_without_an_officer_the_town_stands_in():
    manual_edits.require_edit(somebody(Role.TOWN_STATION, "130630100"), a_record(Kind.CASE), vacant={"130630/100/201"})


def test_an_event_is_told_once():
    with pytest.raises(IllegalStep, match="另行登记"):
        manual_edits.require_edit(somebody(Role.GRID_WORKER), a_record(Kind.EVENT, author="li"))


def test_who_may_not_correct_an_event_is_told_that_and_not_what_an_event_is():
    with pytest.raises(NotAllowed):
        manual_edits.require_edit(somebody(Role.VIEWER), a_record(Kind.EVENT))


@pytest.mark.parametrize("kind", [*Kind, None])
def test_who_may_never_create_is_told_that_before_anything_of_what_they_sent(kind):
    type = None if kind is None else RecordType("ledger", "台账", kind, {}, ())
    refused = [Role.VIEWER, Role.AUDITOR, *([Role.COUNTY_ADMIN] if kind is Kind.CASE else [])]

    for role in refused:
        with pytest.raises(NotAllowed):
            manual_edits.require_ever_create(somebody(role), type)
        if type is not None:
            with pytest.raises(NotAllowed):
                manual_edits.require_create(somebody(role), type, "no-such-action", PATH)
    manual_edits.require_ever_create(somebody(Role.GRID_WORKER), type)


@pytest.mark.parametrize(
    ("kind", "action", "fits"),
    [
        (Kind.CASE, "report", True),
        (Kind.CASE, "spot_close", True),
        (Kind.CASE, "create", False),
        (Kind.PROFILE, "create", True),
        (Kind.EVENT, "create", True),
        (Kind.PROFILE, "report", False),
    ],
)
def test_a_record_comes_into_being_as_its_ledger_says(kind, action, fits):
    type = RecordType("type", "台账", kind, {})

    if fits:
        manual_edits.require_create(somebody(Role.GRID_WORKER), type, action, PATH)
        with pytest.raises(NotAllowed):
            manual_edits.require_create(somebody(Role.VIEWER), type, action, PATH)
    else:
        with pytest.raises(Invalid):
            manual_edits.require_create(somebody(Role.GRID_WORKER), type, action, PATH)
