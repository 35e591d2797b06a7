"""Whatever is only practice says so on every page: before one signs in, on errors, and wherever one works."""

from __future__ import annotations

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

    practice.sign_in("admin")
    for path in (
        "/office/",
        "/office/board",
        "/office/admin/forms",
        "/office/admin/health",
        "/office/password",
        "/office/x",
    ):
        assert MARK in practice.open(path).text, path


def test_real_work_is_not(county):
    assert MARK not in Desk(county).open("/").text
