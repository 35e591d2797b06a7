"""What was wrong in a filed month is told by a signed correction that names it; the filed sheet itself stays."""

from __future__ import annotations

from hashlib import sha256

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from server.app import close
from server.cli.main import main
from server.summaries.domain import summary_rows
from tests.api_county import OTHER_TOWN, TOWN
from tests.monthly_reports.april import PATH, an_april, folder_of, freeze
from tests.office.desk import Desk
from tests.summaries.case_histories import histories, known
from tests.summaries.test_closure_golden import APRIL as DAYS

PAGE = "/office/figures/monthly/2026-04"
RIGHT = [{"row": TOWN, "figure": "reports", "is": 20}]


@pytest.fixture
def april(tmp_path):
    made = an_april(tmp_path / "data")
    assert freeze(made).status_code == 201
    yield made
    close(made.app)


def filed(county) -> dict:
    return county.get(PATH, "brigade").json


def correct(county, cells, by: str = "brigade", **more: str):
    told = {"previous": filed(county)["frozen"]["sha256"], "reason": "录入时漏了一册", "signer": "某某", **more}
    return county.post(f"{PATH}/corrections", by, {"cells": cells, **told})


def test_a_correction_says_what_was_and_what_is_and_the_filed_sheet_stays(april):
    before = filed(april)
    was = {row["key"]: row["counts"]["reports"] for row in before["rows"]}[TOWN]
    made = correct(april, RIGHT)

    now = filed(april)
    assert made.status_code == 201
    assert [(each["number"], each["sha256"]) for each in now["corrections"]] == [(1, made.json["sha256"])]
    assert {**now, "corrections": []} == before
    assert [(cell["row"], cell["figure"], cell["was"], cell["is"]) for cell in made.json["cells"]] == [
        (TOWN, "reports", was, 20),
        (None, "reports", before["total"]["counts"]["reports"], before["total"]["counts"]["reports"] + 20 - was),
    ]
    assert (made.json["number"], made.json["signer"], made.json["made_by"]) == (1, "某某", "brigade")
    assert before["frozen"]["sha256"] in made.json["content"]
    assert sha256(made.json["content"].encode()).hexdigest() == made.json["sha256"]
    assert april.get(f"{PATH}/corrections", "viewer").json["items"] == [made.json]
    assert april.broken() == []


def test_the_next_correction_goes_on_from_the_one_before(april):
    first = correct(april, RIGHT).json
    stale = correct(april, [{"row": TOWN, "figure": "reports", "is": 21}])
    second = correct(april, [{"row": TOWN, "figure": "reports", "is": 21}], previous=first["sha256"])

    assert (stale.status_code, stale.json["type"]) == (409, "/problems/stale-version")
    assert second.status_code == 201
    assert (second.json["number"], second.json["previous"]) == (2, first["sha256"])
    assert second.json["cells"][0]["was"] == 20


def test_the_sheet_shows_itself_corrected_to_who_asks(april):
    before = filed(april)
    assert april.get(f"{PATH}?corrected=true", "brigade").json == before  # nothing to correct yet
    correct(april, RIGHT)
    now = april.get(f"{PATH}?corrected=true", "brigade").json
    counts = {row["key"]: row["counts"]["reports"] for row in now["rows"]}

    assert counts[TOWN] == 20
    assert now["total"]["counts"]["reports"] == sum(counts.values())
    assert "第1号更正表" in now["sentence"] and now["sentence"] != before["sentence"]
    assert "第1号更正表" in sheet(april, "--corrected") and before["sentence"] in sheet(april)


def test_the_command_line_corrects_too(april):
    folder = ["--data", str(folder_of(april))]
    wrong = CliRunner().invoke(main, ["figures", "correct", "2026-04", "x", "--reason", "r", "--signer", "s", *folder])
    made = CliRunner().invoke(
        main, ["figures", "correct", "2026-04", f"{TOWN}.reports=20", "--reason", "漏", "--signer", "某某", *folder]
    )
    listed = CliRunner().invoke(main, ["figures", "corrections", "2026-04", *folder])
    [kept] = april.get(f"{PATH}/corrections", "brigade").json["items"]

    assert wrong.exit_code == 1 and wrong.stderr.startswith("firegrid: “x”看不懂：应写成 行代码.列代码=数")
    assert made.exit_code == 0 and made.stdout == listed.stdout
    assert kept["sha256"] in listed.stdout and (kept["signer"], kept["made_by"]) == ("某某", "command")


def sheet(county, *options: str) -> str:
    return CliRunner().invoke(main, ["figures", "sheet", "2026-04", *options, "--data", str(folder_of(county))]).stdout


