"""A county with a marked word planted in each place, and somebody in each role: who reads a word may see its place."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from PIL import Image

from server.cases.domain.rechecks import Stratum
from server.cases.store import rechecks
from server.cases.store.rechecks import Recheck
from server.forms.usecases import publish
from server.grid.domain.areas import path_of
from server.people.domain.passwords import PasswordState
from server.people.store import people
from server.photos.usecases import form_photos
from server.staffing.usecases import enrolment
from tests import field_forms as forms
from tests.api_county import PASSWORD
from tests.county import County, add_grid, add_people, prepared
from tests.field_clients import Client
from tests.filled_forms import Filled, a_hazard, a_station, a_visit, new_uuid, photo
from tests.passwords import hash_of

COUNTY, TOWN, FAR_TOWN, THIRD_TOWN = "130630000000", "130630100000", "130630101000", "130630103000"
UNITS = {
    "own": "130630100201001",
    "shop": "130630100201002",
    "near": "130630100202001",
    "far": "130630101201001",
    "gas": "130630103201001",
}
"""The unit of each place: the role's own, one beside it, one of another village, of another town, of a third."""

MARKS = {place: f"zq{place}" for place in UNITS}
"""The word that stands in all that people wrote in a place, and nowhere else. Names of areas are no secret."""

GRID = {
    COUNTY: "涞源县",
    TOWN: "白石山镇",
    "130630100201": "荆山口村村民委员会",
    UNITS["own"]: "第1单元",
    UNITS["shop"]: "第2单元",
    "130630100202": "插箭岭村村民委员会",
    UNITS["near"]: "第1单元",
    FAR_TOWN: "走马驿镇",
    "130630101201": "水云乡村村民委员会",
    UNITS["far"]: "第1单元",
    THIRD_TOWN: "王安镇",
    "130630103201": "张家村村民委员会",
    UNITS["gas"]: "第1单元",
}
BODIES = (
    ("gas", "燃气主管部门", "department", COUNTY),
    ("shop", "演示小卖部02", "premises", "130630100201"),
    *((f"body-{place}", f"{MARKS[place]}场所", "premises", UNITS[place][:12]) for place in ("own", "near", "far")),
)
MONTH = "2026-06"
"""A month that was filed."""

ROLES = {
    "grid_worker": (UNITS["own"], None),
    "grid_leader": ("130630100201", None),
    "village_officer": ("130630100201", None),
    "police": ("130630100201", None),
    "town_station": (TOWN, None),
    "dept_handler": (COUNTY, "gas"),
    "brigade": (COUNTY, None),
    "county_admin": (COUNTY, None),
    "unit_manager": ("130630100201", "shop"),
    "station_head": ("130630100201", "shop"),
    "viewer": ("130630100201", None),
    "auditor": ("130630100201", None),
}
"""Where each role is held here, and for which body."""

FORMS = (forms.station_new(), forms.STATION_EDIT, forms.HAZARD, forms.HAZARD_STEP, forms.PATROL)


def lay(tx: Any) -> list[str]:
    """Fill an empty database: grid, bodies, forms, somebody in each role, a worker and an officer in each place."""
    own = {"password_hash": hash_of(PASSWORD), "password_state": PasswordState.OWN}
    add_grid(tx, GRID)
    for code, name, kind, area in BODIES:
        enrolment.add_body(tx, code, name=name, kind=kind, area=area, by="test", contact=f"{name} 值班")
    names = [
        *add_people(tx, [(role, role, area, body) for role, (area, body) in ROLES.items()], **own),
    ]
    for place, unit in UNITS.items():
        mark = MARKS[place]
        names += add_people(tx, [(f"worker-{place}", "grid_worker", unit)], display=f"{mark}网格员")
        names += add_people(tx, [(f"officer-{place}", "village_officer", unit[:12])], display=f"{mark}干部")
    for form in FORMS:
        publish.publish(tx, prepared(form), None)
    return names


def fill(county: County) -> None:
    """Let people write everything that there is to read, in each place."""
    for place in ("own", "near", "far"):
        _fill_place(county, place)
    assert county.post(f"/monthly-reports/{MONTH}/freeze", "brigade", {}).status_code == 201
    for place in ("shop", "gas"):
        _case(county, place, f"body:{place}", by="brigade")


