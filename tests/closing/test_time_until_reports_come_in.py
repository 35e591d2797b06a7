"""How long a report was under way is a figure of its own, by the device's clock where that is sound."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.simulate import recount
from tests.case_land import Land
from tests.field_clients import Client


def told(land: Land) -> dict[str, object]:
    """Return what the summary of the time from November on tells of reports, as JSON."""
    today = land.clock.at.date().isoformat()
    total = land.valley.get(f"/summaries/closure?from=2026-11-01&to={today}", "brigade").json["total"]
    return {
        "reports": total["counts"]["reports"],
        "dated": total["counts"]["dated_reports"],
        "late": total["counts"]["late_reports"],
        "mean": total["days"]["report_lag_mean"],
    }


def found(land: Land, **before: int) -> str:
    """Return what a device writes that found something so long before now."""
    return (land.clock.at - timedelta(**before)).isoformat(timespec="milliseconds")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({"minutes": 0}, (1, 0, 0.0)),
        ({"hours": 24}, (1, 0, 1.0)),
        ({"hours": 36}, (1, 1, 1.5)),
        ({"minutes": -5}, (1, 0, 0.0)),
        ({"hours": -8}, (0, 0, None)),
        ({"days": 20_000}, (0, 0, None)),
    ],
    ids=["at once", "a day", "a day and a half", "a clock that drifts", "a clock ahead", "a clock never set"],
)
def test_a_report_counts_by_the_time_that_a_sound_clock_tells(land, before, expected):
    land.report("worker", start=found(land, **before))

    dated, late, mean = expected
    assert told(land) == {"reports": 1, "dated": dated, "late": late, "mean": mean}


def test_a_report_of_which_nobody_says_when_it_was_found_counts_as_a_report_alone(land):
    land.report("worker")

    assert told(land) == {"reports": 1, "dated": 0, "late": 0, "mean": None}


def test_the_mean_is_over_all_that_tell_and_the_count_opens_into_its_cases(land):
    late = land.report("worker", start=found(land, hours=48))
    land.report("worker", start=found(land, hours=0))
    land.report("worker")
    today = land.clock.at.date().isoformat()

    page = land.valley.get(f"/summaries/closure/cases?from=2026-11-01&to={today}&figure=late_reports", "brigade").json
    refused = land.valley.get(f"/summaries/closure/cases?from=2026-11-01&to={today}&figure=report_lag_mean", "brigade")

    assert told(land) == {"reports": 3, "dated": 2, "late": 1, "mean": 1.0}
    assert [(item["id"], item["discovered_at"][:10]) for item in page["items"]] == [
        (late, (land.clock.at - timedelta(hours=48)).date().isoformat())
    ]
    assert refused.status_code == 422 and "dated_reports" in refused.json["detail"]


def test_what_a_report_says_stays_when_its_case_moves_on(land):
    id = land.report("worker", start=found(land, hours=48))
    before = told(land)

    land.lead_to(id, ("register", "officer"), ("assign", "officer", {"assignee": "user:neighbour"}))
    land.act(id, "edit", "officer", discovered_at=found(land, hours=1))

    assert told(land) == before


def test_a_later_act_by_a_clock_that_is_wrong_takes_no_report_out_of_the_figure_or_of_its_recount(land):
    id = land.report("worker", start=found(land, hours=48))
    before, note = told(land), {"note": (None, "去看过")}
    client = Client(land.valley, "worker")

    act = client.change(
        id, "note", type="hazards", fields=note, base_version=1, made_at=found(land, hours=0), clock_offset_s=86_400
    )
    client.push(act)

    with land.valley.store.reading() as reading:
        (case,) = recount.cases(reading)
        flags = reading.sql.value("SELECT flags FROM record WHERE id = :id", {"id": id})
    assert "clock_suspect" in flags
    assert told(land) == before
    assert case.lag is not None and case.lag.days == 2
