"""Builds what the phones' stories need: a valley of the county behind its real server, and phones that talk to it."""

from __future__ import annotations

import csv
import hashlib
import io
import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit
from uuid import UUID, uuid5
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import field_forms as forms
from flask import Flask
from werkzeug.test import TestResponse

from server.app import close, create_app
from server.domain.areas import Area, level_of, parent_code
from server.settings import Settings
from server.store import areas, codes, database, invariants, records
from server.store.codes import Code
from server.store.database import Database
from server.usecases import enrol, phone_keys, publish, xlsform, xlsform_child
from server.usecases.publish import Prepared
from server.usecases.xform import read_xform

COUNTY, TOWN, FAR_TOWN = "130630000000", "130630100000", "130630101000"
VILLAGE, FAR_VILLAGE = "130630100201", "130630101201"
UNIT, NEXT_UNIT, FAR_UNIT = "130630100201001", "130630100201002", "130630101201001"
GRID = {
    COUNTY: "涞源县",
    TOWN: "白石山镇",
    FAR_TOWN: "走马驿镇",
    VILLAGE: "荆山口村村民委员会",
    FAR_VILLAGE: "水云乡村村民委员会",
    UNIT: "第1单元",
    NEXT_UNIT: "第2单元",
    FAR_UNIT: "第1单元",
}
PEOPLE = (
    ("worker", "grid_worker", UNIT),
    ("neighbour", "grid_worker", NEXT_UNIT),
    ("stranger", "grid_worker", FAR_UNIT),
    ("officer", "village_officer", VILLAGE),
    ("town", "town_station", TOWN),
    ("brigade", "brigade", COUNTY),
    ("viewer", "viewer", COUNTY),
)
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
HEADERS = MappingProxyType({"X-OpenRosa-Version": "1.0", "User-Agent": "org.koboc.collect.android/v2025.3.3 Dalvik"})
ORX = "http://openrosa.org/xforms"
SUCCESS = "submit_success"


