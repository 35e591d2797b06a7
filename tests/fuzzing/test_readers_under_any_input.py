"""Every reader of what comes from outside reads any bytes, or refuses them: it does not crash, hang or grow.

``FIREGRID_TEST_PROFILE`` says how many inputs each is given (``tests/laws.py``): some three thousand in all where it is
``ci``, a hundred thousand where it is 30.
"""

from __future__ import annotations

import base64
import gc
import io
import json
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

import server.api.sync as sync_api
from kobo_forms.export import to_xlsx
from server.api import responses, sent_items, summaries
from server.api.blueprints import Parser
from server.errors import Refusal
from server.forms.usecases.lists import list_reader
from server.forms.usecases.xform import outline_reader, reader, xml_parsing
from server.forms.usecases.xlsform import child_process, conversion
from server.grid.usecases import files as grid_files
from server.openrosa.multipart import read_post
from server.openrosa.submission_xml import read_submission
from server.replication.usecases import pull as pulling
from server.web import json_text
from sync.client import row_files
from sync.client.failures import Refused
from tests.fuzzing.mutations import judged, mutated, mutated_workbook
from tests.laws import examples

REFUSALS = (Refusal, Refused, HTTPException, ValidationError)
"""What a reader answers to an input that it does not take, and doors answer in words."""

SUBMISSION = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<data xmlns:orx="http://openrosa.org/xforms" id="station" version="1">'
    "<head>甲</head><hoses>6</hoses><geometry>39.1 114.7 900 5</geometry><photo>1.jpg</photo><meta>"
    "<orx:instanceID>uuid:9f0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b11</orx:instanceID><orx:deprecatedID/>"
    '<entity dataset="stations" create="1" id="9f0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b12" baseVersion="1">'
    "<label>一号站</label></entity></meta></data>"
).encode()
POST = (
    b'--b1\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="s.xml"\r\nContent-Type: text/xml'
    b"\r\n\r\n"
    + SUBMISSION
    + b"\r\n--b1\r\nContent-Disposition: form-data; name=\"1.jpg\"; filename*=UTF-8''%E7%94%B2.jpg"
    b'\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff\r\n--b1\r\nContent-Disposition: form-data; name="*isIncomplete*"'
    b"\r\n\r\nyes\r\n--b1--\r\n"
)
CHANGE = {
    "id": "9f0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b13",
    "record": "9f0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b12",
    "type": "stations",
    "action": "edit",
    "seq": 3,
    "fields": {"head": [None, "甲"], "hoses": ["6", "5"]},
    "base_version": 1,
    "area": "130630100201001",
    "after": None,
    "made_at": "2026-11-24T04:00:00Z",
    "attachments": [{"name": "1.jpg", "sha256": "a" * 64}],
}
PUSH = orjson.dumps({"device": "laptop-1", "changes": [CHANGE, CHANGE | {"seq": 4}], "unsent": 0})
GEOJSON = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [114.7, 39.1]},
                "properties": {"name": "a"},
            },
            {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [1, 2]]]}, "id": "b"},
        ],
    }
).encode()
LIST_XML = b"<root><item><name>a</name><label>A</label></item><item><name>b</name><label>B</label></item></root>"
LIST_CSV = (
    "name,label,label_en,active_from,active_to\na,甲,A,2026-01-01,\nother,其他,Other,2026-01-01,2026-12-31\n".encode()
)
GRID_CSV = (files("server.data") / "grid" / "laiyuan.csv").read_bytes()[:3_000]
ROWS_CSV = 'label,hoses,built_on\n一号站,6,2026-11-05\n"二, 号",5,46331\n'.encode()
ROWS_JSON = json.dumps([{"label": "一号站", "hoses": 6, "tags": ["a", "b"]}]).encode()
FORM_MD = (files("kobo_forms") / "micro_station.md").read_bytes()
FORM_CSV = (
    '"survey",,,\n,"type","name","label::中文 (zh)"\n,"select_one yn","ok","好吗"\n,"text","why","为何"\n'
    '"choices",,,\n,"list_name","name","label::中文 (zh)"\n,"yn","y","是"\n'
    '"settings",,,\n,"form_title","form_id","version"\n,"试","try","1"\n'
).encode()
CURSORS = tuple(
    base64.urlsafe_b64encode(each)
    for each in (b"130630100201", b"12", b"2026-04-01T00:00:00Z x 1", b'[[1,"a"],null,[2]]', "一".encode())
)
SIGNER = URLSafeSerializer("secret", salt="pull worker")


@cache
def form_xlsx() -> bytes:
    return to_xlsx(FORM_MD, {"form_id": "station", "version": "1"})


@cache
def xform() -> bytes:
    return conversion.read_outcome(child_process.converted(FORM_MD, ".md")).xml


XFORMS = st.deferred(lambda: mutated(xform()))
WORKBOOKS = st.deferred(lambda: mutated_workbook(form_xlsx()))


class Nowhere:
    """A sink of no file."""

    sha256 = "0" * 64

    def write(self, chunk: bytes) -> None: ...
    def close(self) -> None: ...
    def discard(self) -> None: ...


def read_multipart(body: bytes) -> object:
    return read_post(io.BytesIO(body), "multipart/form-data; boundary=b1", open_sink=Nowhere)


def read_content_type(header: bytes) -> object:
    return read_post(io.BytesIO(POST), header.decode("latin-1"), open_sink=Nowhere)


def read_form(xml: bytes) -> None:
    xml_parsing.without_submission_action(xml)
    reader.read_xform(xml)
    outline_reader.read_outline(xml)


