"""An administrator loads the county's grid, corrects it, and merges villages; nothing that was is lost."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from server.audit.store import chain
from server.cli.grid import grid as command
from server.db import database
from server.errors import GridRefused
from server.grid.domain.areas import Level, path_of
from server.grid.domain.file_cells import beginning_of
from server.grid.store import areas
from server.grid.usecases import files, loading
from server.instants import BEGINNING
from tests.county import new_database

JULY = beginning_of("2026-07-01")
COUNTY, TOWN, GU, ZHANG = "130630000000", "130630100000", "130630100228", "130630100229"


@pytest.fixture
def folder(tmp_path):
    new_database(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def empty(folder):
    store = database.open_inline(folder, clock=lambda: datetime(2026, 7, 5, 2, 0, tzinfo=UTC))
    yield store
    store.close()


@pytest.fixture
def county(empty):
    empty.write(lambda tx: loading.load(tx, files.shipped_rows(), by="init"))
    return empty


def load(store, text):
    return store.write(lambda tx: loading.load(tx, files.read(text.encode()).rows, by="lin"))


def merge(store, old, into, day):
    return load(store, f"代码,名称,失效日期,并入\n{old},,{day},{into}\n")


def everything(store):
    with store.reading() as reading:
        return areas.whole_grid(reading), reading.configuration_version()


def test_the_shipped_grid_loads_whole(empty):
    loaded = empty.write(lambda tx: loading.load(tx, files.shipped_rows(), by="init"))

    assert loaded.counts == {"county": 1, "town": 17, "village": 295, "unit": 295}
    assert [warning.value for warning in loaded.warnings] == ["张家庄村"]
    whole, version = everything(empty)
    assert {area.code for area in whole.values() if area.level is Level.UNIT} == {
        area.code + "001" for area in whole.values() if area.level is Level.VILLAGE
    }
    assert {area.valid_from for area in whole.values()} == {BEGINNING}
    assert version == 1


def test_loading_the_same_grid_again_changes_nothing(county):
    before = everything(county)

    loaded = county.write(lambda tx: loading.load(tx, files.shipped_rows(), by="init"))

    assert loaded.counts == {"unchanged": 313}
    assert everything(county) == before


def test_one_bad_row_among_good_ones_changes_nothing_at_all(county):
    before = everything(county)

    with pytest.raises(GridRefused) as refusal:
        load(county, "代码,名称\n130630100250,新村\n130630998201,孤村\n130630100229,章家村\n1.3063E+11,石门村\n")

    assert [error["line"] for error in refusal.value.data["errors"]] == [3, 5]
    assert "2 处" in refusal.value.message
    assert everything(county) == before


def test_a_correction_names_what_it_changed_and_the_audit_keeps_the_old_name(county):
    loaded = load(county, f"代码,名称,生效日期\n{GU},顾营村,2026-07-01\n{GU}001,东片,\n{GU}002,西片,\n")

    assert loaded.counts == {"unit": 1, "renamed": 2}
    with county.reading() as reading:
        assert areas.full_name(reading, GU + "001") == "涞源镇 顾营村 东片"
        [renaming] = chain.list_about(reading, GU)
        assert renaming.details == {"old": "顾家营村村民委员会", "new": "顾营村", "since": JULY}
        assert (renaming.actor, renaming.event) == ("lin", "area.rename")
        assert {"unit": 1, "renamed": 2} in [entry.details for entry in chain.list_about(reading, COUNTY)]
    assert everything(county)[1] == 2


def test_a_late_report_from_a_merged_village_keeps_its_code_and_counts_where_the_village_went(county):
    merge(county, GU, ZHANG, "2026-07-01")

    with county.reading() as reading:
        old = areas.get(reading, GU)
        assert (old.name, old.valid_to, old.successor) == ("顾家营村村民委员会", JULY, ZHANG)
        [succession] = areas.successions(reading)
        assert (succession.path, succession.successor, succession.since) == (path_of(GU), path_of(ZHANG), JULY)
        assert areas.full_name(reading, GU) == "涞源镇 顾家营村"
        assert [entry.details for entry in chain.list_about(reading, GU)] == [{"at": JULY, "successor": ZHANG}]
    assert everything(county)[1] == 2


def test_a_merger_that_cannot_be_changes_nothing(county):
    before = everything(county)

    for old, into in ((GU, GU), (GU, TOWN), (COUNTY, COUNTY), (GU, "130630100299"), ("130630100299", GU)):
        with pytest.raises(GridRefused):
            merge(county, old, into, "2026-07-01")

    assert everything(county) == before


def test_an_area_that_others_went_into_cannot_end_before_they_came(county):
    merge(county, GU, ZHANG, "2026-08-01")

    with pytest.raises(GridRefused):
        load(county, f"代码,名称,失效日期\n{ZHANG},,2026-07-20\n")


def test_the_same_merger_twice_leaves_one_trace(county):
    for _ in range(2):
        merge(county, GU, ZHANG, "2026-07-01")

    with county.reading() as reading:
        assert len(list(chain.list_about(reading, GU))) == 1


# At the command line


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_command_loads_a_file_and_says_what_came_in(folder, tmp_path):
    file = tmp_path / "网格.csv"
    file.write_bytes("代码,名称,备注\n130630,涞源县,\n130630100,涞源镇,x\n130630100228,顾家营村,\n".encode("gb18030"))

    result = run("load", file, "--data", folder)

    assert (result.exit_code, result.stdout) == (0, "新增县 1，新增乡镇 1，新增村 1，新增单元 1\n")
    assert "GB18030" in result.stderr
    assert "备注" in result.stderr


def test_the_command_prints_every_bad_row_on_its_own_line(county, folder, tmp_path):
    file = tmp_path / "grid.csv"
    file.write_text("代码,名称\n1.3063E+11,石门村\n130630100250,\n", encoding="utf-8")

    result = run("load", file, "--data", folder)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "firegrid: 网格表有 2 处错误，没有改动任何内容；请按提示改好后重新导入。",
        (
            "第2行 代码 1.3063E+11：Excel 把代码变成了科学计数，末尾的数字已丢失；"
            "在 Excel 里先把这一列设为“文本”格式，再填写完整代码"
        ),
        "第3行 名称：没有名称；填写网格名称",
    ]


def test_the_command_tells_what_deserves_a_look(county, folder, tmp_path):
    file = tmp_path / "grid.csv"
    file.write_text("代码,名称\n130630106250,顾家营村\n", encoding="utf-8")

    result = run("load", file, "--data", folder)

    assert result.exit_code == 0
    assert "注意：第2行 “顾家营村”同名" in result.stderr


def test_a_file_that_is_no_sheet_is_one_clear_line(county, folder, tmp_path, monkeypatch):
    file = tmp_path / "grid.xlsx"
    file.write_bytes(b"PK not a workbook")

    assert run("load", file, "--data", folder).exit_code == 1
    monkeypatch.setattr(files, "FILE_BYTES_MAX", 3)
    assert "太大" in run("load", file, "--data", folder).stderr


def test_an_empty_sheet_changes_nothing_and_says_so(county, folder, tmp_path):
    file = tmp_path / "grid.csv"
    file.write_text("代码,名称\n", encoding="utf-8")

    assert "没有改动" in run("load", file, "--data", folder).stdout


def test_the_command_shows_an_area_with_what_lies_in_it(county, folder):
    load(county, f"代码,名称,失效日期,并入\n{GU},,2026-07-01,{ZHANG}\n130630106,白石镇,,\n130630100250,新村,,\n")

    assert "130630000000  涞源县  乡镇 17，村 295，单元 295" in run("show", "130630", "--data", folder).stdout
    town = run("show", TOWN, "--data", folder).stdout.splitlines()
    assert town[0] == "130630100000  涞源镇  村 27，单元 27"
    assert f"  {GU}  顾家营村村民委员会  到 2026-07-01 为止  并入 {ZHANG}" in town
    assert "  130630100250  新村  单元 1  自 2026-07-05" in town
    assert "曾用名 白石山镇（到 2026-07-05）" in run("show", "130630106", "--data", folder).stdout


def test_an_unknown_area_is_refused(county, folder):
    result = run("show", "130630999", "--data", folder)

    assert result.exit_code == 1
    assert "130630999" in result.stderr
