"""A small county behind the API, with invented people in every role and records of each kind."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server import instants
from server.app import close, create_app
from server.changes.usecases import write
from server.changes.usecases.write import Outcome
from server.db import database
from server.db.database import Database
from server.forms.usecases import publish
from server.forms.usecases.publish import Prepared
from server.grid.domain.areas import Area, level_of, parent_code
from server.grid.store import areas
from server.people.store import people
from server.people.usecases import phone_keys, sign_in
from server.problems.domain.problems import Problem, ProblemKind
from server.problems.store import problems
from server.settings import Settings
from server.staffing.usecases import enrolment
from sync.changes import Change, Dot, FieldWrite

COUNTY, TOWN, OTHER_TOWN = "130630000000", "130630100000", "130630101000"
VILLAGE, NEXT_VILLAGE, FAR_VILLAGE = "130630100201", "130630100202", "130630101201"
UNIT, NEXT_UNIT, FAR_UNIT = "130630100201001", "130630100202001", "130630101201001"
NAMES = {
    COUNTY: "涞源县",
    TOWN: "白石山镇",
    OTHER_TOWN: "走马驿镇",
    VILLAGE: "荆山口村村民委员会",
    NEXT_VILLAGE: "插箭岭村村民委员会",
    FAR_VILLAGE: "水云乡村村民委员会",
    UNIT: "第1单元",
    NEXT_UNIT: "第1单元",
    FAR_UNIT: "第1单元",
}
PASSWORD = "correct-horse-7"
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0 a photo"

STATION_FORM = """\
| survey |
| | type | name | label | save_to |
| | text | head | 站长 | head |
| | integer | hoses | 水带数 | hoses |
| | geopoint | geometry | 位置 | geometry |
| | image | photo | 照片 | |
| entities |
| | list_name | label |
| | stations | ${head} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind | attribute::fg:title |
| | 微型站登记 | station | 1 | fg="urn:firegrid:xforms" | profile | 微型消防站 |
"""
HAZARD_FORM = """\
| survey |
| | type | name | label | save_to |
| | text | item | 隐患 | item |
| | text | action | 动作 | action |
| entities |
| | list_name | label |
| | hazards | ${item} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind |
| | 隐患上报 | hazard | 1 | fg="urn:firegrid:xforms" | case |
"""
SUBMISSION = """\
<?xml version="1.0" encoding="UTF-8"?>
<data xmlns:orx="http://openrosa.org/xforms" id="station" version="1"><head>甲</head><hoses>6</hoses>\
<geometry>39.1 114.7 900 5</geometry><photo>{photo}</photo><meta><orx:instanceID>{instance}</orx:instanceID></meta>\
</data>
"""


class Clock:
    """A clock that a test sets; each look moves it on by a millisecond, so that nothing happens twice at once."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass
class County:
    """The application and what a test needs to call it. keys: user name to phone key."""

    app: Flask
    keys: dict[str, str]
    known: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    @property
    def store(self) -> Database:
        return self.app.extensions["firegrid"].database

    def get(self, path: str, name: str, **headers: str):
        """Ask ``/api/v1<path>`` as the person ``name``, by their phone key."""
        shown = {"Authorization": f"Key {self.keys[name]}", **headers}
        return self.client.get(f"/api/v1{path}", headers=shown, buffered=True)

    def post(self, path: str, name: str, body: object = None, **headers: str):
        """Post a JSON body to ``/api/v1<path>`` as the person ``name``."""
        return self.send("POST", path, name, body, **headers)

    def send(self, method: str, path: str, name: str, body: object = None, **headers: str):
        """Send a JSON body (none when None) by any method."""
        shown = {"Authorization": f"Key {self.keys[name]}", **headers}
        return self.client.open(f"/api/v1{path}", method=method, headers=shown, json=body, buffered=True)

    def holdings(self) -> dict[str, list[tuple[object, ...]]]:
        """Return every row of every table: what a refusal must leave as it was.

        Left out are the last contacts of phones, and what an undone work may leave (``database.Commit``): a gap in
        the numbers, and a bucket marked newer than it is.
        """
        with self.store.reading() as reading:
            named = reading.sql.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
            tables = {row["name"] for row in named} - {"phone_key", "bucket"}
            found = {name: reading.sql.rows(f'SELECT * FROM "{name}"') for name in sorted(tables)}
        found["counter"] = [row for row in found["counter"] if row["name"] != "seq"]
        return {name: [tuple(row.values()) for row in rows] for name, rows in found.items()}

    def ids(self, path: str, name: str) -> list[str]:
        """Return the ids in the list at ``path``."""
        answer = self.get(path, name)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json["items"]]


