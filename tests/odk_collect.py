"""Phones that speak to a served valley: one that asks what it is told to ask, and one that works as Collect does."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from werkzeug.test import TestResponse

from tests.filled_forms import File, Filled, a_station, a_visit, multipart, new_uuid

if TYPE_CHECKING:
    from tests.county import County

HEADERS = MappingProxyType({"X-OpenRosa-Version": "1.0", "User-Agent": "org.koboc.collect.android/v2025.3.3 Dalvik"})


@dataclass(frozen=True)
class Phone:
    """A phone that asks for what it was told to ask for. base: path of its server address, key included."""

    valley: County
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
        answer = self.post(*multipart(xml, files, incomplete=incomplete), path=f"submission{query}")
        assert answer.status_code < 500, "a phone's record made the server fail"
        return answer

    def listed(self, query: str = "") -> list[dict[str, str]]:
        """Return the forms that the server lists, each element's text by name."""
        answer = self.get(f"formList{query}")
        assert answer.status_code == 200, answer.text
        return [{_local(child): child.text or "" for child in form} for form in ET.fromstring(answer.data)]

    def form(self, id: str) -> dict[str, str]:
        return next(form for form in self.listed() if form["formID"] == id)

    def manifest(self, form_id: str) -> dict[str, dict[str, str]]:
        """Return the files that a form needs, by name; ``type`` beside the texts."""
        answer = self.get(self.form(form_id)["manifestUrl"])
        assert answer.status_code == 200, answer.text
        files = [
            {**file.attrib, **{_local(child): child.text or "" for child in file}}
            for file in ET.fromstring(answer.data)
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
        document = ET.fromstring(answer.data)
        assert document.tag == "data"
        return {entity.attrib["id"]: entity.findtext("deleted", "") for entity in document.iter("entity")}


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def message_of(answer: TestResponse) -> str:
    """Return what a phone shows of an answer: the first unprefixed message of a well-formed envelope."""
    assert b"OpenRosaResponse" in answer.data, answer.data
    assert answer.content_type.startswith("text/xml")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert re.search(rb"<message[ >]", answer.data)
    root = ET.fromstring(answer.data)
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

    form, list_name = "station_edit", "stations"

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.rows: dict[str, Row] = {}
        self.unsent: list[Filled] = []
        self._hash = ""

    def pull(self) -> None:
        """Download the list when it changed, and ask about rows that only this phone knows."""
        entry = self.phone.manifest(self.form)[f"{self.list_name}.csv"]
        if entry["hash"] == self._hash:
            return
        rows = list(csv.DictReader(io.StringIO(self.phone.get(entry["downloadUrl"]).data.decode(), newline="")))
        offline = [id for id, row in self.rows.items() if not row.online]
        gone = self.phone.integrity(*offline, name=self.list_name) if offline else {}
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
