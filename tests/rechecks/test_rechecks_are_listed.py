"""What was drawn is listed over the API, on pages and in the terminal, each reader in their own area."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from server.cases.domain.rechecks import Stratum
from server.cases.store import rechecks
from server.cases.store.rechecks import Recheck, Wanted
from server.cli.main import main
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.scheduler.usecases import running
from tests.case_land import VILLAGE, Land
from tests.office.desk import Desk, with_passwords


@pytest.fixture
def spot(land: Land) -> str:
    """The one of five spot fixes that the week's draw has chosen."""
    for _ in range(5):
        land.report("worker", action="spot_close", item="corridor_blocked", photo_after="1.jpg")
    land.valley.do(running.run_due)
    land.clock.pass_by(days=7)
    land.valley.do(running.run_due)
    [row] = land.valley.rows("SELECT record FROM recheck")
    return row["record"]


def listed(land: Land, name: str, query: str = "") -> list[dict]:
    answer = land.valley.get(f"/rechecks{query}", name)
    assert answer.status_code == 200, answer.text
    return answer.json["items"]


def test_the_list_says_what_was_drawn_when_and_whether_the_reader_may_check_it(land, spot):
    [found] = listed(land, "town")

    assert found["case"]["id"] == spot
    assert (found["week"], found["town"], found["stratum"]) == ("2026-W48", "130630106000", "spot")
    assert (found["waits"], found["may_recheck"]) == (True, True)
    assert found["due_at"] == land.record(spot).case.recheck_due_at
    assert [each["may_recheck"] for each in listed(land, "worker")] == [False]
    assert listed(land, "stranger") == []
    assert listed(land, "city") == []


def test_the_list_is_narrowed_to_a_week_an_area_and_what_still_waits(land, spot):
    assert len(listed(land, "town", "?week=2026-W48&waiting=true")) == 1
    assert len(listed(land, "town", f"?area={VILLAGE}")) == 1
    assert listed(land, "town", "?week=2026-W47") == []
    assert land.valley.get("/rechecks?week=48", "town").status_code == 422

    land.act(spot, "recheck", "town", **{"pass": "yes"}, method="patrol")

    assert listed(land, "town", "?waiting=true") == []
    assert [each["waits"] for each in listed(land, "town")] == [False]


def test_of_more_than_a_list_holds_the_newest_are_shown_save_of_those_that_wait(land):
    ids = [land.report("worker", action="spot_close", item="corridor_blocked", photo_after="1.jpg") for _ in "123"]
    due = ["2026-12-10T16:00:00.000Z", "2026-12-17T16:00:00.000Z", "2026-12-24T16:00:00.000Z"]
    for id, due_at in zip(ids, due, strict=True):
        path = land.record(id).path
        drawn = Recheck(id, "2026-W48", path.rsplit("/", 2)[0], path, Stratum.SPOT, due_at, due_at)
        land.valley.do(rechecks.add, drawn)
    with land.valley.store.reading() as reading:
        everything = Scope(places=(Place("130630"),))
        both = [rechecks.list_drawn(reading, everything, Wanted(waits=waits), limit=2) for waits in (True, False)]

    assert [[each.due_at for each in found] for found in both] == [due[:2], due[1:]]


def test_the_command_prints_the_seed_and_the_same_cases(land, spot):
    result = CliRunner().invoke(
        main, ["recheck", "draw", "--week", "2026-W48", "--data", str(land.valley.store.folder)]
    )

    assert result.exit_code == 0, result.output
    assert "130630106000 白石山镇" in result.output
    assert "当场整改 5 件，抽 1 件；现场核查办结 0 件，抽 0 件；核查办结 0 件，抽 0 件" in result.output
    assert result.output.rstrip().endswith(spot)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["2026-48"], "不是一周"),
        (["2999-W01"], "到 2999-01-07 零点才能抽取"),
        (["2026-W47", "--area", VILLAGE], "请写乡镇的代码"),
        (["2026-W47", "--area", "130630999000"], "130630999000"),
    ],
)
def test_the_command_refuses_what_is_no_week_or_not_over_or_no_town(land, asked, words):
    result = CliRunner().invoke(main, ["recheck", "draw", "--data", str(land.valley.store.folder), "--week", *asked])

    assert result.exit_code == 1
    assert words in result.output


def test_today_leads_to_what_waits_and_the_case_has_the_form(land, spot):
    county = with_passwords(land.valley)
    desk, worker = Desk(county), Desk(county)
    desk.sign_in("town")
    worker.sign_in("worker")

    today = desk.open("/office/").text
    assert "件已办结的抽中回访，等您看" in today
    assert "/office/board?tab=ended&amp;flag=recheck_due" in today
    assert spot in desk.open("/office/board?tab=ended&flag=recheck_due").text
    assert "电话回访" in desk.open(f"/office/cases/{spot}").text
    assert "等您看" not in worker.open("/office/").text
