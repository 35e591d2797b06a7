"""Exporting is one right, asked alike at every door by which a file of many rows leaves."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile

import pytest
from python_calamine import CalamineWorkbook

from server.api.blueprints import PREFIX
from server.errors import DiskFull
from server.people.usecases import phone_keys
from server.staffing.usecases import enrolment
from tests.api_county import FAR_VILLAGE, TOWN, UNIT, VILLAGE, add_record, uuid_of

YEAR = "period=year"
EXPORTS = {
    "/records.csv",
    "/records.xlsx",
    "/records.geojson",
    "/records/ledger.csv",
    "/records/ledger.xlsx",
    "/requests/decided.csv",
    "/requests/decided.xlsx",
    "/forms/<form_id>/answers.csv",
    "/forms/<form_id>/answers.xlsx",
    "/forms/<form_id>/answers.zip",
    f"/summaries/closure?{YEAR}&format=csv",
    f"/summaries/closure?{YEAR}&format=xlsx",
    f"/summaries/closure/cases?{YEAR}&format=csv",
    f"/summaries/closure/patrols?{YEAR}&format=csv",
    f"/summaries/closure/review?{YEAR}&format=csv",
    f"/hazard-lists/<list_code>?{YEAR}&format=csv",
    f"/hazard-lists/<list_code>?{YEAR}&format=xlsx",
}
"""Every address that answers with a file of many rows."""

OF_ONE_RECORD = {"/records/<record_id>/photos.zip"}
"""The same of a single record: ``tests/photos`` asks who may."""

OF_THE_COUNTY = {f"/monthly-reports/<month>?{YEAR}&format={ending}" for ending in ("csv", "xlsx")}
"""The same of the whole county alone: ``tests/monthly_reports`` asks who may."""

OF_THE_AUDIT = {"/audit.csv"}
"""The same, for those who may read and export the audit: ``tests/audit`` asks who may."""

NO_EXPORTS = {
    "/users/import/template.xlsx": "a roster that nobody has filled in",
    "/forms/<form_id>/versions/<version>.xml": "a form that nobody has filled in",
    "/forms/<form_id>/versions/<version>.xlsx": "the same",
    "/submissions/<submission_id>.xml": "one submission, as it was sent",
    "/submissions/<submission_id>/attachments/<path:name>": "one file of one submission",
    "/records/<record_id>/attachments/<version>/<path:name>": "one photo of one record",
    "/problems/<problem_id>/body": "one submission that was not taken, as it was sent",
    "/problems/<problem_id>/attachments/<path:name>": "one file of it",
}
"""Addresses that answer with a file which is no list of rows."""

WITHOUT = ("worker", "viewer", "leader", "police", "auditor")
"""People of the village whose duties do not let them export (``domain.md`` section 3.2)."""


@pytest.fixture(scope="module")
def files(county) -> list[str]:
    """Every address of the map that answers with anything but JSON, as OpenAPI describes it."""
    described = county.client.get("/api/openapi.json").json["paths"]
    found = []
    for path, operations in described.items():
        for method, operation in operations.items():
            if method not in ("get", "post"):
                continue
            types = operation["responses"].get("200", {}).get("content", {})
            formats = [
                name
                for each in operation.get("parameters", ())
                if isinstance(each, dict) and each.get("name") == "format"
                for name in each["schema"]["enum"]
                if name != "json"
            ]
            if formats:
                found += [f"{path}?{YEAR}&format={name}" for name in formats]
            elif any(not type.endswith("json") or "geo" in type for type in types):
                found.append(path)
    return [path.removeprefix(PREFIX) for path in found]


def plain(path: str) -> str:
    """Return an address of OpenAPI as the rules of the map have it, without types."""
    return re.sub(r"\{(\w+)\}", r"<\1>", path)


def address(path: str) -> str:
    path = path.replace("<form_id>", "station").replace("<list_code>", "responsibility")
    return path.replace(f"{YEAR}&", "") if path.startswith("/hazard-lists") else path  # they are of now


def test_every_route_that_gives_a_file_is_an_export_or_known_to_be_none(files):
    known = (
        EXPORTS | OF_ONE_RECORD | OF_THE_COUNTY | OF_THE_AUDIT | {re.sub(r"<\w+:", "<", path) for path in NO_EXPORTS}
    )

    assert {plain(path) for path in files} <= known
    assert {plain(path) for path in files} >= EXPORTS | OF_ONE_RECORD | OF_THE_COUNTY | OF_THE_AUDIT


def test_openapi_describes_every_route_that_is_read(county):
    described = {plain(path) for path in county.client.get("/api/openapi.json").json["paths"]}
    routes = {
        re.sub(r"<\w+:", "<", rule.rule) for rule in county.app.url_map.iter_rules() if rule.rule.startswith(PREFIX)
    }

    assert routes - described == set()


@pytest.fixture(scope="module")
def answers(county) -> dict[str, str]:
    """The media type of what every route without arguments answers, whatever OpenAPI says of it."""
    found = {}
    for rule in county.app.url_map.iter_rules():
        if rule.rule.startswith(PREFIX) and "GET" in rule.methods and not rule.arguments:
            answer = county.get(rule.rule.removeprefix(PREFIX), "brigade")
            found[rule.rule.removeprefix(PREFIX)] = "" if answer.status_code != 200 else answer.content_type
    return found


def test_no_route_answers_with_a_file_that_openapi_does_not_tell_of(answers):
    files = {path for path, type in answers.items() if type and type != "application/json"}

    assert files <= EXPORTS | OF_THE_AUDIT
    assert "/records.csv" in files


@pytest.mark.parametrize("path", sorted(EXPORTS))
def test_who_may_not_export_is_refused_alike_at_every_door(county_with_all_roles, path):
    for name in WITHOUT:
        answer = county_with_all_roles.get(address(path), name)

        assert answer.status_code == 403, (name, path, answer.data[:200])
        assert "不能导出" in answer.json["detail"] or "不能查看汇总" in answer.json["detail"]


@pytest.mark.parametrize("path", sorted(EXPORTS))
def test_who_may_export_is_given_the_file(county_with_all_roles, path):
    for name in ("officer", "town", "gas", "manager", "brigade", "admin"):
        answer = county_with_all_roles.get(address(path), name)

        allowed = (200, 404) if "<form_id>" in path else (200,)
        assert answer.status_code in allowed, (name, path, answer.data[:200])


def test_the_audit_leaves_as_a_file_for_who_may_read_and_export_it(county_with_all_roles):
    names = ("admin", "auditor", "brigade", "worker")
    told = {name: county_with_all_roles.get("/audit.csv", name).status_code for name in names}

    assert told == {"admin": 200, "auditor": 200, "brigade": 403, "worker": 403}


@pytest.mark.parametrize("path", sorted(EXPORTS))
def test_every_export_is_one_entry_of_the_audit_with_its_filter_and_the_rows_that_left(county_with_all_roles, path):
    county = county_with_all_roles
    asked = address(path) + ("&" if "?" in path else "?") + f"area={TOWN}"

    answer = county.get(asked, "town")

    assert answer.status_code == 200, answer.text
    [entry] = exported(county)
    assert (entry["actor"], entry["role"], entry["place"], entry["result"]) == ("town", "town_station", TOWN, "done")
    assert entry["address"] == "127.0.0.1"
    assert entry["details"]["filters"]["area"] == TOWN
    assert entry["details"]["rows"] == rows_of(path, answer)


@pytest.mark.parametrize("path", sorted(path for path in EXPORTS if "summaries" not in path))
def test_an_export_whose_reader_leaves_is_an_entry_too(county_with_all_roles, path):
    answer = county_with_all_roles.client.get(
        f"/api/v1{address(path)}", headers={"Authorization": f"Key {county_with_all_roles.keys['town']}"}
    )
    next(iter(answer.response))

    answer.close()

    [entry] = exported(county_with_all_roles)
    assert (entry["actor"], entry["result"]) == ("town", "stopped")


def test_a_table_that_the_form_does_not_have_ends_the_export_with_its_refusal(county_with_all_roles):
    assert county_with_all_roles.get("/forms/station/answers.csv?table=none", "town").status_code == 422

    [entry] = exported(county_with_all_roles)
    assert (entry["result"], entry["details"]["rows"]) == ("failed", 0)


@pytest.mark.parametrize("path", sorted(EXPORTS))
def test_nothing_leaves_where_it_cannot_be_noted_down(county_with_all_roles, monkeypatch, path):
    def full(*_: object) -> None:
        raise DiskFull("磁盘已满。")

    monkeypatch.setattr(county_with_all_roles.store, "write", full)

    answer = county_with_all_roles.get(address(path), "town")

    assert (answer.status_code, answer.content_type) == (507, "application/problem+json")


def exported(county) -> list[dict]:
    """Return the entries of exports, once no export is under way."""
    county.do(lambda tx: None)  # what was to be written without waiting is written before this
    assert county.count("audit_begun") == 0
    return [row | {"details": json.loads(row["detail"])} for row in county.rows(_ENTRIES)]


_ENTRIES = "SELECT * FROM audit WHERE action LIKE '%.export' ORDER BY id"


def rows_of(path: str, answer) -> int:
    """Return how many rows a file has, headings aside."""
    if "geojson" in path:
        return len(json.loads(answer.data)["features"])
    if "zip" in path:
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            return sum(lines_in(archive.read(name)) for name in archive.namelist() if name.endswith(".csv"))
    if "xlsx" in path:
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
        return sum(len(book.get_sheet_by_name(name).to_python()) - 1 for name in book.sheet_names)
    return lines_in(answer.data)


def lines_in(content: bytes) -> int:
    return len(list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))) - 1


@pytest.mark.parametrize("path", ["/summaries/closure/cases", "/summaries/closure/patrols", "/summaries/closure"])
def test_a_list_that_is_read_page_by_page_is_no_export(county_with_all_roles, path):
    assert county_with_all_roles.get(f"{path}?{YEAR}", "worker").status_code == 200
    assert county_with_all_roles.get(f"{path}?{YEAR}", "leader").status_code == 200


def test_a_file_holds_only_what_lies_where_a_duty_gives_both_rights(county_with_all_roles):
    """A worker of one village who is the officer of another opens the figures of both, and takes away one's cases."""
    for word in ("case one", "case far"):
        assert uuid_of(word) in cases(county_with_all_roles, "double", "json")

    exported = cases(county_with_all_roles, "double", "csv")

    assert uuid_of("case far") in exported
    assert uuid_of("case one") not in exported
    refused = county_with_all_roles.get(f"/summaries/closure/cases?{YEAR}&area={UNIT}&format=csv", "double")
    assert refused.status_code == 404