PEOPLE = (
    ("worker", "grid_worker", UNIT, None),
    ("neighbour", "grid_worker", NEXT_UNIT, None),
    ("stranger", "grid_worker", FAR_UNIT, None),
    ("officer", "village_officer", VILLAGE, None),
    ("town", "town_station", TOWN, None),
    ("othertown", "town_station", OTHER_TOWN, None),
    ("brigade", "brigade", COUNTY, None),
    ("admin", "county_admin", COUNTY, None),
    ("gas", "dept_handler", COUNTY, "dept-gas"),
    ("viewer", "viewer", COUNTY, None),
)


@pytest.fixture(scope="session")
def prepared_forms() -> list[Prepared]:
    """Two forms, converted once: converting takes a second each."""
    return [publish.prepare(form.encode(), ".md", {}) for form in (STATION_FORM, HAZARD_FORM)]


@pytest.fixture(scope="session")
def county(tmp_path_factory, prepared_forms) -> Iterator[County]:
    """The county that reading tests share; nobody changes it."""
    made = a_county(tmp_path_factory.mktemp("county") / "data", prepared_forms)
    fill(made)
    yield made
    close(made.app)


@pytest.fixture
def county_to_change(tmp_path, prepared_forms) -> Iterator[County]:
    """The same county for one test alone, which may write to it."""
    made = a_county(tmp_path / "data", prepared_forms)
    fill(made)
    yield made
    close(made.app)


@pytest.fixture
def office(tmp_path) -> Iterator[County]:
    """A county of one's own, without forms and records."""
    made = a_county(tmp_path / "data", [])
    yield made
    close(made.app)


def a_county(folder: Path, forms: list[Prepared]) -> County:
    """Return a county with its grid, people, one body and these forms."""
    database.create(folder)
    app = create_app(Settings(folder))
    made = County(app, {})
    password = sign_in.hash_password(PASSWORD)
    grid = [Area(code, name, level_of(code), parent_code(code)) for code, name in NAMES.items()]

    def lay(tx):
        areas.add(tx, grid)
        enrolment.add_body(
            tx, "dept-gas", name="燃气主管部门", kind="department", area=COUNTY, by="test", contact="值班 13800000001"
        )
        for form in forms:
            publish.publish(tx, form, None)
        for name, role, area, body in PEOPLE:
            enrolment.add_user(
                tx, name, role=role, area=area, body=body, by="test", display=name, password_hash=password
            )
            made.keys[name] = phone_keys.issue(tx, name, by="test")
        ended = instants.text(NOON - timedelta(days=300))
        enrolment.add_user(tx, "gone", role="grid_worker", area=UNIT, ends_at=ended, by="test", password_hash=password)
        made.keys["gone"] = phone_keys.issue(tx, "gone", by="test")

    made.store.write(lay)
    return made


def uuid_of(word: str) -> str:
    """Return the same random-looking UUID version 4 for the same word."""
    return str(UUID(bytes=uuid5(UUID(int=0), word).bytes, version=4))