def _fill_place(county: County, place: str) -> None:
    mark, unit, phone = MARKS[place], UNITS[place], county.phone(f"worker-{place}")
    station = new_uuid()
    sent = a_station(station, head=f"{mark}站长", area=unit, before=f"{mark}.jpg")
    assert phone.send(sent, photo(f"{mark}.jpg", f"\xff\xd8 {mark}".encode())).status_code == 201
    for name, value in (("officer", "乙"), ("worker", "丙")):
        edit = Client(county, f"{name}-{place}").change(
            station, "edit", fields={"head": (f"{mark}站长", f"{mark}{value}")}, base_version=1
        )
        Client(county, f"{name}-{place}").push(edit)
    phone.send(a_visit(new_uuid(), 1, head=f"{mark}早到的"))
    phone.send(Filled("station_new", {"head": f"{mark}旧版"}, version="99"))
    patrol = Client(county, f"worker-{place}").change(
        new_uuid(), type="patrols", area=unit,
        fields={"place": (None, f"{mark}街"), "premises_count": (None, "9"), "label": (None, f"{mark}巡查")},
    )  # fmt: skip
    assert Client(county, f"worker-{place}").push(patrol)[0]["verdict"] == "applied"
    pictured = _pictured(county, place)
    case = _case(county, place, f"user:worker-{place}", by=f"officer-{place}")
    _ask(county, case, place)
    _transfer(county, _case(county, place, f"user:worker-{place}", by=f"officer-{place}"), place)
    found = {name: county.ids(f"/{name}", f"officer-{place}") for name in ("submissions", "problems")}
    duties = county.get(f"/users/worker-{place}/duties", f"officer-{place}").json["items"]
    county.known |= {f"{place} {name}": " ".join(ids) for name, ids in found.items()}
    county.known |= {
        f"{place} records": f"{station} {case} {pictured}",
        f"{place} duties": " ".join(each["id"] for each in duties),
    }


def _pictured(county: County, place: str) -> str:
    """Make a record over JSON with a photo whose bytes say the word of its place; return it."""
    mark, record, drawn = MARKS[place], new_uuid(), io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "JPEG", comment=mark.encode())
    drawn.seek(0)
    with county.store.reading() as reading:
        by = people.actor(reading, f"worker-{place}")
    blobs = county.blob_store
    kept = form_photos.receive(county.store, blobs, drawn, f"{mark}.jpg", "image/jpeg", by=by)
    made = Client(county, f"worker-{place}").change(
        record,
        area=UNITS[place],
        fields={"head": (None, f"{mark}站长"), "label": (None, f"{mark}站")},
        attachments=[kept._asdict()],
    )
    assert Client(county, f"worker-{place}").push(made)[0]["verdict"] == "applied"
    county.known[f"{place} picture"] = kept.name
    return record


def _drawn(county: County, case: str, place: str) -> None:
    """Let a case be one of those that were drawn to be checked again."""
    path, at = path_of(UNITS[place]), "2026-11-30T00:00:00.000Z"
    town = "/".join(path.split("/")[:2])
    county.do(rechecks.add, Recheck(case, "2026-W48", town, path, Stratum.SPOT, at, at))


def _case(county: County, place: str, assignee: str, *, by: str) -> str:
    """Report a case and give it to ``assignee``; return its record."""
    case, mark = new_uuid(), MARKS[place]
    worker = county.phone(f"worker-{place}")
    assert worker.send(a_hazard(case, place=f"{mark}三号楼", area=UNITS[place], item=f"{mark}隐患")).status_code == 201
    note = {"assignee": assignee, "note": f"{mark}说明"}
    answer = county.post(f"/records/{case}/changes", by, {"action": "assign", "fields": note})
    assert answer.status_code == 200, answer.text
    return case


def _ask(county: County, case: str, place: str) -> None:
    """Let the handler of a case ask to give it back, be declined, and ask once more."""
    _drawn(county, case, place)
    mark, address = MARKS[place], f"/records/{case}/changes"
    asked = {"action": "ask_return", "fields": {"reason": f"{mark}申请"}}
    declined = {"action": "decline_return", "fields": {"reason": f"{mark}不同意"}}
    for who, act in ((f"worker-{place}", asked), (f"officer-{place}", declined), (f"worker-{place}", asked)):
        answer = county.post(address, who, act)
        assert answer.status_code == 200, answer.text


def _transfer(county: County, case: str, place: str) -> None:
    """Let a case be handed over to an outside body, where it is looked at each month."""
    asked = {"body": "供电公司", "reason": f"{MARKS[place]}移交"}
    for who, action, fields in (
        (f"officer-{place}", "ask_transfer", asked),
        ("brigade", "transfer", {"body": "供电公司", "document": "函1号"}),
    ):
        answer = county.post(f"/records/{case}/changes", who, {"action": action, "fields": fields})
        assert answer.status_code == 200, answer.text


def named_in(county: County, place: str) -> dict[str, list[str]]:
    """Return what the arguments of routes may name in a place: argument to values."""
    ids = {name: county.known[f"{place} {name}"].split() for name in ("records", "submissions", "problems", "duties")}
    return {
        "record_id": ids["records"],
        "submission_id": ids["submissions"],
        "problem_id": ids["problems"],
        "duty_id": ids["duties"][:1],
        "name": [f"worker-{place}"],
        "file": [f"{MARKS[place]}.jpg"],
        "picture": [county.known[f"{place} picture"]],
        "code": [UNITS[place], UNITS[place][:12]],
        "body_code": [f"body-{place}"],
        "month": [MONTH],
        "type_name": ["stations", "patrols"],
    }


def text_of(answer: Any) -> str:
    """Return all that an answer says, workbooks and archives unpacked."""
    data = answer.data
    if data[:2] != b"PK":
        return str(data.decode("utf-8", "replace"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "\n".join(f"{name}\n{archive.read(name).decode('utf-8', 'replace')}" for name in archive.namelist())


def marks_in(answer: Any) -> set[str]:
    """Return the places whose word an answer says."""
    text = text_of(answer)
    return {place for place, mark in MARKS.items() if mark in text or mark in str(answer.headers)}
