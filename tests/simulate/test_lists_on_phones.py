"""A simulated phone keeps entity lists as ODK Collect does, row by row of its table of cases."""

from __future__ import annotations

from itertools import count

import pytest

from server.simulate.entity_lists import EntityList

ID = "0b9d7c6e-5a43-4f21-8e90-1d2c3b4a5f60"


@pytest.fixture
def ids():
    numbers = count(1)
    return lambda: f"branch {next(numbers)}"


def listed(version: int, head: str = "乙") -> dict[str, str]:
    return {"name": ID, "label": "站", "__version": str(version), "head": head}


@pytest.mark.parametrize(
    ("updates", "version", "head", "trunk"),
    [
        (0, 2, "乙", 2),  # the server is ahead: its row
        (1, 2, "乙", 2),  # level, and changed here: its row
        (0, 1, "甲", 1),  # level and clean: nothing
        (2, 2, "丙", 1),  # the phone is ahead: its own row
    ],
)
def test_a_downloaded_row_meets_one_that_is_here(ids, updates, version, head, trunk):
    entities = EntityList()
    entities.take([listed(1, "甲")], (), ids)
    for _ in range(updates):
        entities.update(ID, {"head": "丙"})

    entities.take([listed(version)], (), ids)

    row = entities.rows[ID]
    assert (row.values["head"], row.trunk, row.is_online) == (head, trunk, True)


def test_a_new_trunk_begins_a_new_branch_and_an_update_keeps_both(ids):
    entities = EntityList()
    entities.take([listed(1)], (), ids)
    entities.update(ID, {"head": "丙"})
    assert (entities.rows[ID].version, entities.rows[ID].trunk, entities.rows[ID].branch) == (2, 1, "branch 1")

    entities.take([listed(3)], (), ids)

    assert (entities.rows[ID].trunk, entities.rows[ID].branch) == (3, "branch 2")


def test_a_row_that_left_the_list_goes_and_one_made_here_stays_until_it_is_said_to_be_gone(ids):
    entities = EntityList()
    entities.take([listed(1)], (), ids)
    entities.create("here", "站", {"head": "甲"}, ids())

    entities.take([], (), ids)
    assert entities.offline() == ["here"] == list(entities.rows)

    entities.take([], ["here"], ids)
    assert entities.rows == {}
