"""Statements that ask for many values have few texts, since each text is prepared and remembered."""

from __future__ import annotations

import pytest

from server.people.store.display_names import batches


@pytest.mark.parametrize("count", [0, 1, 2, 3, 2_047, 2_048, 2_049, 5_000])
def test_each_value_is_asked_for_in_one_batch(count):
    wanted = [f"{number:05}" for number in range(count)]

    asked = [set(values.values()) for _, values in batches([*wanted, *wanted[:3]])]

    assert sorted(value for batch in asked for value in batch) == wanted


def test_a_list_names_its_parameters():
    for listed, values in batches("abcde"):
        assert listed.split(", ") == [f":{name}" for name in values]


def test_lists_of_every_length_have_a_dozen_texts():
    texts = {listed for length in range(1, 2_100) for listed, _ in batches(map(str, range(length)))}

    assert len(texts) <= 12
