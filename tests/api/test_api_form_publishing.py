"""The office publishes forms over the API, reads every reason of a refusal, closes forms and takes them away."""

from __future__ import annotations

import io
import threading

import pytest
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from kobo_forms.export import to_xlsx
from schemas.forms import FormSchema, PublicationSchema
from server.app import close
from server.audit.store import chain
from server.forms.usecases import management
from server.forms.usecases.xlsform import conversion
from tests.api_county import STATION_FORM, lay
from tests.county import open_county
from tests.household_visits import HYDRANTS, VISIT

PICK = STATION_FORM.replace(
    "| entities |", "| | select_one_from_file streets.csv | street | 街道 | street |\n| entities |"
)
BAD = STATION_FORM.replace("| | integer | hoses |", "| | integer | head |")


@pytest.fixture
def library(tmp_path):
    """A county with two forms, to be changed."""
    made = open_county(tmp_path / "library", lay)
    yield made
    close(made.app)


def publish(county, source: bytes, name: str = "form.md", by: str = "admin", **media: bytes):
    """Upload a form; ``streets_csv`` is the file ``streets.csv``."""
    files = [("media", file.replace("_", "."), content) for file, content in media.items()]
    return upload(county, [("form", name, source), *files], by)


def upload(county, parts: list[tuple[str, str, bytes]], by: str = "admin", **words: str):
    """Upload files: (part, file name, content). words: parts that are texts."""
    values = MultiDict((part, FileStorage(io.BytesIO(content), name)) for part, name, content in parts)
    values.update(words)
    boundary, body = encode_multipart(values)
    headers = {
        "Authorization": f"Key {county.keys[by]}",
        "Content-Type": f"multipart/form-data; boundary={boundary}",
    }
    return county.client.post("/api/v1/forms", data=body, headers=headers, buffered=True)


def test_a_form_with_its_list_is_published_once_and_phones_list_it(office):
    first = publish(office, PICK.encode(), streets_csv="name,label\na,甲街\n".encode())
    again = publish(office, PICK.encode())

    assert (first.status_code, again.status_code) == (201, 200)
    assert PublicationSchema().validate(first.json) == {}
    assert (first.json["id"], first.json["version"], first.json["added"]) == ("station", "1", True)
    assert again.json["added"] is False
    assert [item["name"] for item in office.get("/forms/station", "worker").json["media"]] == ["streets.csv"]
    assert (
        "station"
        in office.client.get(f"/key/{office.keys['worker']}/formList", headers={"X-OpenRosa-Version": "1.0"}).text
    )
    with office.store.reading() as reading:
        assert [entry.actor for entry in chain.list_about(reading, "station")] == ["admin", "admin"]


def test_what_is_refused_otherwise_is_published_where_the_administrator_insists(library):
    publish(library, HYDRANTS.encode())
    parts = [("form", "visit.md", VISIT.encode())]

    refused = upload(library, parts)
    unknown = upload(library, parts, allow="everything", why="because")
    allowed = upload(library, parts, allow="several-entities")

    assert (refused.status_code, unknown.status_code, allowed.status_code) == (422, 422, 201)
    assert "KoboCollect" in refused.json["errors"][0]["message"]
    assert [error["field"] for error in unknown.json["errors"]] == ["why", "allow"]
    assert any("KoboCollect" in warning for warning in allowed.json["warnings"])
    shown = library.get("/forms/visit", "admin").json
    assert (shown["record_type"], shown["record_types"]) == ("households", ["households", "people", "hydrants", "pets"])
    with library.store.reading() as reading:
        [entry] = chain.list_about(reading, "visit")
    assert entry.details["allowed"] == ["several-entities"]


def test_parts_without_a_name_beside_others_are_refused_in_words(office):
    parts = ('name="b"\r\n\r\n1', "\r\n\r\n2", 'name="form"; filename="form.md"\r\n\r\n| survey |')
    body = "".join(f"--x\r\nContent-Disposition: form-data; {part}\r\n" for part in parts) + "--x--\r\n"
    headers = {"Authorization": f"Key {office.keys['admin']}", "Content-Type": "multipart/form-data; boundary=x"}

    answer = office.client.post("/api/v1/forms", data=body.encode(), headers=headers)

    assert answer.status_code == 422
    assert {"field": "b", "message": "没有这个部分。"} in answer.json["errors"]


def test_a_workbook_goes_in_as_it_comes_out(library):
    taken = library.get("/forms/station/versions/1.xlsx", "admin")
    again = publish(library, taken.data, "station.xlsx")

    assert taken.status_code == 200
    assert "station.xlsx" in taken.headers["Content-Disposition"]
    assert (again.status_code, again.json["added"]) == (200, False)


def test_what_was_published_as_a_workbook_comes_back_byte_for_byte(office):
    workbook = to_xlsx(STATION_FORM.encode())
    publish(office, workbook, "station.xlsx")

    assert office.get("/forms/station/versions/1.xlsx", "worker").data == workbook


