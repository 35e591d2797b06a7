"""What a summary as of the past tells of cases that have gone on since: who had them, what they were about."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote


def listed(land, figure: str, as_of: str | None = None, more: str = "") -> list[dict[str, Any]]:
    """Return the cases that the brigade finds behind a figure of this year, as of an instant."""
    then = f"&as_of={quote(as_of)}" if as_of else ""
    answer = land.valley.get(f"/summaries/closure/cases?period=year&figure={figure}{then}{more}", "brigade")
    assert answer.status_code == 200, answer.text
    return answer.json["items"]


def noted(land) -> str:
    """Return the instant that it is, and let an hour pass."""
    at = land.valley.do(lambda tx: tx.now)
    land.clock.pass_by(hours=1)
    return at


def test_a_list_as_of_the_past_shows_who_had_the_case_then(land):
    before = noted(land)
    id = land.report("neighbour")
    reported = noted(land)
    land.act(id, "assign", "officer", assignee="user:worker")
    first = noted(land)
    land.act(id, "assign", "officer", assignee="body:shop")
    second = noted(land)
    land.act(id, "site_check", "officer", **{"pass": "yes"}, result_code="fixed", no_photo_reason="too_dark")

    assert listed(land, "reports", before) == []
    had = [[case["assignee"] for case in listed(land, "reports", at)] for at in (reported, first, second)]
    assert had == [[None], ["user:worker"], ["body:shop"]]
    assert [case["assignee"] for case in listed(land, "reports")] == [land.record(id).assignee]


def rows(land, as_of: str) -> dict[str, int]:
    """Return how many reports of this year the brigade reads in each category as of an instant, without noughts."""
    said = land.valley.get(f"/summaries/closure?period=year&by=category&as_of={quote(as_of)}", "brigade").json
    return {row["key"]: row["counts"]["reports"] for row in said["rows"] if row["counts"]["reports"]}


def test_a_corrected_category_counts_under_the_old_one_before_the_correction(land):
    id = land.report("neighbour", category="gas")
    land.report("neighbour", category="lane")
    reported = noted(land)
    land.act(id, "edit", "officer", category="electric")
    corrected = noted(land)
    land.act(id, "assign", "officer", assignee="user:worker")
    land.act(id, "edit", "officer", category="lane")
    again = noted(land)

    told = [rows(land, at) for at in (reported, corrected, again)]
    assert told == [{"gas": 1, "lane": 1}, {"electric": 1, "lane": 1}, {"lane": 2}]
    behind = [listed(land, "reports", at, "&by=category&row=electric") for at in (reported, corrected, again)]
    assert [len(cases) for cases in behind] == [0, 1, 0]
    assert land.valley.broken() == []
