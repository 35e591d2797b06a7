"""The brigade's summary from the terminal: tables that read, files that open, and the cases behind a number."""

from __future__ import annotations

import csv
import io
import json
import shutil

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from server.cli.main import main
from server.db import database
from server.grid.domain.areas import Area, code_of, level_of, parent_code
from server.grid.store import areas
from tests.summaries import test_closure_golden as golden
from tests.summaries.lived_cases import a_store, live, walked

APRIL = ("--from", "2026-04-01", "--to", "2026-04-30", "--as-of", "2026-05-01T00:00")
GRID = {"130630": "涞源县", "130630/100": "白石山镇", "130630/100/201": "荆山口村村民委员会", "130630/101": "走马驿镇"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("county") / "data"
    store = a_store(folder)
    grid = [
        Area(code_of(path), name, level_of(code_of(path)), parent_code(code_of(path))) for path, name in GRID.items()
    ]
    store.write(lambda tx: areas.add(tx, grid))
    live(store, golden.TOWN)
    store.close()
    return folder


def run(folder, *words: str, status: int = 0):
    result = CliRunner().invoke(main, ["summary", "closure", *words, "--data", str(folder)])
    assert result.exit_code == status, result.output
    return result


def test_a_table_shows_every_town_the_total_and_the_sentence(folder):
    shown = run(folder, *APRIL, "--by", "town").stdout

    lines = [line.split() for line in shown.splitlines()]
    rated = lines[lines.index(next(each for each in lines if "立项率" in each)) :]
    rates = next(line for line in rated if "白石山镇" in line)
    assert rates == ["白石山镇", "83.33%", "6/9", "6/8", "5/8", "6/7"]
    assert "全县  2026-04-01 至 2026-04-30  统计时刻 2026-05-01 00:00" in shown
    assert (
        "检查0家，发现9处，当场整改1处，限期整改8处，已办结6处（含当场整改），挂账1处，超期未结1处（按处置时限）。"
        in shown
    )
    assert next(line[1:] for line in rated if line[:1] == ["走马驿镇"]) == ["—"] * 5


def test_a_period_stands_with_the_one_before_in_brackets(folder):
    shown = run(folder, "--period", "month", "--as-of", "2026-04-26").stdout

    assert "2026-04-01 至 2026-04-30（未结束）  统计时刻 2026-04-26 23:59:59.999" in shown
    assert (
        "本月，括号内为上月（2026-03-01 至 2026-03-31，统计时刻 2026-03-26 23:59:59.999）和增减（比率增减为百分点）"
        in shown
    )
    assert "12（1，+11）" in shown
    assert "上月检查0家，发现1处" in shown


def test_what_stands_in_brackets_opens_by_the_days_and_the_instant_that_are_shown(folder):
    behind = json.loads(
        run(folder, "--from", "2026-03-01", "--to", "2026-03-31", "--as-of", "2026-03-26 23:59:59.999",
            "--figure", "cases", "--format", "json").stdout
    )  # fmt: skip

    assert [case["id"] for case in behind] == ["R14"]


def test_any_two_days_stand_with_those_of_the_year_before(folder):
    shown = run(folder, *APRIL, "--compare", "year_ago", "--by", "month").stdout

    assert "本期，括号内为去年同期（2025-04-01 至 2025-04-30，统计时刻 2025-05-01 00:00）" in shown
    assert "13（0，+13）" in shown


def test_a_csv_goes_to_a_file_with_its_bom(folder):
    written = run(folder, *APRIL, "--area", "130630", "--by", "town", "--format", "csv").stdout_bytes

    assert written.startswith(b"\xef\xbb\xbf")
    total = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"))))[-1]
    assert (total["乡镇"], total["闭环率（办结率）"]) == ("合计", "'6/9")


def test_a_workbook_goes_to_a_file(folder):
    written = run(folder, *APRIL, "--format", "xlsx").stdout_bytes

    assert CalamineWorkbook.from_filelike(io.BytesIO(written)).get_sheet_by_index(0).to_python()[-1][1] == "合计"


def test_json_holds_every_figure_with_its_meaning(folder):
    said = json.loads(run(folder, *APRIL, "--format", "json").stdout)

    assert said["total"]["counts"] == dict(golden.FIGURES.counts)
    assert {figure["code"] for figure in said["figures"]} >= {"closed", "closure_rate", "handle_p90"}


def test_a_number_opens_into_its_cases(folder):
    said = json.loads(
        run(folder, *APRIL, "--by", "town", "--figure", "closed", "--row", "130630100", "--format", "json").stdout
    )
    table = run(folder, *APRIL, "--figure", "handling_overdue").stdout
    lines = run(folder, *APRIL, "--figure", "returns", "--format", "csv").stdout_bytes.decode("utf-8-sig").splitlines()

    assert [case["id"] for case in said] == ["R01", "R02", "R05", "R06", "R07", "R12"]
    assert "R08" in table
    assert "共 1 件" in table
    assert len(lines) == 2
    assert "待签收" in table
    assert "assigned" not in table
    assert "2026-04-08 " in table


def test_the_premises_inspected_open_into_the_patrols(folder, tmp_path):
    copied = tmp_path / "data"
    shutil.copytree(folder, copied)
    store = database.open_inline(copied)
    store.write(lambda tx: walked(tx, ("04-09", "主街", 15), ("04-12", "主 街", 20), ("04-13", "", 1)))
    store.close()

    said = json.loads(run(copied, *APRIL, "--figure", "visited", "--format", "json").stdout)
    table = run(copied, *APRIL, "--figure", "visited").stdout

    assert "检查21家" in run(copied, *APRIL).stdout
    assert [patrol["premises"] for patrol in said] == [20, 1]
    assert "共 2 次巡查，检查 21 家" in table


def test_the_cases_behind_a_number_go_to_a_workbook_with_days_as_numbers(folder):
    book = run(folder, *APRIL, "--figure", "handled", "--format", "xlsx").stdout_bytes

    titles, first, *_ = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    line = dict(zip(titles, first, strict=True))
    assert (line["状态"], line["收到"]) == ("已办结", "2026-04-01 09:00")
    assert line["处置天数"] == 4.0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--from", "2026-05-01", "--to", "2026-04-01"), 1, "时段倒了"),
        (("--area", "130631"), 1, "没有代码为 130631 的网格"),
        (("--area", "130630101", "--by", "unit"), 1, "可选：town、category、month"),
        (("--figure", "closure_rate"), 1, "请打开 closed、cases"),
        (("--as-of", "2999-01-01"), 1, "还没有到"),
        (("--from", "2026-04-01"), 2, "--from 与 --to 要一起给"),
        (("--from", "soon", "--to", "2026-04-01"), 2, "soon"),
        (("--as-of", "soon"), 2, "不是时刻"),
        (("--by", "person"), 2, "person"),
        (("--row", "130630100"), 2, "--row 要与 --figure 同用"),
        (("--row", "130630100", "--figure", "visited"), 2, "请用 --area"),
    ],
)
def test_a_question_that_makes_no_sense_says_so(folder, words, status, said):
    assert said in run(folder, *words, status=status).stderr


