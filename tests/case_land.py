"""Builds what the stories of cases need: a county with people in every role, and phones that act on cases."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.cases.domain.workflow import INPUTS
from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest
from server.changes.usecases.recording import Outcome
from server.db.sql import Row as SqlRow
from server.forms.usecases import code_lists, publish
from server.people.store import people
from server.records.domain.records import Record
from server.staffing.usecases import enrolment
from tests.api_county import keep_photo
from tests.county import County, a_county, add_grid, add_people, prepared
from tests.filled_forms import Entity, File, Filled, new_uuid
from tests.odk_collect import Collect, Phone, Row

COUNTY, TOWN, VILLAGE, NEXT_VILLAGE = "130630000000", "130630106000", "130630106201", "130630106202"
UNIT, NEXT_UNIT, FAR_UNIT = "130630106201001", "130630106201002", "130630106202001"
CITY, ESTATE, OLD_VILLAGE, NEW_VILLAGE = "130630100000", "130630100400", "130630100228", "130630100229"
GRID = {
    COUNTY: "涞源县",
    TOWN: "白石山镇",
    VILLAGE: "荆山口村村民委员会",
    UNIT: "第1单元",
    NEXT_UNIT: "第2单元",
    NEXT_VILLAGE: "花园村村民委员会",
    FAR_UNIT: "第1单元",
    CITY: "涞源镇",
    ESTATE: "福泽园社区居民委员会",
    f"{ESTATE}001": "第1单元",
    f"{ESTATE}002": "第2单元",
    OLD_VILLAGE: "顾家营村村民委员会",
    f"{OLD_VILLAGE}001": "第1单元",
    NEW_VILLAGE: "张家村村民委员会",
    f"{NEW_VILLAGE}001": "第1单元",
}
BODIES = (
    ("city_mgmt", "城管局", "department", COUNTY),
    ("shop", "演示小卖部02", "premises", VILLAGE),
    ("committee", "荆山口村委会", "village_committee", VILLAGE),
)
PEOPLE = (
    ("worker", "grid_worker", UNIT, None),
    ("neighbour", "grid_worker", NEXT_UNIT, None),
    ("leader", "grid_leader", VILLAGE, None),
    ("officer", "village_officer", VILLAGE, None),
    ("secretary", "village_officer", VILLAGE, "committee"),
    ("police", "police", VILLAGE, None),
    ("town", "town_station", TOWN, None),
    ("clerk", "dept_handler", COUNTY, "city_mgmt"),
    ("manager", "unit_manager", VILLAGE, None),
    ("brigade", "brigade", COUNTY, None),
    ("admin", "county_admin", COUNTY, None),
    ("viewer", "viewer", COUNTY, None),
    ("stranger", "grid_worker", FAR_UNIT, None),
    ("east", "grid_worker", f"{ESTATE}001", None),
    ("west", "grid_worker", f"{ESTATE}002", None),
    ("estate", "village_officer", ESTATE, None),
    ("old", "grid_worker", f"{OLD_VILLAGE}001", None),
    ("city", "town_station", CITY, None),
)
NAMES = tuple(name for name, *_ in PEOPLE)

_KIND = {"attribute::fg:kind": "case", "attribute::fg:title": "火灾隐患", "namespaces": 'fg="urn:firegrid:xforms"'}
_CLAIMED = ("status", "todo")
_PHOTOS = ("fixed_photo", "fixed_photo_2")


def _form(id: str, rows: list[tuple[str, ...]], entities: Mapping[str, str], **settings: str) -> str:
    """Return an XLSForm; its rows are type, name, save_to, of questions without any layout."""
    survey = "".join(f"| | {type} | {name} | {name} | {saved} |\n" for type, name, saved in rows)
    settings = {"form_title": id, "form_id": id, "version": "1"} | settings
    return f"| survey |\n| | type | name | label | save_to |\n{survey}" + "".join(
        f"| {sheet} |\n| | {' | '.join(cells)} |\n| | {' | '.join(cells.values())} |\n"
        for sheet, cells in (("entities", entities), ("settings", settings))
    )


CASE_NEW = _form(
    "case_new",
    [
        *(("text", name, name) for name in ("item", "category", "place", "area", "action")),
        ("geopoint", "spot", "geometry"),
        ("start", "start", "discovered_at"),
        ("image", "photo", "photo"),
        ("image", "photo_after", "photo_after"),
        ("text", "no_photo_reason", "no_photo_reason"),
        ("csv-external", "hazards", ""),
    ],
    {"list_name": "hazards", "label": "concat(${place}, '｜', ${item})"},
    **_KIND,
)
CASE_ACT = _form(
    "case_act",
    [
        ("end", "end", ""),
        ("select_one_from_file hazards.csv", "hazard", ""),
        *(("text", name, name) for name in ("action", *_CLAIMED, *sorted(INPUTS - {*_PHOTOS}))),
        *(("image", name, name) for name in _PHOTOS),
        ("csv-external", "handlers", ""),
    ],
    {"list_name": "hazards", "label": "''", "entity_id": "${hazard}"},
)

ITEM_LABELS = {"hose_aged": "燃气软管老化", "corridor_blocked": "疏散通道堆物"}


def lay(tx: Any) -> list[str]:
    """Fill an empty database with the county: grid, code lists, bodies, people, and the forms of these tests."""
    names = lay_people(tx)
    for form in (CASE_NEW, CASE_ACT):
        publish.publish(tx, prepared(form), None)
    return names


def lay_people(tx: Any) -> list[str]:
    """Fill an empty database with the county but for its forms, and return the names of its people."""
    add_grid(tx, GRID)
    code_lists.install(tx)
    for code, name, kind, area in BODIES:
        enrolment.add_body(tx, code, name=name, kind=kind, area=area, by="test")
    return add_people(tx, PEOPLE)


class Refused(Exception):
    """The API said no: with which HTTP status, by which rule (code of the Refusal), to which fields."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem['detail']}")
        self.status, self.code = status, problem["type"].rpartition("/")[2]
        self.fields = [error["field"] for error in problem.get("errors", ())]