class Clock:
    """A clock that a story sets; each look moves it on by a millisecond, so that nothing happens twice at once."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


def new_uuid() -> str:
    """Return a UUID version 4."""
    return str(UUID(int=random.getrandbits(128), version=4))


def uuid_of(word: str) -> str:
    """Return the same random-looking UUID version 4 for the same word."""
    return str(UUID(bytes=uuid5(UUID(int=0), word).bytes, version=4))


@lru_cache(maxsize=None)
def prepared(form: str, media: tuple[tuple[str, bytes], ...] = ()) -> Prepared:
    """Convert an XLSForm in this process, once a test run: neither a child nor Java takes part."""
    converted = xlsform.judged(xlsform_child.converted(form.encode(), ".md"))
    definition = read_xform(converted.xml)
    return Prepared(definition, converted.xml, form.encode(), ".md", dict(media), converted.sheets, ())


FORMS = (
    prepared(forms.station_new()),
    prepared(forms.STATION_EDIT),
    prepared(forms.STATION_ANY),
    prepared(forms.HAZARD),
    prepared(forms.HAZARD_STEP),
    prepared(forms.ROUND, (("streets.csv", forms.STREETS),)),
    prepared(forms.AUDITED),
    prepared(forms.ODD_ID),
    prepared(forms.TOWN_ONLY),
)
ITEMS = (
    Code("hazard_items", "wires_pulled", "私拉乱接", "Wires", "2026-01-01", "", {"spot_ok": "1"}),
    Code("hazard_items", "gas_hose", "燃气软管老化", "Hose", "2026-01-01", "", {"spot_ok": "0"}),
)


@dataclass
class Valley:
    """One running server over a folder of its own. keys: user name to phone key."""

    app: Flask
    clock: Clock
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Database:
        return self.app.extensions["firegrid"].database

    def do(self, deed: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        """Carry a use case out in a transaction of its own."""
        return self.store.write(lambda tx: deed(tx, *args, **kwargs))

    def publish(self, form: str, **media: bytes) -> None:
        """Publish an XLSForm with the files beside it (``streets_csv`` is ``streets.csv``)."""
        files = tuple((name.replace("_", "."), content) for name, content in media.items())
        self.do(publish.publish, prepared(form, files), None)

    def rows(self, sql: str, **values: object) -> list[dict[str, Any]]:
        """Return rows of the database, for what a test must see from behind."""
        with self.store.reading() as reading:
            return reading.sql.rows(sql, values)

    def record(self, id: str):
        """Return a record wherever it lies, None when there is none."""
        return self.do(records.find_for_writing, id)

    def problems(self, **found_by: object) -> list[str]:
        """Return the kinds of the open problems, oldest first."""
        where = "".join(f" AND {name} = :{name}" for name in found_by)
        rows = self.rows(f"SELECT kind FROM problem WHERE settled_at IS NULL{where} ORDER BY seq", **found_by)
        return [row["kind"] for row in rows]

    def verdicts(self, record: str) -> list[str]:
        """Return the verdicts on everything that was asked of a record, in the order of arrival."""
        sql = "SELECT verdict FROM change WHERE record = :record ORDER BY received_at, id"
        return [row["verdict"] for row in self.rows(sql, record=record)]

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT COUNT(*) AS n FROM {table}")[0]["n"])

    def holdings(self) -> dict[str, int]:
        """Return how many rows of everything that a phone can bring are here."""
        tables = ("submission", "submission_file", "record", "revision", "change", "problem", "kept_body", "kept_file")
        return {table: self.count(table) for table in tables}

    def blobs(self) -> list[Path]:
        """Return every file under the folder of blobs, unfinished ones too."""
        return [path for path in (self.store.folder / "blobs").rglob("*") if path.is_file()]

    def phone(self, name: str = "worker") -> Phone:
        return Phone(self, name, f"/key/{self.keys[name]}")

    def key(self, name: str) -> None:
        """Give a person a phone key."""
        self.keys[name] = self.do(phone_keys.issue, name, by="test")


@contextmanager
def a_valley(folder: Path, **settings: object) -> Iterator[Valley]:
    """Serve a valley with its grid, people and forms; what we promise of a database holds when it ends."""
    clock = Clock()
    database.create(folder)
    with patch.object(database, "system_clock", clock):
        app = create_app(replace(Settings(folder), **settings))
    valley = Valley(app, clock)
    valley.do(_lay)
    for name, _, _ in PEOPLE:
        valley.key(name)
    yield valley
    with valley.store.reading() as reading:
        broken = list(invariants.broken(reading))
        spoken_of = {sha256 for sha256, _ in invariants.blobs_spoken_of(reading)}
    kept = {path.parent.name + path.name for path in valley.blobs()}
    close(app)
    assert broken == []
    assert spoken_of <= kept


def _lay(tx) -> None:
    areas.add(tx, [Area(code, name, level_of(code), parent_code(code)) for code, name in GRID.items()])
    codes.replace_list(tx, "hazard_items", ITEMS)
    for form in FORMS:
        publish.publish(tx, form, None)
    for name, role, area in PEOPLE:
        enrol.add_user(tx, name, role=role, area=area, by="test")


@dataclass(frozen=True)
class Entity:
    """An entity block as a phone writes it; ``create`` and ``update`` are the raw flags."""

    dataset: str
    id: str
    create: str = ""
    update: str = ""
    base: object = ""
    trunk: object = ""
    branch: str = ""
    label: str | None = None

    def xml(self) -> str:
        flags = (
            f'dataset="{self.dataset}" id="{self.id}" create="{self.create}" update="{self.update}" '
            f'baseVersion="{self.base}" trunkVersion="{self.trunk}" branchId="{self.branch}"'
        )
        label = "" if self.label is None else f"<label>{escape(self.label)}</label>"
        return f"<entity {flags}>{label}</entity>"


@dataclass(frozen=True)
class Filled:
    """A finalized form on a phone: what its XML says."""

    form: str
    values: Mapping[str, str] = field(default_factory=dict)
    entities: tuple[Entity, ...] = ()
    instance: str = field(default_factory=lambda: f"uuid:{new_uuid()}")
    version: str = "1"
    deprecated: str | None = None
    prefix: str = "orx:"

    def xml(self) -> bytes:
        answers = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in self.values.items())
        p = self.prefix
        old = "" if self.deprecated is None else f"<{p}deprecatedID>{self.deprecated}</{p}deprecatedID>"
        entities = "".join(entity.xml() for entity in self.entities)
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><data xmlns:orx="{ORX}" id="{escape(self.form)}" '
            f'version="{self.version}">{answers}<{p}meta>{entities}<{p}instanceID>{self.instance}</{p}instanceID>{old}'
            f"</{p}meta></data>"
        ).encode()

    def edited(self, **changed: str) -> Filled:
        """Return the edit that Collect makes of a sent form: a copy with an instance id of its own."""
        values = {**self.values, **changed}
        return replace(self, values=values, instance=f"uuid:{new_uuid()}", deprecated=self.instance)


def a_station(id: str, **values: str) -> Filled:
    """Return the registration of a station."""
    filled = {"head": "甲", "hoses": "6"} | values
    return Filled("station_new", filled, (Entity("stations", id, create="1", label=filled["head"]),))


def a_visit(id: str, base: object, *, trunk: object = "", branch: str = "", **values: str) -> Filled:
    """Return an update of a station from ``base``; with trunk and branch as newer phones send them."""
    block = Entity("stations", id, update="1", base=base, trunk=trunk, branch=branch, label=values.get("head"))
    return Filled("station_edit", {"station": id, **values}, (block,))


def a_hazard(id: str, action: str = "report", item: str = "gas_hose", **values: str) -> Filled:
    """Return the report of a hazard."""
    filled = {"item": item, "place": "三号楼", "action": action} | values
    return Filled("hazard", filled, (Entity("hazards", id, create="1", label=f"三号楼｜{item}"),))


def a_step(id: str, action: str, base: object = 1, **values: str) -> Filled:
    """Return a workflow action on a hazard, from a phone."""
    block = Entity("hazards", id, update="1", base=base, label="")
    return Filled("hazard_step", {"hazard": id, "action": action, **values}, (block,))


File = tuple[str, bytes, str]
"""A file in a POST: its name, its bytes, its media type."""


def photo(name: str, content: bytes = b"\xff\xd8 a photo") -> File:
    return name, content, "image/jpeg"


def multipart(xml: bytes, files: tuple[File, ...] = (), *, incomplete: bool = False) -> tuple[bytes, str]:
    """Return body and content type of a POST as Collect frames it."""
    boundary = "b0und4ry-7d3f"
    parts = [_part("xml_submission_file", "submission.xml", "text/xml", xml)]
    parts += [_part(name, name, media_type, content) for name, content, media_type in files]
    if incomplete:
        parts.append(b'Content-Disposition: form-data; name="*isIncomplete*"\r\n\r\nyes\r\n')
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part for part in parts)
    return body + b"--" + boundary.encode() + b"--\r\n", f"multipart/form-data; boundary={boundary}"


def _part(name: str, filename: str, media_type: str, content: bytes) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {media_type}\r\n\r\n'
    return head.encode() + content + b"\r\n"


@dataclass(frozen=True)
class Phone:
    """A phone that asks for what it was told to ask for. base: path of its server address, key included."""

    valley: Valley
    name: str
    base: str

    def get(self, path: str, **headers: str) -> TestResponse:
        """GET a path below the phone's address, or an absolute URL that the server gave."""
        where = path if path.startswith("http") else f"http://localhost{self.base}/{path.lstrip('/')}"
        shown = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.valley.app.test_client().get(where, headers=shown, buffered=True)

    def head(self, path: str = "submission", **headers: str) -> TestResponse:
        shown = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.valley.app.test_client().head(f"{self.base}/{path}", headers=shown, buffered=True)

    def post(self, body: bytes, content_type: str, path: str = "submission", **headers: str) -> TestResponse:
        """POST raw bytes."""
        shown = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.valley.app.test_client().post(
            f"{self.base}/{path}", data=body, content_type=content_type, headers=shown, buffered=True
        )

    def send(self, filled: Filled | bytes, *files: File, incomplete: bool = False, query: str = "") -> TestResponse:
        """POST a filled form."""
        xml = filled if isinstance(filled, bytes) else filled.xml()
        return self.post(*multipart(xml, files, incomplete=incomplete), path=f"submission{query}")

    def listed(self, query: str = "") -> list[dict[str, str]]:
        """Return the forms that the server lists, each element's text by name."""
        answer = self.get(f"formList{query}")
        assert answer.status_code == 200, answer.text
        return [{_local(child): child.text or "" for child in form} for form in ElementTree.fromstring(answer.data)]

    def form(self, id: str) -> dict[str, str]:
        return next(form for form in self.listed() if form["formID"] == id)

    def manifest(self, form_id: str) -> dict[str, dict[str, str]]:
        """Return the files that a form needs, by name; ``type`` beside the texts."""
        answer = self.get(self.form(form_id)["manifestUrl"])
        assert answer.status_code == 200, answer.text
        files = [
            {**file.attrib, **{_local(child): child.text or "" for child in file}}
            for file in ElementTree.fromstring(answer.data)
        ]
        return {file["filename"]: file for file in files}

    def list(self, form_id: str = "station_new", name: str = "stations.csv") -> dict[str, dict[str, str]]:
        """Download an entity list and return its rows by entity id."""
        answer = self.get(self.manifest(form_id)[name]["downloadUrl"])
        assert answer.status_code == 200, answer.text
        return {row["name"]: row for row in csv.DictReader(io.StringIO(answer.data.decode(), newline=""))}

    def list_hash(self, form_id: str = "station_new", name: str = "stations.csv") -> str:
        return self.manifest(form_id)[name]["hash"]

    def integrity(self, *ids: str, name: str = "stations") -> dict[str, str]:
        """Ask which rows to drop, and return the answer by id."""
        answer = self.get(f"lists/{name}/integrity" + (f"?id={'%2C'.join(ids)}" if ids else ""))
        assert answer.status_code == 200, answer.text
        document = ElementTree.fromstring(answer.data)
        assert document.tag == "data"
        return {entity.attrib["id"]: entity.findtext("deleted", "") for entity in document.iter("entity")}


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def message_of(answer: TestResponse) -> str:
    """Return what a phone shows of an answer: the first unprefixed message of a well-formed envelope."""
    assert b"OpenRosaResponse" in answer.data, answer.data
    assert answer.content_type.startswith("text/xml")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert re.search(rb"<message[ >]", answer.data)
    root = ElementTree.fromstring(answer.data)
    return next(element.text or "" for element in root.iter() if _local(element) == "message")


