"""Rosters, cards and the grid from the command line: template, dry run, import, cards as a PDF, find and export."""

from __future__ import annotations

from contextlib import closing

import pytest
from click.testing import CliRunner

from server.cli.main import main
from server.db import database
from server.grid.usecases import files

ROWS = "姓名,岗位,村\n刘一,网格员,荆山口村\n陈二,防火员,荆山口村\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    data = tmp_path_factory.mktemp("cli") / "data"
    run(data, "init", "--admin", "admin")
    return data


def run(data, *words: str, env: dict[str, str] | None = None):
    return CliRunner().invoke(main, [*words, "--data", str(data)], env=env)


def test_a_roster_is_looked_at_imported_and_its_cards_are_a_pdf(folder, tmp_path):
    roster, pdf, template = tmp_path / "a.csv", tmp_path / "cards.pdf", tmp_path / "t.xlsx"
    roster.write_text(ROWS, encoding="utf-8-sig")
    village = run(folder, "grid", "find", "荆山口").stdout.split()[0]

    looked = run(folder, "user", "import", str(roster), "--dry-run")
    done, again = run(folder, "user", "import", str(roster)), run(folder, "user", "import", str(roster))
    loopback = run(folder, "user", "cards", "--area", village, str(pdf))
    made = run(
        folder, "user", "cards", "--area", village, str(pdf), env={"FIREGRID_PUBLIC_URL": "http://192.0.2.7:8600"}
    )

    assert looked.exit_code == 1 and "没有导入：新增 1" in looked.output and "没有这个岗位" in looked.output
    assert "新增 1" in done.output and "新增 0，换岗 0，没变 1" in again.output
    assert loopback.exit_code == 1 and "FIREGRID_PUBLIC_URL" in loopback.output
    assert made.exit_code == 0 and pdf.read_bytes().startswith(b"%PDF-") and "1 张卡片" in made.output
    assert run(folder, "user", "template", str(template)).exit_code == 0
    unfilled = run(folder, "user", "import", str(template), "--dry-run")
    assert unfilled.exit_code == 1 and "只有表头" in unfilled.output


def test_the_grid_is_written_as_a_file_that_is_read_again(folder, tmp_path):
    written = tmp_path / "grid.csv"
    assert run(folder, "grid", "export", str(written)).exit_code == 0

    rows = files.read(written.read_bytes()).rows
    loaded = run(folder, "grid", "load", str(written))

    assert len(rows) > 300 and loaded.exit_code == 0, loaded.output
    assert f'"rows":{len(rows)}' in run(folder, "audit", "--event", "grid.export", "--format", "json").output
    assert "新增" not in loaded.output
    assert run(folder, "grid", "find", "没有这个村").exit_code == 1


def test_a_role_goes_by_its_chinese_name_too(folder):
    village = run(folder, "grid", "find", "荆山口").stdout.split()[0]

    assert run(folder, "user", "add", "cg-1", "--role", "村干部", "--area", village).exit_code == 0
    assert run(folder, "user", "add", "cg-2", "--role", "防火员", "--area", village).exit_code == 2


def test_cards_that_cannot_be_written_leave_everybody_the_card_they_have(folder, tmp_path):
    run(folder, "user", "import", str(_roster(tmp_path)))
    village = run(folder, "grid", "find", "荆山口").stdout.split()[0]
    before = keys(folder)

    refused = run(
        folder, "user", "cards", "--area", village, "--replace", str(tmp_path / "nowhere" / "cards.pdf"),
        env={"FIREGRID_PUBLIC_URL": "http://192.0.2.7:8600"},
    )  # fmt: skip

    assert refused.exit_code != 0
    assert keys(folder) == before


def _roster(folder):
    written = folder / "again.csv"
    written.write_text(ROWS, encoding="utf-8-sig")
    return written


def keys(folder):
    with closing(database.open_inline(folder)) as store, store.reading() as reading:
        return reading.sql.rows("SELECT * FROM phone_key ORDER BY id")


def test_the_good_rows_of_a_grid_file_are_imported_and_the_others_told(folder, tmp_path):
    file = tmp_path / "grid.csv"
    file.write_text("代码,名称\n130630100250,新村\n13063010,太短\n", encoding="utf-8")

    looked = run(folder, "grid", "import", str(file), "--dry-run")
    done, again = (run(folder, "grid", "import", str(file)) for _ in range(2))

    assert looked.exit_code == 1 and "没有导入：新增" in looked.output and "第3行" in looked.output
    assert done.output.startswith("第3行") or "新增村" in done.output
    assert "没有变化" in again.output and "新增" not in again.output