def parts(folder, command: str, *words: str) -> list[list[str]]:
    result = CliRunner().invoke(main, ["summary", command, *words, "--data", str(folder)])
    assert result.exit_code == 0, result.output
    return [line.split("\t") for line in result.stdout.splitlines()]


def test_who_has_what_is_overdue_adds_up_to_the_figure(folder):
    headings, *lines = parts(folder, "overdue", *APRIL)
    figures = json.loads(run(folder, *APRIL, "--format", "json").stdout)["total"]["counts"]

    assert headings == ["承办", "超期未结", "最长（天）"]
    assert sum(int(cases) for _, cases, _ in lines) == figures["handling_overdue"] == 1
    assert all(int(days) >= 1 for *_, days in lines)


def test_each_day_of_a_period_is_counted(folder):
    headings, *lines = parts(folder, "days", *APRIL, "--area", "130630100000")
    figures = json.loads(run(folder, *APRIL, "--area", "130630100000", "--format", "json").stdout)["total"]["counts"]

    assert headings == ["日期", "收到", "办结", "近7天办结"] and len(lines) == 30
    assert sum(int(received) for _, received, *_ in lines) == figures["reports"]
    assert sum(int(closed) for _, _, closed, _ in lines) == figures["closed_in_period"]


def test_days_are_given_together(folder):
    refused = CliRunner().invoke(main, ["summary", "days", "--from", "2026-04-01", "--data", str(folder)])

    assert refused.exit_code == 2 and "要一起给" in refused.output
