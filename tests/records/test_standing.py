"""Whether an author may act on a record: by duty, assignment or authorship, now or within thirty days."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server import instants
from server.instants import FOREVER
from server.people.domain.actors import Actor, Duty, Role
from server.records.domain import relation
from server.records.domain.relation import Relation
from tests.changes.test_revise import a_station

NOW = "2026-11-24T04:00:00.000Z"
UNIT, SECOND, FAR = "130630100201001", "130630100201002", "130630101201001"
RECORD = replace(a_station(), path="130630/100/201/001", author="somebody")


def days_ago(days: float) -> str:
    return instants.text(instants.parse(NOW) - timedelta(days=days))


def an_actor(*duties: Duty) -> Actor:
    return Actor("worker", "网格员甲", NOW, duties)


def a_duty(
    area: str = UNIT, role: Role = Role.GRID_WORKER, ended: float | None = None, body: str | None = None
) -> Duty:
    return Duty(role, area, body, ends_at=FOREVER if ended is None else days_ago(ended))


@pytest.mark.parametrize(
    ("actor", "judged"),
    [
        (an_actor(a_duty()), Relation.NOW),
        (an_actor(a_duty("130630000000", Role.BRIGADE)), Relation.NOW),
        (an_actor(a_duty(ended=29.9)), Relation.RECENT),
        (an_actor(a_duty(ended=30.1)), Relation.ONCE),
        (an_actor(a_duty(FAR)), Relation.NONE),
        (an_actor(a_duty(FAR), a_duty(ended=1)), Relation.RECENT),
        (an_actor(a_duty(FAR), a_duty(ended=900)), Relation.ONCE),
        (an_actor(a_duty(FAR), replace(a_duty(), starts_at=days_ago(-3))), Relation.ONCE),
        (an_actor(), Relation.NONE),
    ],
)
def test_a_duty_covers_a_record_now_lately_or_not(actor, judged):
    assert relation.to_record(actor, RECORD) is judged
    assert relation.to_area(actor, RECORD.path) is (Relation.NONE if judged is Relation.ONCE else judged)


def test_who_sees_only_what_is_theirs_may_still_report_inside_their_area():
    handler = an_actor(a_duty("130630000000", Role.DEPT_HANDLER, body="gas"))

    assert relation.to_record(handler, RECORD) is Relation.NONE
    assert relation.to_area(handler, RECORD.path) is Relation.NOW


def test_an_author_keeps_their_record_whatever_their_duties():
    assert relation.to_record(an_actor(), replace(RECORD, author="worker")) is Relation.NOW


@pytest.mark.parametrize(("ended", "judged"), [(None, Relation.NOW), (5, Relation.RECENT), (50, Relation.ONCE)])
def test_who_has_the_case_may_act_on_it_as_long_as_their_duty_reaches(ended, judged):
    handler = an_actor(a_duty("130630000000", Role.DEPT_HANDLER, ended, "gas"))

    assert relation.to_record(handler, replace(RECORD, assignee="body:gas")) is judged
    assert relation.to_record(handler, replace(RECORD, assignee="user:worker")) is judged
    assert relation.to_record(handler, replace(RECORD, assignee="body:water")) is Relation.NONE


def test_work_belongs_to_the_one_area_of_its_author_or_to_what_holds_all():
    assert relation.home_path(an_actor(a_duty())) == "130630/100/201/001"
    assert relation.home_path(an_actor(a_duty(), a_duty(SECOND))) == "130630/100/201"
    assert relation.home_path(an_actor(a_duty(), a_duty(FAR))) == "130630"
    assert relation.home_path(an_actor(a_duty(), a_duty(FAR, ended=3))) == "130630/100/201/001"
    assert relation.home_path(an_actor(a_duty(ended=3), a_duty(FAR, ended=90))) == "130630/100/201/001"
    assert relation.home_path(an_actor(a_duty(FAR, ended=90))) == "130630/101/201/001"
    assert relation.home_path(an_actor()) is None


@pytest.mark.parametrize(
    ("duties", "lost"),
    [
        ((a_duty(),), False),
        ((a_duty(ended=1),), True),
        ((a_duty(ended=5),), True),  # given after the last duty had ended, by reopening
        ((a_duty(ended=1), a_duty(SECOND)), True),
        ((a_duty(ended=1), a_duty("130630100201", Role.VILLAGE_OFFICER)), False),
        ((a_duty(FAR),), False),  # was given work beyond their places
        ((a_duty(FAR), a_duty(SECOND, ended=5)), False),
        ((a_duty(FAR), a_duty(SECOND, ended=1)), True),
        ((a_duty(FAR), replace(a_duty(ended=1), starts_at=days_ago(1))), False),  # called off before it began
    ],
)
def test_a_case_is_lost_with_the_duty_that_covered_it(duties, lost):
    assert relation.has_lost_case(duties, RECORD.path, since=days_ago(3), now=NOW) == lost
