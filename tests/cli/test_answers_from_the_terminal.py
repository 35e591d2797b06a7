"""Who has the data folder takes the answers of a form from the terminal: all of them, as a file or down a pipe."""

from __future__ import annotations

import io
import zipfile

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from server.app import close
from server.audit.store import chain
from server.cli.main import main
from tests.api_county import VILLAGE, lay_people
from tests.county import open_county
from tests.filled_forms import photo
from tests.submissions.households import FIRST, ONE, TWO, lines


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    county = open_county(tmp_path_factory.mktemp("county") / "data", lay_people)
    county.publish(FIRST)
    assert county.phone("worker").send(ONE, photo("f.jpg", b"\xff\xd8 front")).status_code == 201
    assert county.phone("worker").send(TWO.replace(b'version="2"', b'version="1"')).status_code == 201
    nowhere = "UPDATE submission SET path = '' WHERE instance_id = 'uuid:two'"  # as of an author without any duty
    county.do(lambda tx: tx.sql.run(nowhere))
    yield county
    close(county.app)


def run(county, *words: str, status: int = 0):
    folder = str(county.store.folder)
    result = CliRunner().invoke(main, ["form", "answers", "household", *words, "--data", folder])
    assert result.exit_code == status, result.output
    return result


def test_a_csv_goes_down_the_pipe_and_says_what_is_not_in_it(county):
    result = run(county)

    assert [row["证号"] for row in lines(result.stdout_bytes)] == ["'007", "'130630199001011234"]
    assert "重复组 people、people/devices" in result.stderr


def test_each_repeat_can_be_taken_alone(county):
    assert [row["名称"] for row in lines(run(county, "--table", "people/devices").stdout_bytes)] == [
        "'=cmd",
        "'007",
        "炉",
    ]
    assert "people/devices" in run(county, "--table", "cars", status=1).stderr


def test_codes_and_english_headings_and_columns_for_choices_are_asked_for(county):
    one = lines(run(county, "--codes", "--split").stdout_bytes)[-1]
    english = lines(run(county, "--headings", "en").stdout_bytes)[-1]

    assert (one["risks"], one["risks/wire"], one["risks/gas"]) == ("wire gone exit", "1", "0")
    assert english["Risks"] == "Wires；gone；Blocked exit"


def test_an_archive_and_a_workbook_are_written_into_files(county, tmp_path):
    run(county, "--format", "zip", "--output", str(tmp_path / "a.zip"))
    run(county, "--format", "xlsx", "--output", str(tmp_path / "a.xlsx"))

    with zipfile.ZipFile(io.BytesIO((tmp_path / "a.zip").read_bytes())) as archive:
        names = archive.namelist()
    assert names[:3] == ["household.csv", "household-people.csv", "household-people-devices.csv"]
    assert [name.endswith("_门脸照片_f.jpg") for name in names[3:]] == [True]
    assert CalamineWorkbook.from_path(tmp_path / "a.xlsx").sheet_names == ["入户检查", "住户", "电器"]


def test_days_and_area_narrow_it_and_what_is_wrong_is_told(county):
    assert len(lines(run(county, "--area", VILLAGE).stdout_bytes)) == 1
    assert lines(run(county, "--to", "2026-01-01").stdout_bytes) == []
    assert "时段倒了" in run(county, "--from", "2026-02-01", "--to", "2026-01-01", status=1).stderr
    result = CliRunner().invoke(main, ["form", "answers", "nothing", "--data", str(county.store.folder)])
    assert (result.exit_code, "没有表单“nothing”" in result.stderr) == (1, True)


def test_it_is_on_record(county):
    run(county, "--format", "csv")

    with county.store.reading() as reading:
        entry = [each for each in chain.list_about(reading, "household") if each.event == "answers.export"][-1]
    assert (entry.actor, entry.result, entry.details["format"]) == ("command", "done", "csv")
    assert entry.details["rows"] == len(lines(run(county).stdout_bytes))