def test_phone_numbers_are_masked_in_the_cases_behind_a_figure_as_in_every_export(county_with_all_roles):
    """The officer may write them and takes none away in files; the town may not write what others have reported."""
    for name, shown in (("officer", "138****0009"), ("town", "138****0009")):
        for path in (f"/summaries/closure/cases?{YEAR}&figure=reports&format=csv", "/records.csv?type=hazards"):
            assert shown in county_with_all_roles.get(path, name).text, (name, path)


def cases(county, name: str, format: str) -> str:
    answer = county.get(f"/summaries/closure/cases?{YEAR}&figure=reports&format={format}", name)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.fixture
def county_with_all_roles(county_to_change):
    """The county with somebody in every role of the village, and one person with two duties."""
    county = county_to_change
    for name, role, body in (
        ("leader", "grid_leader", None), ("police", "police", None), ("auditor", "auditor", None),
        ("manager", "unit_manager", None), ("double", "grid_worker", None),
    ):  # fmt: skip
        area = UNIT if role == "grid_worker" else VILLAGE
        county.do(enrolment.add_user, name, role=role, area=area, body=body, by="test")
        county.keys[name] = county.do(phone_keys.issue, name, by="test")
    county.do(enrolment.add_duty, "double", role="village_officer", area=FAR_VILLAGE, by="test")
    fields = {"item": "x", "label": "报警人 13800000009"}
    add_record(county, "case of a caller", "worker", fields, type="hazards", action="report", area=UNIT)
    assert county.get(f"/records?area={TOWN}", "town").status_code == 200
    return county