def is_chinese(text: str) -> bool:
    return re.search("[\u4e00-\u9fff]", text) is not None


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def path_of_url(url: str) -> str:
    return urlsplit(url).path


@dataclass
class Row:
    """An entity as Collect keeps it on the device (``openrosa.md`` section 4.5)."""

    label: str
    version: int
    fields: dict[str, str]
    trunk: int | None
    branch: str
    online: bool


class Collect:
    """A phone with a list of stations on it, which works offline and sends when told to.

    unsent: filled forms in the order of their finalization.
    """

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.rows: dict[str, Row] = {}
        self.unsent: list[Filled] = []
        self._hash = ""

    def pull(self) -> None:
        """Download the list of stations when it changed, and ask about rows that only this phone knows."""
        entry = self.phone.manifest("station_edit")["stations.csv"]
        if entry["hash"] == self._hash:
            return
        rows = list(csv.DictReader(io.StringIO(self.phone.get(entry["downloadUrl"]).data.decode(), newline="")))
        offline = [id for id, row in self.rows.items() if not row.online]
        gone = self.phone.integrity(*offline) if offline else {}
        for row in rows:
            self._take(row)
        here = {row["name"] for row in rows}
        for id in [id for id, row in self.rows.items() if id not in here]:
            if self.rows[id].online or gone.get(id) == "true":
                del self.rows[id]
        self._hash = entry["hash"]

    def register(self, **values: str) -> str:
        """Register a station offline and return its id."""
        id = new_uuid()
        filled = a_station(id, **values)
        self.rows[id] = Row(filled.values["head"], 1, dict(filled.values), None, new_uuid(), online=False)
        self.unsent.append(filled)
        return id

    def visit(self, id: str, **values: str) -> Filled:
        """Update a station offline: every answer is sent, those prefilled and left alone too."""
        row = self.rows[id]
        shown = {name: row.fields.get(name, "") for name in ("head", "hoses")} | values
        trunk = "" if row.trunk is None else row.trunk
        filled = a_visit(id, row.version, trunk=trunk, branch=row.branch, **shown)
        row.fields |= shown
        row.version += 1
        self.unsent.append(filled)
        return filled

    def push(self, *order: int) -> list[TestResponse]:
        """Send what is unsent, in this order of places; all in order when none is given."""
        sending, self.unsent = self.unsent, []
        answers = [self.phone.send(sending[place]) for place in (order or range(len(sending)))]
        assert all(answer.status_code in (201, 202) for answer in answers), [answer.text for answer in answers]
        return answers

    def _take(self, row: Mapping[str, str]) -> None:
        version, known = int(row["__version"]), self.rows.get(row["name"])
        fields = {name: value for name, value in row.items() if name not in ("name", "label", "__version")}
        dirty = known is not None and known.version != known.trunk
        if known is None or version > known.version or (version == known.version and dirty):
            self.rows[row["name"]] = Row(row["label"], version, fields, version, new_uuid(), online=True)
        else:
            known.online = True
