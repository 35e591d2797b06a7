"""The rule of which values stand, told without the code that merges: the simulation holds the server against it."""

from __future__ import annotations

from itertools import permutations

from server.simulate.checks.standing import Write, shown, standing


def values(came: list[Write], **more: bool) -> list[str]:
    return sorted(each.value[0] for each in standing(came, **more))


def write(origin: str, seq: int, seen: str, value: str, base: int | None, version: int) -> Write:
    return Write(origin, seq, (seen,), (value,), base, version, f"2026-03-02T00:00:{version:02d}.000Z")


BEGUN = write("maker", 1, "", "甲", 0, 1)


def test_a_value_that_was_seen_and_replaced_is_gone():
    assert values([BEGUN, write("b", 1, "甲", "乙", 1, 2)]) == ["乙"]


def test_values_whose_authors_saw_the_same_stand_side_by_side():
    assert values([BEGUN, write("b", 1, "甲", "乙", 1, 2), write("c", 1, "甲", "丙", 1, 3)]) == ["丙", "乙"]


def test_a_value_that_came_after_what_somebody_held_is_not_replaced_though_it_is_the_one_they_saw():
    again = write("d", 1, "丁", "甲", 4, 5)

    assert values([again, write("c", 1, "甲", "丙", 3, 6)]) == ["丙", "甲"]


def test_of_one_hand_the_last_value_stands_alone():
    assert values([write("b", 2, "乙", "丙", 1, 2), write("b", 1, "甲", "乙", 1, 3)]) == ["丙"]


def test_the_order_of_arrival_does_not_matter():
    came = [BEGUN, write("b", 1, "甲", "乙", 1, 2), write("c", 1, "甲", "丙", 1, 3), write("d", 1, "乙", "丁", 2, 4)]

    assert {tuple(values(list(order))) for order in permutations(came)} == {("丁", "丙")}


def test_of_observations_only_what_nobody_held_stays_beside_the_last_and_that_is_shown():
    came = [BEGUN, write("b", 1, "甲", "乙", 1, 2), write("c", 1, "", "丙", 2, 3), write("d", 1, "甲", "丁", 1, 4)]

    assert values(came, is_latest=True) == ["丁", "丙"]
    assert shown(standing(came, is_latest=True)) == ("丁",)
