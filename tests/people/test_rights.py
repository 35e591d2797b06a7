"""The matrix of rights answers for every role, place and day, and its data keep the document's rules."""

from __future__ import annotations

import pytest

from server import dated
from server.cases.domain.workflow import BY_SERVER, STEPS
from server.errors import Invalid, NotAllowed
from server.grid.domain.areas import path_of
from server.people.domain import rights, roles, sign_in_rules
from server.people.domain.actors import Actor, Duty, Role
from server.people.domain.rights import Grant, Mark

COUNTY, TOWN, VILLAGE, UNIT = "130630000000", "130630106000", "130630106201", "130630106201001"
NEXT_VILLAGE = "130630106202"
NOON = "2026-05-15T04:00:00.000Z"
SEAT = {
    Role.GRID_WORKER: UNIT,
    Role.GRID_LEADER: VILLAGE,
    Role.VILLAGE_OFFICER: VILLAGE,
    Role.POLICE: VILLAGE,
    Role.TOWN_STATION: TOWN,
    Role.DEPT_HANDLER: COUNTY,
    Role.BRIGADE: COUNTY,
    Role.COUNTY_ADMIN: COUNTY,
    Role.UNIT_MANAGER: UNIT,
    Role.STATION_HEAD: VILLAGE,
    Role.VIEWER: COUNTY,
    Role.AUDITOR: COUNTY,
}
ROWS = [(row["object"], row["action"]) for row in dated.table("rights")]


def holder(role: Role, area: str | None = None, at: str = NOON) -> Actor:
    return Actor("li", "李", at, (Duty(role, area or SEAT[role]),))


def who_may(subject: str, action: str, area: str = UNIT) -> set[str]:
    return {role.value for role in Role if rights.allows(holder(role), subject, action, path_of(area))}


DECIDERS = {"village_officer", "town_station", "brigade"}
HANDLERS = {
    "grid_worker", "grid_leader", "village_officer", "police", "town_station", "dept_handler", "unit_manager",
    "station_head",
}  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "action", "may"),
    [
        ("case", "report", HANDLERS | {"brigade"}),
        ("case", "register", DECIDERS),
        ("case", "reject", DECIDERS),
        ("case", "merge", DECIDERS),
        ("case", "assign", DECIDERS | {"grid_leader"}),
        ("case", "accept", HANDLERS),
        ("case", "feedback", HANDLERS),
        ("case", "close", {"grid_worker", "grid_leader", "village_officer", "police", "town_station", "brigade"}),
        ("case", "extend", DECIDERS - {"village_officer"}),
        ("case", "suspend", {"brigade", "county_admin"}),
        ("case", "ask_transfer", DECIDERS),
        ("case", "transfer", {"town_station", "brigade", "county_admin"}),
        ("case", "ask_void", DECIDERS),
        ("case", "void", {"town_station", "brigade", "county_admin"}),
        ("case", "supervise", {"town_station", "brigade"}),
        ("case", "mark_major", {"brigade"}),
        ("case", "unmark_major", {"brigade"}),
        ("station", "check", {"grid_worker", "grid_leader", "village_officer", "town_station", "brigade"}),
        ("water", "check", {"grid_worker", "grid_leader", "village_officer", "town_station", "dept_handler"}),
        ("household", "write", {"grid_worker", "village_officer"}),
        ("configuration", "edit", {"county_admin"}),
        ("audit", "read", {"county_admin", "auditor"}),
        ("audit", "export", {"county_admin", "auditor"}),
    ],
)
def test_the_matrix_says_who_may(subject, action, may):
    assert who_may(subject, action) == may


@pytest.mark.parametrize(("subject", "action"), ROWS)
def test_nobody_acts_outside_of_their_area(subject, action):
    outside = path_of("130630117201001")
    seats = {role: area for role, area in SEAT.items() if area != COUNTY}

    assert not any(rights.allows(holder(role), subject, action, outside) for role in seats)


LOOKS_AT = {("summary", "read"), ("audit", "read"), ("audit", "export")}
"""Rights of viewers and auditors beside what everybody sees of their areas."""


@pytest.mark.parametrize(("subject", "action"), [row for row in ROWS if row not in LOOKS_AT])
def test_who_only_looks_may_do_nothing(subject, action):
    assert who_may(subject, action).isdisjoint({"viewer", "auditor"})


def test_a_station_head_may_do_what_a_unit_manager_may():
    assert all(row["station_head"] == row["unit_manager"] for row in dated.table("rights"))


def test_to_propose_is_not_to_decide():
    leader = holder(Role.GRID_LEADER)

    assert rights.grants(leader, "case", "register", path_of(UNIT)) == (Grant(Role.GRID_LEADER, Mark.PROPOSE),)
    assert not rights.allows(leader, "case", "register", path_of(UNIT))


def test_a_grant_tells_the_workflow_what_narrows_it():
    worker = holder(Role.GRID_WORKER)

    (grant,) = rights.grants(worker, "case", "close", path_of(UNIT))

    assert grant == Grant(Role.GRID_WORKER, Mark.CREATE, frozenset({"not_handler", "not_major"}))


