"""A request that nobody decided and that ends with another act is told where the next person reads: it is not lost."""

from __future__ import annotations

import pytest

from tests.case_land import Land

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
ASSIGN = ("assign", "officer", {"assignee": "user:worker"})
MORE_TIME = ("ask_extension", "worker", {"reason": "weather"})
GIVEN_BACK = ("ask_return", "worker", {"reason": "not_my_duty"})


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (("feedback", "worker", FIXED), "未决定的“申请延期、申请退回”随之作罢"),
        (("assign", "officer", {"assignee": "user:neighbour"}), "未决定的“申请延期、申请退回”随之作罢"),
        (("return", "officer", {"reason": "not_my_duty"}), "未决定的“申请延期”随之作罢"),
    ],
)
def test_the_office_note_says_which_requests_end_with_an_act(land: Land, act, told):
    id = land.report("neighbour")
    record = land.lead_to(id, ASSIGN, MORE_TIME, GIVEN_BACK, act)

    assert told in record.office_note and record.case.requests == ()
    assert told in str(land.history(id)[-1]["diff"])


def test_what_is_decided_repeated_or_stands_is_not_told_as_ended(land: Land):
    id = land.report("neighbour")
    land.lead_to(id, ASSIGN, ("ask_void", "officer", {"reason": "test_data"}), MORE_TIME)

    assert "作罢" not in land.lead_to(id, MORE_TIME).office_note
    assert "作罢" not in land.lead_to(id, ("decline_extension", "town", {"reason": "请按期办好"})).office_note
    assert "作罢" not in land.lead_to(id, ("feedback", "worker", FIXED)).office_note
    assert [each.action for each in land.record(id).case.requests] == ["ask_void"]
