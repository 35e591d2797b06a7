"""Whatever is only practice says so on every page: before one signs in, on errors, and wherever one works."""

from __future__ import annotations

from uuid import UUID

import pytest

from server.app import close
from server.db import training
from tests.api_county import lay_people
from tests.county import open_county
from tests.office.desk import Desk

MARK = "练习：这里的内容都不计入统计"


@pytest.fixture
def practice(tmp_path):
    def lay(tx, *rest):
        training.enable(tx)
        return lay_people(tx, *rest)

    made = open_county(tmp_path / "data", lay)
    yield Desk(made)
    close(made.app)


def test_every_page_of_training_is_marked(practice):
    door = practice.open("/").text
    assert MARK in door and '<span class="chip">练习</span>' in door
    assert MARK in practice.open("/office/nowhere").text


NAMED = {"format": "csv", "ending": "csv", "kind": "areas", "code": "130630106201", "name": "admin", "type": "hazards"}
"""What stands for arguments of addresses; ids are those of nothing, whose page is an error."""


def test_every_page_that_the_map_of_addresses_has_is_marked(practice):
    practice.sign_in("admin")
    adapter = practice.county.app.url_map.bind("localhost")
    unmarked, pages = [], 0
    for rule in practice.county.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or not (rule.rule == "/" or rule.rule.startswith("/office")):
            continue
        values = {each: NAMED.get(each, str(UUID(int=7)) if "id" in each else "1") for each in rule.arguments}
        answer = practice.open(adapter.build(rule.endpoint, values, method="GET"))
        if answer.content_type.startswith("text/html") and "<html" in answer.text:
            pages += 1
            unmarked += [] if MARK in answer.text else [rule.rule]

    assert unmarked == []
    assert pages > 40


def test_real_work_is_not(county):
    assert MARK not in Desk(county).open("/").text