def test_two_duties_give_the_rights_of_both():
    both = Actor("li", "李", NOON, (Duty(Role.GRID_WORKER, UNIT), Duty(Role.VILLAGE_OFFICER, NEXT_VILLAGE)))

    assert rights.allows(both, "case", "register", path_of(NEXT_VILLAGE))
    assert not rights.allows(both, "case", "register", path_of(VILLAGE))


def test_a_duty_that_ended_gives_no_right():
    left = Actor("li", "李", NOON, (Duty(Role.VILLAGE_OFFICER, VILLAGE, ends_at=NOON),))

    assert not rights.allows(left, "case", "register", path_of(VILLAGE))


def test_in_a_vacant_village_the_town_may_do_what_the_village_officer_may():
    town, vacant = holder(Role.TOWN_STATION), frozenset({path_of(VILLAGE)})

    assert not rights.allows(town, "household", "write", path_of(UNIT))
    assert rights.allows(town, "household", "write", path_of(UNIT), vacant=vacant)
    assert not rights.allows(town, "household", "write", path_of(NEXT_VILLAGE), vacant=vacant)


def test_a_vacant_village_gives_nothing_to_anybody_but_the_town():
    vacant = frozenset({path_of(VILLAGE)})

    for role in set(Role) - {Role.TOWN_STATION}:
        with_vacancy = rights.grants(holder(role), "household", "write", path_of(UNIT), vacant=vacant)
        assert with_vacancy == rights.grants(holder(role), "household", "write", path_of(UNIT))


def test_a_refusal_names_the_deed_and_who_may_do_it():
    with pytest.raises(NotAllowed) as refused:
        rights.require(holder(Role.GRID_WORKER), "case", "register", path_of(UNIT))

    assert "立项" in refused.value.message
    assert "村/社区干部" in refused.value.message
    assert refused.value.data["may"] == ["village_officer", "town_station", "brigade"]


def test_what_is_allowed_is_not_refused():
    rights.require(holder(Role.VILLAGE_OFFICER), "case", "register", path_of(UNIT))


def test_a_row_that_does_not_exist_is_our_mistake_and_not_a_refusal():
    with pytest.raises(LookupError):
        rights.allows(holder(Role.BRIGADE), "case", "paint", path_of(UNIT))


def test_a_clock_that_is_behind_the_first_rules_finds_the_first_rules():
    last_year = "2025-12-31T15:59:59.999Z"  # one millisecond before 2026, and the table, begin in Beijing

    assert rights.allows(holder(Role.BRIGADE, at=last_year), "case", "close", path_of(UNIT))
    assert not rights.allows(holder(Role.GRID_WORKER, at=last_year), "case", "register", path_of(UNIT))
    assert {described.role for described in roles.list_roles(last_year)} == set(Role)
    assert sign_in_rules.at(last_year) == sign_in_rules.at(NOON)


def test_rows_count_from_their_first_day_to_their_last(monkeypatch):
    rows = ({"active_from": "2026-01-01", "active_to": "2026-06-30"}, {"active_from": "2026-07-01", "active_to": ""})
    monkeypatch.setattr(dated, "table", lambda name: rows)
    in_force = dated.rows_on.__wrapped__

    assert [in_force("rules", day) for day in ("2025-01-01", "2026-01-01", "2026-06-30")] == [rows[:1]] * 3
    assert [in_force("rules", day) for day in ("2026-07-01", "2099-01-01")] == [rows[1:]] * 2


def test_every_role_has_a_name_a_level_and_a_column():
    assert {described.role for described in roles.list_roles(NOON)} == set(Role)
    assert all(described.label and described.label_en and described.levels for described in roles.list_roles(NOON))
    assert all({role.value for role in Role} <= row.keys() for row in dated.table("rights"))


def test_every_cell_of_the_matrix_can_be_read():
    for row in dated.table("rights"):
        for role in Role:
            assert row[role.value] == "" or Mark(row[role.value].split()[0])


def test_each_act_of_the_workflow_has_its_row():
    without = {step.action for step in STEPS if step.action not in BY_SERVER and ("case", step.action) not in ROWS}

    assert without == set()


def test_each_row_holds_once_on_a_day():
    assert len(ROWS) == len(set(ROWS))


def test_an_unknown_role_is_refused_with_the_choices():
    with pytest.raises(Invalid) as refused:
        roles.get("king", NOON)

    assert "grid_worker" in refused.value.message


def test_a_role_without_a_name_on_a_day_shows_its_code(monkeypatch):
    assert roles.label(Role.BRIGADE, NOON) == "消防救援大队"

    named = tuple(described for described in roles.list_roles(NOON) if described.role is not Role.BRIGADE)
    monkeypatch.setattr(roles, "list_roles", lambda at: named)
    assert roles.label(Role.BRIGADE, NOON) == "brigade"


def test_the_rules_of_signing_in_are_data():
    rules = sign_in_rules.at(NOON)

    assert rules.password_length_min >= 10
    assert rules.failures_max == 5
    assert rules.locked_for.total_seconds() == 15 * 60