def test_an_xform_has_no_workbook(library, office):
    xml = library.get("/forms/station/versions/1.xml", "admin").data
    published = publish(office, xml, "station.xml")

    assert published.status_code == 201
    answer = office.get("/forms/station/versions/1.xlsx", "admin")
    assert answer.status_code == 404
    assert "请下载 .xml" in answer.json["detail"]


def test_a_refusal_names_sheet_row_and_cure_and_nothing_is_published(office):
    before = office.every_row()

    answer = publish(office, BAD.encode())

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/form-refused"
    [fault] = answer.json["errors"]
    assert (fault["sheet"], fault["row"]) == ("survey", 3)
    assert fault["message"]
    assert fault["cure"]
    assert office.every_row() == before


@pytest.mark.parametrize(
    ("source", "name", "words"),
    [
        (b"", "form.md", "表单"),
        (b"\0" * 100, "form.xlsx", "表单"),
        (b"PK\x03\x04 no zip", "form.xlsx", "表单"),
        (b"<x", "form.xml", "表单"),
        (b"x", "form.exe", "请上传"),
        (b"x", "form", "请上传"),
        (b"x" * (conversion.SOURCE_BYTES_MAX + 1), "form.md", "10 MB"),
    ],
)
def test_what_is_no_form_is_refused_in_words(office, source, name, words):
    before = office.every_row()

    answer = publish(office, source, name)

    assert answer.status_code == 422, answer.text
    assert words in answer.json["detail"]
    assert office.every_row() == before


def test_content_that_changes_under_one_version_is_refused(library):
    answer = publish(library, STATION_FORM.replace("水带数", "水带条数").encode())

    assert answer.status_code == 422
    assert "version" in answer.text


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ([], {"form"}),
        ([("form", "", b"text alone")], {"form"}),
        ([("form", "a.md", b"x"), ("form", "b.md", b"x")], {"form"}),
        ([("form", "a.md", b"x"), ("other", "b.csv", b"x")], {"other"}),
        ([("form", "a.md", b"x"), ("media", "b.csv", b"x"), ("media", "b.csv", b"y")], {"media"}),
        ([("media", "b.csv", b"x"), ("media", "b.csv", b"y"), ("other", "c", b"")], {"form", "media", "other"}),
    ],
)
def test_an_upload_with_other_parts_says_which(office, parts, fields):
    answer = upload(office, parts)

    assert answer.status_code == 422
    assert {error["field"] for error in answer.json["errors"]} == fields


def test_what_is_no_multipart_says_what_is_wanted(office):
    answer = office.post("/forms", "admin", {"form": "x"})

    assert answer.status_code == 422
    assert "multipart/form-data" in answer.json["detail"]


def test_a_file_named_with_a_path_is_refused(office):
    answer = publish(office, STATION_FORM.encode(), **{"../../x_csv": b"name,label\n"})

    assert answer.status_code == 422
    assert "文件名" in answer.json["detail"]


def test_an_upload_beyond_the_limit_is_not_read(office):
    answer = publish(office, STATION_FORM.encode(), big_mp4=b"x" * 51_000_000)

    assert answer.status_code == 413
    assert answer.json["detail"]


@pytest.mark.parametrize("name", ["worker", "town", "brigade", "viewer", "gone"])
def test_only_who_configures_the_county_publishes_or_closes(library, name):
    before = library.every_row()

    assert publish(library, PICK.encode(), by=name).status_code == 403
    assert library.send("PATCH", "/forms/station", name, {"state": "closed"}).status_code == 403
    assert library.every_row() == before


def test_a_form_is_wound_down_closed_and_listed_again_each_once(library):
    for state in ("closing", "closed", "closed", "open"):
        answer = library.send("PATCH", "/forms/station", "admin", {"state": state})
        assert answer.status_code == 200
        assert FormSchema().validate(answer.json) == {}
        assert answer.json["state"] == state

    with library.store.reading() as reading:
        actions = [entry.event for entry in chain.list_about(reading, "station") if entry.actor == "admin"]
    assert actions == ["form.closing", "form.closed", "form.open"]
    assert library.send("PATCH", "/forms/none", "admin", {"state": "closed"}).status_code == 404
    assert library.send("PATCH", "/forms/station", "admin", {"state": "gone"}).status_code == 422
    assert library.send("PATCH", "/forms/station", "admin", {}).status_code == 422


def test_a_form_under_conversion_keeps_no_transaction_and_a_third_one_is_told_to_come_back(office, monkeypatch):
    written, go_on = [], threading.Event()

    def prepare(*_, **__):
        office.store.write(lambda tx: written.append(tx.now))  # would wait for ever inside a transaction
        go_on.wait(10)
        raise management.Busy("busy")

    monkeypatch.setattr(management.publishing, "prepare", prepare)
    busy = [threading.Thread(target=publish, args=(office, b"x")) for _ in range(2)]
    for each in busy:
        each.start()
    while len(written) < 2:
        go_on.wait(0.01)

    answer = publish(office, b"x")
    go_on.set()
    for each in busy:
        each.join()

    assert answer.status_code == 503
    assert "一分钟后" in answer.json["detail"]