def add_record(county: County, word: str, by: str, fields: Mapping[str, str], **more: object) -> Outcome:
    """Write a record named after ``word``; ``more`` are fields of Change."""
    asked = {"type": "stations", "action": "create", "base_version": 0, "dot": Dot(f"phone-{by}", 1), **more}
    change = Change(
        id=uuid_of(f"change {word} {by} {sorted(fields.items())} {more}"),
        record=uuid_of(word),
        fields={name: FieldWrite(None, value) for name, value in fields.items()},
        **asked,
    )
    return county.store.write(lambda tx: write.apply(tx, change, by=people.actor(tx, by)))


def edit(county: County, word: str, by: str, origin: str, seen: Mapping[str, str], new: Mapping[str, str], base: int):
    """Edit a record from version ``base``, where its author saw ``seen``."""
    change = Change(
        id=uuid_of(f"edit {word} {origin} {sorted(new.items())}"),
        record=uuid_of(word),
        type="stations",
        action="edit",
        dot=Dot(origin, 1),
        fields={name: FieldWrite(seen.get(name), value) for name, value in new.items()},
        base_version=base,
    )
    return county.store.write(lambda tx: write.apply(tx, change, by=people.actor(tx, by)))


def send(county: County, by: str, word: str, photo: tuple[str, bytes, str] | None = None):
    """Send a submission of the station form from the phone of ``by``, with a photo or without."""
    xml = SUBMISSION.format(photo=photo[0] if photo else "", instance=f"uuid:{uuid_of(word)}")
    parts: dict[str, object] = {"xml_submission_file": (io.BytesIO(xml.encode()), "submission.xml", "text/xml")}
    if photo:
        parts[photo[0]] = (io.BytesIO(photo[1]), photo[0], photo[2])
    answer = county.client.post(f"/key/{county.keys[by]}/submission", data=parts, headers={"X-OpenRosa-Version": "1.0"})
    assert answer.status_code in (201, 202), answer.text
    return xml.encode()


def fill(county: County) -> None:
    """Write records, submissions and problems, and remember how to find them in ``known``."""
    add_record(county, "station one", "worker", {"head": "甲", "hoses": "6", "label": "一号站"}, area=UNIT)
    add_record(
        county, "station two", "neighbour",
        {"head": "=HYPERLINK(1)", "hoses": "-3", "geometry": "39.25 114.75 900 5", "label": "二号站 100%"},
        area=NEXT_UNIT,
    )  # fmt: skip
    add_record(county, "station far", "stranger", {"head": "13800000009", "label": "远站"}, area=FAR_UNIT)
    for word, by, area in (("case one", "worker", UNIT), ("case far", "stranger", FAR_UNIT)):
        fields = {"item": "燃气软管老化", "label": f"隐患 {word}"}
        add_record(county, word, by, fields, type="hazards", action="report", area=area)
    seen = {"hoses": "6"}
    edit(county, "station one", "officer", "phone-a", seen, {"hoses": "5"}, 1)
    edit(county, "station one", "worker", "phone-b", seen, {"hoses": "4"}, 1)
    county.known["xml"] = send(county, "worker", "sent", ("photo.jpg", JPEG, "image/jpeg")).decode()
    send(county, "stranger", "sent far", ("page.html", b"<script>1</script>", "text/html"))
    county.store.write(_place_case)


def _place_case(tx) -> None:
    """Give one case to a body, overdue, until the workflow can do that; and file two problems."""
    tx.sql.run(
        """
        UPDATE record SET assignee = 'body:dept-gas', due_at = :due, status = 'assigned', stage = 'assign',
                          case_no = 'LY-2026-0007'
         WHERE id = :id
        """,
        {"id": uuid_of("case one"), "due": instants.text(NOON - timedelta(days=200))},
    )
    for path, word in (("130630/100/201/001", "station one"), ("130630/101/201/001", "station far")):
        problems.add(tx, Problem(ProblemKind.MISFIT, path, "水带数不是整数，请核对。", record=uuid_of(word)))
