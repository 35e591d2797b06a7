"""Limits that are one touch away: none is later than the rule's, which only an extension sets."""

from __future__ import annotations

import re

import pytest

from tests.office.desk import Desk, with_passwords
from tests.office.intake.walks import form_of, open_report


@pytest.mark.parametrize("item", ["hose_aged", "illegal_structure"])
def test_each_limit_that_is_one_touch_away_is_within_the_rule(land, item):
    desk = Desk(with_passwords(land.valley))
    desk.sign_in("officer")
    id = land.report(item=item)

    page = open_report(desk, id)
    form = form_of(desk, page, id, "assign")
    offered = re.findall(r'data-day="([\d-]+)"', page.text)
    answer = desk.submit(form, assignee="user:worker", due_on=offered[-1])

    assert all(day <= form.fields["due_on"] for day in offered)
    assert answer.status_code == 303