@dataclass
class Land:
    """The county behind its running server, and what its people do about cases."""

    valley: County

    @property
    def clock(self) -> Any:
        return self.valley.clock

    def report(self, by: str = "worker", *, action: str = "report", item: str = "hose_aged", **values: str) -> str:
        """Report a hazard from a phone that is online, and return the id of its record."""
        filled = a_report(action=action, item=item, **values)
        assert self.valley.phone(by).send(filled).status_code == 201
        return filled.entities[0].id

    def act(self, id: str, action: str, by: str, **inputs: str) -> dict[str, Any]:
        """Let somebody take an act over the API and return the outcome. Raises Refused, and nothing is kept then.

        The scan of a reply comes with it.
        """
        files = [scan_sent(self.valley, by, inputs["scan"])] if inputs.get("scan") else []
        answer = self.valley.app.test_client().post(
            f"/api/v1/records/{id}/changes",
            json={"action": action, "fields": inputs, "attachments": files},
            headers={"Authorization": f"Key {self.valley.keys[by]}"},
        )
        if answer.status_code != 200:
            raise Refused(answer.status_code, answer.json)
        return answer.json

    def lead_to(self, id: str, *acts: tuple[Any, ...]) -> Record:
        """Take acts ``(action, by, inputs)`` in turn, and return the record as they leave it."""
        for action, by, *inputs in acts:
            self.act(id, action, by, **(inputs[0] if inputs else {}))
        return self.record(id)

    def record(self, id: str) -> Record:
        record = self.valley.record(id)
        assert record is not None, f"there is no record {id}"
        return record

    def phone(self, name: str) -> CasePhone:
        """Return somebody's phone with its list just downloaded."""
        held = CasePhone(self.valley.phone(name))
        held.pull()
        return held

    def listed(self, name: str) -> dict[str, dict[str, str]]:
        """Return the cases on somebody's phone as the server lists them now, by id; none where no form acts on them."""
        phone = self.valley.phone(name)
        here = any(form["formID"] == "case_act" for form in phone.listed())
        return phone.list("case_act", "hazards.csv") if here else {}

    def file(self, id: str, by: str) -> dict[str, Any]:
        """Return the record as ``by`` reads it over the API, with all that stands beside it."""
        key = {"Authorization": f"Key {self.valley.keys[by]}"}
        answer = self.valley.app.test_client().get(f"/api/v1/records/{id}", headers=key)
        assert answer.status_code == 200, answer.text
        return answer.json

    def history(self, id: str) -> list[SqlRow]:
        sql = "SELECT version, action, author, verdict, diff FROM revision WHERE record = :id ORDER BY version"
        return self.valley.rows(sql, id=id)


