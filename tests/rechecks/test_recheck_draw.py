"""The draw of the cases that are checked again: the share of each stratum, by a seed that anybody can repeat."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cases.domain import rechecks
from server.cases.domain.rechecks import Closing, Stratum
from server.errors import Invalid

AT = "2026-12-07T16:00:00.000Z"
PERCENT = {Stratum.SPOT: 20, Stratum.SITE: 20, Stratum.CHECKED: 10}


def a_pool(**sizes: int) -> list[Closing]:
    return [Closing(f"{name}-{n}", Stratum(name)) for name, size in sizes.items() for n in range(size)]


def a_seed(n: int) -> str:
    return rechecks.seed_of("2026-W48", "130630106000", n, AT)


pools = st.builds(a_pool, spot=st.integers(0, 40), site=st.integers(0, 40), checked=st.integers(0, 40))


@given(pools, st.integers(0, 1_000), st.randoms())
def test_the_same_seed_draws_the_same_whatever_the_order_of_the_pool(pool, n, chance):
    again = list(pool)
    chance.shuffle(again)

    assert rechecks.draw(a_seed(n), pool, AT) == rechecks.draw(a_seed(n), again, AT)


@given(pools, st.integers(0, 1_000))
def test_of_each_stratum_the_share_is_drawn_up_to_the_rest_of_a_case(pool, n):
    drawn = rechecks.draw(a_seed(n), pool, AT)

    assert len(set(drawn)) == len(drawn)
    assert set(drawn) <= set(pool)
    sizes, found = (Counter(each.stratum for each in cases) for cases in (pool, drawn))
    for stratum, percent in PERCENT.items():
        exactly = sizes[stratum] * percent / 100
        assert exactly - 1 < found[stratum] < exactly + 1


def test_a_town_that_closes_one_case_a_week_is_not_checked_every_week():
    """What is left of a whole case is drawn by chance, so that the share holds in small towns as well."""
    drawn = sum(len(rechecks.draw(a_seed(n), a_pool(spot=1), AT)) for n in range(1_000))

    assert 150 < drawn < 250


def test_every_part_of_the_seed_decides():
    seeds = {
        rechecks.seed_of("2026-W48", "130630106000", 7, AT),
        rechecks.seed_of("2026-W49", "130630106000", 7, AT),
        rechecks.seed_of("2026-W48", "130630100000", 7, AT),
        rechecks.seed_of("2026-W48", "130630106000", 8, AT),
        rechecks.seed_of("2026-W48", "130630106000", 7, "2026-12-07T16:00:00.001Z"),
    }

    assert len(seeds) == 5


def test_the_seed_is_the_published_one():
    """SHA-256 of ``2026-W48|130630106000|7|2026-12-07T16:00:00.000Z``: ``printf … | sha256sum`` says the same."""
    assert rechecks.seed_of("2026-W48", "130630106000", 7, AT) == (
        "018c7165f3def0fa78034eafb218253f36b946dbb187552c1da8c96218ca2dc6"
    )


@pytest.mark.parametrize(("week", "monday"), [("2026-W48", date(2026, 11, 23)), ("2026-W53", date(2026, 12, 28))])
def test_a_week_is_named_as_iso_8601_does(week, monday):
    assert rechecks.monday_of(week) == monday
    assert rechecks.week_name(monday) == week


@pytest.mark.parametrize(
    "week", ["", "2026", "2026-48", "2026-W54", "2025-W53", "2026-W00", "x-W10", "2026-W4_8", " 2026-W48", "9999-W52"]
)
def test_what_is_no_week_is_refused_with_an_example(week):
    with pytest.raises(Invalid, match="应写成 2026-W48"):
        rechecks.monday_of(week)
