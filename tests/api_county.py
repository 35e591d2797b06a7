"""A small county behind the API, with invented people in every role and records of each kind."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from server import instants
from server.app import close
from server.changes.usecases import write
from server.changes.usecases.write import Outcome
from server.forms.usecases import publish
from server.forms.usecases.publish import Prepared
from server.people.domain.passwords import PasswordState
from server.people.store import people
from server.problems.domain.problems import Problem, ProblemKind
from server.problems.store import problems
from server.staffing.usecases import enrolment
from server.submissions.store import sent_files
from server.submissions.store.sent_files import SentFile
from sync.changes import AttachmentName, Change, Dot, FieldWrite
from tests.county import NOON, County, add_grid, add_people, open_county, prepared
from tests.passwords import hash_of

COUNTY, TOWN, OTHER_TOWN = "130630000000", "130630100000", "130630101000"
MONTH = "2026-06"
"""A month whose sheet was filed."""

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
    return [prepared(STATION_FORM), prepared(HAZARD_FORM)]


@pytest.fixture(scope="session")
def county(tmp_path_factory) -> Iterator[County]:
    """The county that reading tests share; nobody changes it."""
    made = open_county(tmp_path_factory.mktemp("county") / "data", lay, fill)
    yield made
    close(made.app)


@pytest.fixture
def county_to_change(tmp_path) -> Iterator[County]:
    """The same county for one test alone, which may write to it."""
    made = open_county(tmp_path / "data", lay, fill)
    yield made
    close(made.app)


@pytest.fixture
def office(tmp_path) -> Iterator[County]:
    """A county of one's own, without forms and records."""
    made = open_county(tmp_path / "data", lay_people)
    yield made
    close(made.app)


def lay(tx: Any) -> list[str]:
    """Fill an empty database with the county: grid, people, one body and two forms."""
    names = lay_people(tx)
    for form in (STATION_FORM, HAZARD_FORM):
        publish.publish(tx, prepared(form), None)
    return names


def lay_people(tx: Any) -> list[str]:
    """Fill an empty database with the county but for its forms."""
    password = hash_of(PASSWORD)
    add_grid(tx, NAMES)
    enrolment.add_body(
        tx, "dept-gas", name="燃气主管部门", kind="department", area=COUNTY, by="test", contact="值班 13800000001"
    )
    for person in PEOPLE:
        add_people(tx, [person], display=person[0], password_hash=password, password_state=PasswordState.OWN)
    ended = instants.text(NOON - timedelta(days=300))
    own = {"password_hash": password, "password_state": PasswordState.OWN}
    add_people(tx, [("gone", "grid_worker", UNIT)], ends_at=ended, **own)
    return [*(name for name, *_ in PEOPLE), "gone"]


def lay_police(tx: Any) -> list[str]:
    """Fill an empty database as ``lay_people`` does, and with somebody whom no right shows summaries."""
    own = {"password_hash": hash_of(PASSWORD), "password_state": PasswordState.OWN}
    return [*lay_people(tx), *add_people(tx, [("police", "police", TOWN)], **own)]


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


def edit(
    county: County, word: str, by: str, origin: str, seen: Mapping[str, str], new: Mapping[str, str], base: int,
    type: str = "stations",
):  # fmt: skip
    """Edit a record from version ``base``, where its author saw ``seen``."""
    change = Change(
        id=uuid_of(f"edit {word} {origin} {sorted(new.items())}"),
        record=uuid_of(word),
        type=type,
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


def keep_photo(county: County, by: str, name: str, content: bytes) -> AttachmentName:
    """Keep a photo as if ``by`` had uploaded it; return what names it in a change."""
    incoming = county.blob_store.incoming()
    incoming.write(content)
    kept = county.blob_store.keep(incoming)
    county.do(sent_files.add, SentFile(kept.sha256, kept.size, "image/jpeg"), by)
    return AttachmentName(name, kept.sha256, kept.size, "image/jpeg")


def fill(county: County) -> None:
    """Write records, submissions and problems, and remember how to find them in ``known``."""
    photo = keep_photo(county, "worker", "photo.jpg", JPEG)
    values = {"head": "甲", "hoses": "6", "label": "一号站"}
    add_record(county, "station one", "worker", values, area=UNIT, attachments=(photo,))
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
    assert county.post(f"/monthly-reports/{MONTH}/freeze", "brigade", {}).status_code == 201


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