@contextmanager
def a_land(folder: Path) -> Iterator[Land]:
    """Serve the county of the case stories; what we promise of a database holds when it ends."""
    with a_county(folder, lay) as valley:
        yield Land(valley)


def scan_sent(county: County, by: str, name: str) -> dict[str, Any]:
    """Send the scan of a paper, and return how a change names it."""
    sent = keep_photo(county, by, name, b"a scan")
    return {"name": name, "sha256": sent.sha256, "size": sent.size, "media_type": sent.media_type}


def act(tx: Any, id: str, action: str, by: str, **inputs: str) -> Outcome:
    """Take an act as the API does, inside a transaction. Raises the Refusal that says no."""
    return interactive.change(tx, id, ChangeRequest(action, inputs), by=people.actor(tx, by))


def a_report(id: str | None = None, *, action: str = "report", item: str = "hose_aged", **values: str) -> Filled:
    """Return a report of a hazard as a phone finishes it."""
    filled = {"item": item, "place": "演示民宿07", "category": "gas", "action": action} | values
    label = f"{filled['place']}｜{ITEM_LABELS.get(item, item)}"
    return Filled("case_new", filled, (Entity("hazards", id or new_uuid(), create="1", label=label),))


class CasePhone(Collect):
    """A phone with cases on it: acts offline on the row it holds, as Collect does with our forms."""

    form, list_name = "case_act", "hazards"

    def report(self, **values: str) -> str:
        """Report a hazard offline and return its id."""
        filled = a_report(**values)
        entity = filled.entities[0]
        fields = {name: value for name, value in filled.values.items() if name != "action"}
        self.rows[entity.id] = Row(entity.label or "", 1, fields, None, new_uuid(), online=False)
        self.unsent.append(filled)
        return entity.id

    def act(self, id: str, action: str, **inputs: str) -> Filled:
        """Take an act offline on the row as it is here; what it claims of the case shows in the row at once."""
        row = self.rows[id]
        trunk = "" if row.trunk is None else row.trunk
        block = Entity("hazards", id, update="1", base=row.version, trunk=trunk, branch=row.branch, label="")
        filled = Filled("case_act", {"hazard": id, "action": action, **inputs}, (block,))
        row.fields |= {name: value for name, value in inputs.items() if name in row.fields}
        row.version += 1
        self.unsent.append(filled)
        return filled

    def send(self, *files: File) -> None:
        """Send all that is unsent, each with these photos."""
        sending, self.unsent = self.unsent, []
        for filled in sending:
            named = set(filled.values.values())
            self.phone.send(filled, *(file for file in files if file[0] in named))

    def shown(self, id: str) -> tuple[int, str, dict[str, str]] | None:
        """Return version, label and columns of a row as this phone shows it; None when it is not here."""
        row = self.rows.get(id)
        return None if row is None else (row.version, row.label, row.fields)


def as_listed(row: Mapping[str, str]) -> tuple[int, str, dict[str, str]]:
    """Return a row of a served list in the form of ``CasePhone.shown``."""
    columns = {name: value for name, value in row.items() if name not in ("name", "label", "__version")}
    return int(row["__version"]), row["label"], columns


def rows_of(served: bytes) -> dict[str, dict[str, str]]:
    """Return the rows of a served list by id."""
    return {row["name"]: row for row in csv.DictReader(io.StringIO(served.decode(), newline=""))}


__all__ = ["CasePhone", "Land", "Phone", "Refused", "a_land", "a_report", "act", "as_listed", "lay", "rows_of"]
