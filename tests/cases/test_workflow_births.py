"""How a case comes into being, as a table: every creating action has one first status, and every status one stage."""

from __future__ import annotations

import pytest

from schemas.changes import CreateRequestSchema
from server.cases.domain import workflow
from server.cases.domain.workflow import CREATION_RULES, CreationRule
from server.records.domain.status import STAGE_OF, Stage, Status
from sync.changes import CREATING


@pytest.mark.parametrize("birth", CREATION_RULES)
def test_a_case_is_born_as_the_table_says(birth: CreationRule):
    assert workflow.initial_status(birth.action, spot_ok=birth.spot_ok) is birth.status


def test_every_creating_action_may_be_asked_of_the_api():
    assert set(CreateRequestSchema().fields["action"].validate.choices) == CREATING


def test_every_creating_action_is_decided_for_both_kinds_of_item_and_once():
    decided = [(birth.action, birth.spot_ok) for birth in CREATION_RULES]

    assert sorted(decided) == sorted((action, spot_ok) for action in CREATING for spot_ok in (False, True))


def test_only_an_item_that_may_be_put_right_on_the_spot_closes_a_case_at_birth():
    closing = [birth for birth in CREATION_RULES if STAGE_OF[birth.status] is Stage.CLOSE]

    assert closing == [CreationRule("spot_close", True, Status.SPOT_CLOSED)]


def test_every_status_belongs_to_one_stage():
    assert set(STAGE_OF) == set(Status)
    assert set(STAGE_OF.values()) == set(Stage)