def test_every_fault_is_told_at_once_and_nothing_is_kept(april):
    refused = correct(
        april, [{"row": "none", "figure": "reports", "is": 1}, {"row": TOWN, "figure": "closure_rate", "is": 1}]
    )
    apart = correct(april, [{"row": TOWN, "figure": "cases", "is": 900}])
    same = correct(april, [{"row": OTHER_TOWN, "figure": "reports", "is": 0}])

    assert refused.status_code == apart.status_code == same.status_code == 422
    assert len(refused.json["errors"]) == 2
    assert "当场整改加限期整改" in apart.json["detail"] and "一起改" in apart.json["detail"]
    assert "没有改动" in same.json["detail"]
    assert april.get(f"{PATH}/corrections", "brigade").json["items"] == []


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ("handling_overdue", "超期未结不应多于在办"),
        ("extended", "延期不应多于发现"),
        ("closed_on_time", "按期结案不应多于已办结"),
    ],
)
def test_no_part_exceeds_its_whole(april, figure, said):
    refused = correct(april, [{"row": TOWN, "figure": figure, "is": 500}])

    assert refused.status_code == 422 and said in refused.json["detail"] and "一起改" in refused.json["detail"]
    assert [error["field"] for error in refused.json["errors"]] == [f"{TOWN}.{figure}"]
    assert april.get(f"{PATH}/corrections", "brigade").json["items"] == []


def test_more_are_not_fixed_on_the_spot_than_are_closed(april):
    counts = next(row["counts"] for row in filed(april)["rows"] if row["key"] == TOWN)
    spot = counts["closed"] + 1
    cells = {"spot_closed": spot, "limited": counts["cases"] - spot}
    refused = correct(april, [{"row": TOWN, "figure": code, "is": n} for code, n in cells.items()])

    assert refused.status_code == 422 and "当场整改不应多于已办结" in refused.json["detail"]


def test_a_cell_that_is_named_twice_is_refused_and_named(april):
    twice = [*RIGHT, {"row": TOWN, "figure": "reports", "is": 21}]
    refused = correct(april, twice)
    folder = ["--reason", "漏", "--signer", "某某", "--data", str(folder_of(april))]
    told = CliRunner().invoke(main, ["figures", "correct", "2026-04", *[f"{TOWN}.reports={n}" for n in "12"], *folder])

    assert refused.status_code == 422 and f"“{TOWN}”行“reports”列写了不止一次" in refused.json["detail"]
    assert [error["field"] for error in refused.json["errors"]] == [f"{TOWN}.reports"]
    assert told.exit_code == 1 and "一格只写一次" in told.stderr
    assert april.get(f"{PATH}/corrections", "brigade").json["items"] == []


@given(st.lists(histories(), max_size=10))
def test_what_a_correction_asks_of_parts_holds_of_any_cases(lives):
    at = "2026-05-09T04:00:00.000Z"
    counts = summary_rows.figures(known(lives, at), DAYS, at).counts

    assert counts["handling_overdue"] <= counts["open"]
    assert max(counts["extended"], counts["closed"]) <= counts["cases"]
    assert max(counts["spot_closed"], counts["closed_on_time"]) <= counts["closed"]


def test_only_the_brigade_corrects_and_only_what_was_filed(april):
    assert correct(april, RIGHT, by="admin").status_code == 403
    body = {"cells": RIGHT, "previous": "0" * 64, "reason": "漏", "signer": "某某"}
    missing = april.post("/monthly-reports/2026-05/corrections", "brigade", body)
    assert (missing.status_code, missing.json["type"]) == (404, "/problems/month-not-frozen")


def test_the_form_of_the_page_makes_one_and_leads_to_the_paper(april):
    desk = Desk(april)
    desk.sign_in("brigade")
    form = desk.form(desk.open(f"{PAGE}/correction"), f"{PAGE}/correction")
    empty = desk.submit(form, **{f"n-{TOWN}-reports": "20"})
    sent = desk.submit(form, **{f"n-{TOWN}-reports": "20", "reason": "录入时漏了一册", "signer": "某某"})
    paper = desk.open(sent.headers["Location"])

    assert empty.status_code == 422 and "更正原因" in empty.text and 'value="20"' in empty.text
    assert sent.status_code == 303 and paper.status_code == 200
    for said in ("更正表第1号", "录入时漏了一册", "某某", filed(april)["frozen"]["sha256"]):
        assert said in paper.text
    wrong = desk.submit(form, **{f"n-{TOWN}-reports": "twenty", "reason": "漏", "signer": "某某"})
    assert wrong.status_code == 409 and "更新的更正表" in wrong.text
    assert f"{PAGE}/corrections/1" in desk.open("/office/figures/monthly").text
    assert desk.open(f"{PAGE}/corrections/2").status_code == 404
