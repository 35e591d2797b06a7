"""What ledgers are made of, and where they have gaps, from the terminal: the same as over the API."""

from __future__ import annotations

from click.testing import CliRunner

from server.cli.main import main
from tests.api_county import UNIT, VILLAGE, add_record
from tests.office.ledgers.test_ledgers_of_any_form import DRILLS


def run(folder, *words: str, status: int = 0):
    result = CliRunner().invoke(main, ["ledger", *words, "--data", str(folder)])
    assert result.exit_code == status, result.output
    return result


def test_the_fields_of_a_ledger_are_told_with_the_forms_that_write_them(county_to_change):
    folder = county_to_change.store.folder
    api = county_to_change.get("/record-types/stations/fields", "brigade").json["items"]

    lines = [line.split("\t") for line in run(folder, "fields", "stations").stdout.splitlines()]

    assert [(name, label) for name, label, _ in lines] == [(each["name"], each["label"]) for each in api]
    assert all(said == "微型站登记" for _, _, said in lines)
    assert "没有“boats”这个台账" in run(folder, "fields", "boats", status=1).output


def test_the_villages_without_a_record_are_those_of_the_api(county_to_change):
    folder = county_to_change.store.folder
    county_to_change.publish(DRILLS)
    add_record(county_to_change, "new one", "worker", {"who": "甲", "label": "甲"}, type="drills", area=UNIT)
    api = county_to_change.get("/record-types/drills/villages?without=true", "brigade").json["items"]

    first = county_to_change.get("/record-types/drills/villages?without=true&from=0001-01-01", "brigade").json["items"]
    ever, lately = run(folder, "missing", "drills"), run(folder, "missing", "drills", "--days", "7")

    assert [line.split("\t")[1] for line in ever.stdout.splitlines()] == [each["area"] for each in api] != []
    assert first == api
    assert VILLAGE not in ever.stdout and len(lately.stdout.splitlines()) >= len(api)