def read_xlsform(kind: str) -> Callable[[bytes], object]:
    """Return what the child process and then the server do with an uploaded form of a kind."""

    def read(source: bytes) -> None:
        try:
            outcome = child_process.converted(conversion.as_utf8(source, kind), kind)
        except Exception as error:  # as the child's main() has it, whose process ends with it
            outcome = {"error": child_process._error_of(error)}
        read_form(conversion.read_outcome(json.loads(json.dumps(outcome))).xml)

    return read


def read_push(body: bytes) -> None:
    batch = json_text.read(body, "changes")
    for raw in batch.get("changes", ()) if isinstance(batch, dict) else ():
        sync_api._item(raw, "laptop-1")


def read_json(body: bytes) -> object:
    return Parser()._read(body)


def read_cursors(cursor: bytes) -> None:
    text = cursor.decode("latin-1")
    for read in (responses.decode_text, responses.decode_number, summaries._cursor_of, sent_items._positions):
        with suppress(Refusal):
            read(text)
    sync_api._cursor(SIGNER, text)


def read_list(name: str) -> Callable[[bytes], object]:
    return lambda content: list_reader.read(name, content)


def read_rows(name: str) -> Callable[[bytes], Any]:
    def read(content: bytes) -> object:
        path = FOLDER / name
        path.write_bytes(content)
        return row_files.read(path)

    return read


FOLDER = Path()

READERS: dict[str, tuple[Callable[[bytes], object], st.SearchStrategy[bytes], int]] = {
    "multipart": (read_multipart, mutated(POST), 500),
    "content type": (read_content_type, mutated(b'multipart/form-data; charset=utf-8; boundary="b1"'), 200),
    "submission": (read_submission, mutated(SUBMISSION), 500),
    "XForm": (read_form, XFORMS, 200),
    "list in CSV": (read_list("a.csv"), mutated(LIST_CSV), 200),
    "list in GeoJSON": (read_list("a.geojson"), mutated(GEOJSON), 200),
    "list in XML": (read_list("a.xml"), mutated(LIST_XML), 200),
    "grid in CSV": (grid_files.read, mutated(GRID_CSV, GRID_CSV[:200]), 200),
    "grid in XLSX": (grid_files.read, WORKBOOKS, 50),
    "form in Markdown": (read_xlsform(".md"), mutated(FORM_MD), 20),
    "form in CSV": (read_xlsform(".csv"), mutated(FORM_CSV), 40),
    "form in XLSX": (read_xlsform(".xlsx"), WORKBOOKS, 20),
    "rows in CSV": (read_rows("a.csv"), mutated(ROWS_CSV), 200),
    "rows in XLSX": (read_rows("a.xlsx"), WORKBOOKS, 50),
    "rows in JSON": (read_rows("a.json"), mutated(ROWS_JSON), 100),
    "push": (read_push, mutated(PUSH, orjson.dumps({"changes": [CHANGE]})), 300),
    "JSON": (read_json, mutated(PUSH), 100),
    "cursor": (read_cursors, mutated(*CURSORS, SIGNER.dumps(pulling.to_json(pulling.Cursor())).encode()), 300),
}
"""The reader, what it is given, and how many inputs in continuous integration."""


@pytest.mark.parametrize("name", READERS)
def test_a_reader_reads_any_input_or_refuses_it(name, tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.FOLDER", tmp_path)
    read, inputs, in_ci = READERS[name]

    @settings(max_examples=examples(in_ci), suppress_health_check=list(HealthCheck))
    @given(inputs)
    def reads_or_refuses(content: bytes) -> None:
        with judged(content), suppress(*REFUSALS):
            read(content)

    reads_or_refuses()


def kept_bytes() -> int:
    gc.collect()  # what waits for the collector is not kept, and how much does depends on the tests before
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.slow  # counting every allocation takes two seconds of processor a reader
@pytest.mark.parametrize("name", [each for each in READERS if not each.startswith("form ")])
def test_a_reader_keeps_nothing_of_what_it_has_read(name, tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.FOLDER", tmp_path)
    read, inputs, _ = READERS[name]  # of forms a process of their own reads each, and ends
    given_ = []

    @settings(max_examples=20, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(inputs)
    def collect(content: bytes) -> None:
        given_.append(content)

    collect()

    def once() -> None:
        for content in given_:
            with suppress(*REFUSALS):
                read(content)

    once()  # imports, caches
    once()
    tracemalloc.start()
    try:
        once()
        before = kept_bytes()
        for _ in range(3):
            once()
        grown = kept_bytes() - before
    finally:
        tracemalloc.stop()
    assert grown < 100_000, f"{grown} bytes in 60 inputs"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list in GeoJSON", lambda: GEOJSON.replace(b"114.7", b"9" * 5_000)),
        ("list in GeoJSON", lambda: GEOJSON.replace(b"114.7", b"[" * 100_000)),
        ("rows in XLSX", lambda: form_xlsx()[:10] + form_xlsx()[11:]),
        ("grid in XLSX", lambda: form_xlsx()[:10] + form_xlsx()[11:]),
        ("form in CSV", lambda: FORM_CSV.replace(b'"choices"', b'"' + b"A" * 70_000 + b'"')),
        ("form in CSV", lambda: FORM_CSV.replace(b'\n,"yn"', b"A" * 70_000 + b'\n,"yn"', 1)),
        ("cursor", lambda: "一".encode()),
        ("cursor", lambda: base64.urlsafe_b64encode("2026-04-01T00:00:00Z x ²".encode())),
    ],
    ids=[
        *("five thousand digits", "nesting", "a byte less", "a byte less of a grid", "a long sheet", "a long column"),
        *("no base64", "no decimal digit"),
    ],
)
def test_what_once_brought_a_reader_down_is_refused(name, content, tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.FOLDER", tmp_path)
    made = content()
    with judged(made), suppress(*REFUSALS):
        READERS[name][0](made)
