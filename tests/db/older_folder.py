"""Makes the data folder of a county of six areas, and asks everybody's questions of it.

Both go by what never changes from version to version: commands, addresses, words. So the folder that an older version
made can be opened by this one, and the answers compared. Run by itself, with an empty directory, it makes both for the
version that runs it: ``python -m tests.db.older_folder DIRECTORY``.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import lzma
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid5
from xml.etree import ElementTree as ET

import click
from click.testing import CliRunner
from flask import Flask
from werkzeug.test import TestResponse

from server.app import close, create_app
from server.cli.main import main as firegrid
from server.db import database
from server.db.folder import FILE_NAME
from server.settings import Settings

GRID = """code,name
130630000000,涞源县
130630106000,白石山镇
130630106201,荆山口村村民委员会
130630106201001,第1单元
130630106201002,第2单元
130630106202,花园村村民委员会
"""
PEOPLE = {
    "worker": ("grid_worker", "130630106201001", "演示甲"),
    "neighbour": ("grid_worker", "130630106201002", "演示乙"),
    "officer": ("village_officer", "130630106201", "演示丙"),
    "town": ("town_station", "130630106000", "演示丁"),
    "brigade": ("brigade", "130630000000", "演示戊"),
}
BEGINS = datetime(2026, 4, 1, 1, tzinfo=UTC)
ENDS = BEGINS + timedelta(days=20)
HEADERS = {"X-OpenRosa-Version": "1.0", "User-Agent": "org.koboc.collect.android/v2025.3.3 Dalvik"}
ENTITY_LISTS = ("hazards.csv", "micro_stations.csv")
PHOTO = b"\xff\xd8\xff\xe0 an invented photo"
KEPT = Path(__file__).with_name("folder_0019")
"""The folder that the version made whose last step is 0019."""


def uuid_of(word: str) -> str:
    """Return the same UUID version 4 for the same word."""
    return str(UUID(bytes=uuid5(UUID(int=0), word).bytes, version=4))


class County:
    """A county behind its application, with a clock that is set. keys: user name to phone key."""

    def __init__(self, app: Flask, keys: Mapping[str, str]) -> None:
        self.app = app
        self.keys = keys

    def get(self, name: str, path: str) -> TestResponse:
        """Ask the API as a person."""
        headers = HEADERS | {"Authorization": f"Key {self.keys[name]}"}
        return self.app.test_client().get(f"/api/v1/{path}", headers=headers, buffered=True)

    def act(self, name: str, record: str, action: str, base_version: int | None = None, **fields: str) -> None:
        """Take an act on a record as a person at a desk; from ``base_version`` where it is an edit."""
        based = {} if base_version is None else {"base_version": base_version}
        answer = self.app.test_client().post(
            f"/api/v1/records/{record}/changes",
            json={"action": action, "fields": fields, **based},
            headers={"Authorization": f"Key {self.keys[name]}"},
        )
        assert answer.status_code == 200, answer.text

    def phone(self, name: str, path: str) -> TestResponse:
        """Ask as a phone does. path: below its address, or a URL that the server gave."""
        url = path if path.startswith("http") else f"/key/{self.keys[name]}/{path}"
        return self.app.test_client().get(url, headers=HEADERS, buffered=True)

    def send(self, name: str, form: str, number: str, answers: Mapping[str, str], **about: str) -> None:
        """Send a filled built-in form with the photos that it names. about: of the record it is about."""
        photos = [each for each in answers.values() if each.endswith(".jpg")]
        answer = self.post(name, self.filled(name, form, number, answers, **about), *photos)
        assert answer.status_code in (201, 202), answer.text

    def post(self, name: str, xml: bytes, *photos: str) -> TestResponse:
        """Post a submission with files of these names."""
        files = {"xml_submission_file": (io.BytesIO(xml), "form.xml")}
        files |= {each: (io.BytesIO(PHOTO), each) for each in photos}
        return self.app.test_client().post(f"/key/{self.keys[name]}/submission", data=files, headers=HEADERS)

    def filled(
        self, name: str, form: str, number: str, answers: Mapping[str, str], *, label: str, base: str = "", id: str = ""
    ) -> bytes:
        """Return what a phone makes of a form. base: version of the record that it holds, empty for a new one."""
        html = ET.fromstring(self.phone(name, f"forms/{form}.xml").data)
        root = next(node for node in html.iter() if node.tag.endswith("}instance"))[0]
        for node in list(root.iter()):
            kind = node.tag.rpartition("}")[2]
            if kind == "entity":
                flags = {"create": "" if base else "1", "update": "1" if base else "", "baseVersion": base}
                node.attrib |= {"id": id or uuid_of(number), **{flag: value for flag, value in flags.items() if value}}
            elif kind == "instanceID":
                node.text = f"uuid:{uuid_of(f'instance {number}')}"
            elif kind == "label" and not base:
                node.text = label
            elif kind in ("start", "end"):
                node.text = "2026-04-01T09:00:00.000+08:00"
            elif len(node) == 0:
                node.text = answers.get(kind) or node.text
        return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def running(begins: datetime) -> Callable[[], datetime]:
    """Return a clock that moves on by a millisecond each time it is read."""
    return partial(next, (begins + timedelta(milliseconds=n) for n in range(100_000)))


@contextmanager
def opened(folder: Path, clock: Callable[[], datetime], keys: Mapping[str, str]) -> Iterator[County]:
    """Open a folder as of the clock's instant."""
    with patch.object(database, "system_clock", clock):
        app = create_app(Settings(folder))
        try:
            yield County(app, keys)
        finally:
            close(app)


def commanded(*arguments: str) -> str:
    """Return what a command of ``firegrid`` prints."""
    found = CliRunner().invoke(firegrid, arguments, catch_exceptions=False)
    if found.exit_code:
        raise click.ClickException(found.output)
    return found.output


def make(folder: Path) -> dict[str, str]:
    """Make the folder, let three weeks of work happen in it, and return the phone keys by name."""
    grid = folder.with_name("grid.csv")
    grid.write_text(GRID, encoding="utf-8")
    keys = {}
    with patch.object(database, "system_clock", lambda: BEGINS):
        commanded("init", "--grid", str(grid), "--data", str(folder))
        commanded("body", "add", "shop", "--name", "演示小卖部", "--kind", "premises", "--area", "130630106201",
                  "--data", str(folder))  # fmt: skip
        for name, (role, area, display) in PEOPLE.items():
            commanded("user", "add", name, "--role", role, "--area", area, "--display", display, "--data", str(folder))
            printed = commanded("user", "key", name, "--data", str(folder))
            keys[name] = printed.split("/key/")[1].split()[0].strip("/")
    for day, work in enumerate((first_day, second_day, third_day, fourth_day), start=1):
        with opened(folder, running(BEGINS + timedelta(days=day)), keys) as county:
            work(county)
    return keys


def report(
    county: County, name: str, word: str, action: str = "report", item: str = "stove_flue_unsafe", **more: str
) -> None:
    """Report a hazard from a phone."""
    fixed = action == "spot_close"
    answers = {
        "area": PEOPLE[name][1],
        "place": f"演示民宿{word}",
        "item": item,
        "category": "fire_use",
        "action": action,
    }
    answers |= {"item_label": "演示隐患", "severity": "general", "fixed_now": "yes" if fixed else "no"}
    answers |= {"no_photo_reason": "privacy"} if fixed else {}
    county.send(name, "hazard_report", word, answers | more, label=f"演示民宿{word}｜演示隐患")


def first_day(county: County) -> None:
    report(county, "worker", "01", photo="01.jpg")
    report(county, "worker", "02", "spot_close", "open_flame_hot_area", spot_ok="1")
    report(county, "worker", "03", "spot_close", "hose_aged", spot_ok="0", category="gas")
    for word in ("04", "05", "06", "07"):
        report(county, "neighbour", word)
    county.send("worker", "patrol", "patrol", {"premises_count": "12", "result": "nothing", "place": "主街",
                "area": PEOPLE["worker"][1], "patrolled_on": "2026-04-02"}, label="2026-04-02 主街")  # fmt: skip
    station = {"task": "register", "title": "演示站", "place": "主街1号", "head": "演示甲", "staff_count": "6"}
    county.send("worker", "micro_station", "station", station | {"area": PEOPLE["worker"][1]}, label="演示站")
    unknown = county.filled("worker", "patrol", "unknown", {"premises_count": "3"}, label="")
    assert county.post("worker", unknown.replace(b'id="patrol"', b'id="patrol_of_yore"')).status_code == 404


def second_day(county: County) -> None:
    for word in ("01", "04", "05"):
        county.act("officer", uuid_of(word), "assign", assignee="user:worker", due_on="2026-04-08")
    county.act("officer", uuid_of("06"), "reject", reason="not_fire")
    county.act("officer", uuid_of("03"), "rework", reason="not_fixed", due_on="2026-04-05")
    county.act("officer", uuid_of("station"), "edit", base_version=1, head="演示丙")
    county.act("town", uuid_of("station"), "edit", base_version=1, head="演示丁")


def third_day(county: County) -> None:
    for word in ("01", "04"):
        done = {"hazard_id": uuid_of(word), "act": "accept", "action": "accept", "status": "accepted"}
        county.send("worker", "hazard_task", f"accept {word}", done, label="", base="2", id=uuid_of(word))
    done = {"hazard_id": uuid_of("01"), "act": "feedback", "action": "feedback", "result_code": "fixed"}
    done |= {"fixed_photo": "fixed.jpg", "status": "feedback"}
    county.send("worker", "hazard_task", "feedback 01", done, label="", base="3", id=uuid_of("01"))
    county.act("worker", uuid_of("04"), "ask_extension", reason="material", until="2026-04-12")


def fourth_day(county: County) -> None:
    county.act("officer", uuid_of("01"), "close")
    county.act("town", uuid_of("04"), "extend", reason="material", due_on="2026-04-12")
    county.act("worker", uuid_of("05"), "ask_return", reason="not_my_duty")
    county.act("officer", uuid_of("05"), "return", reason="not_my_duty")


def answers(county: County) -> dict[str, Any]:
    """Return what the county answers to everybody: as JSON where it is, tables by row, bytes as their SHA-256."""
    records = sorted(each["id"] for each in county.get("brigade", "records?limit=100").json["items"])
    sent = [each["id"] for each in county.get("brigade", "submissions?limit=100").json["items"]]
    closure = "summaries/closure?from=2026-04-01&to=2026-04-30"
    asked = {
        "records": "records?limit=100",
        **{f"record {id}": f"records/{id}" for id in records},
        **{f"history {id}": f"records/{id}/history" for id in records},
        "conflicts": "records?conflict=true",
        "submissions": "submissions?limit=100",
        "problems": "problems?limit=100",
        "areas": "areas",
        "people": "users?limit=100",
        **{f"summary by {by}": f"{closure}&by={by}" for by in ("town", "village", "unit", "category", "month")},
        "summary as of the third day": f"{closure}&as_of=2026-04-03T12:00:00.000Z",
        **{
            f"cases behind {figure}": f"{closure.replace('closure?', 'closure/cases?')}&figure={figure}"
            for figure in ("cases", "closed", "handling_overdue", "dispatches", "result:fixed")
        },
    }
    found: dict[str, Any] = {name: county.get("brigade", path).json for name, path in asked.items()}
    for name in [name for name in found if name.startswith("summary")]:
        del found[name]["figures"]  # what each figure is called: the product's own
    for person in found["people"]["items"]:
        del person["phones"]  # which of them asked last
    found["records as a table"] = rows(county.get("brigade", "records.csv?labels=false").data)
    found["ledger"] = rows(county.get("brigade", "records/ledger.csv").data)
    # Asked by who reads them whole: others are shown masks in them today.
    found["sent"] = {id: digest(county.get("officer", f"submissions/{id}.xml").data) for id in sent}
    found["photos"] = {id: photos(county, id) for id in sent}
    found["items of the worker"] = county.get("worker", "items").json
    found["pulls"] = {name: pulled(county, name) for name in PEOPLE}
    found["phones"] = {name: on_phone(county, name) for name in PEOPLE}
    return found


def photos(county: County, submission: str) -> dict[str, str]:
    """Return the files of a submission by name."""
    listed = county.get("brigade", f"submissions/{submission}/attachments").json["items"]
    return {
        each["name"]: digest(county.get("brigade", f"submissions/{submission}/attachments/{each['name']}").data)
        for each in listed
    }


def pulled(county: County, name: str) -> dict[str, Any]:
    """Return what a field client of a person holds of records after its first pull, and the sums that it checks."""
    headers = HEADERS | {"Authorization": f"Key {county.keys[name]}"}
    answer: dict[str, Any] = county.app.test_client().post("/api/v1/sync/pull", json={}, headers=headers).json
    return {
        "checks": answer["checks"],
        "more": answer["more"],
        "ops": [each for each in answer["ops"] if each["bucket"] != "county"],
    }


def on_phone(county: County, name: str) -> dict[str, Any]:
    """Return what a phone downloads: its forms, and the files of each with hash and ETag, entity lists row by row."""
    found: dict[str, Any] = {"forms": texts(county.phone(name, "formList").data)}
    for form in found["forms"]:
        for file in texts(county.phone(name, form["manifestUrl"]).data) if "manifestUrl" in form else ():
            served = county.phone(name, file["downloadUrl"])
            found[f"{form['formID']} {file['filename']}"] = {
                "hash": file["hash"],
                "etag": served.headers.get("ETag"),
                "content": rows(served.data) if file["filename"] in ENTITY_LISTS else digest(served.data),
            }
    return found


def texts(xml: bytes) -> list[dict[str, str]]:
    return [{each.tag.rpartition("}")[2]: each.text or "" for each in node} for node in ET.fromstring(xml)]


def rows(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline="")))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def keep(folder: Path, keys: Mapping[str, str], kept: Path) -> None:
    """Keep a folder as text that a reader can look into, with the keys and the answers beside it."""
    kept.mkdir(parents=True)
    with opened(folder, lambda: ENDS, keys) as county:
        told = {"keys": dict(keys), "answers": answers(county)}
    (kept / "answers.json.xz").write_bytes(lzma.compress(json.dumps(told, ensure_ascii=False, indent=1).encode()))
    connection = sqlite3.connect(folder / FILE_NAME)
    script = "\n".join(connection.iterdump())
    connection.close()
    (kept / "firegrid.sql.xz").write_bytes(lzma.compress(script.encode()))
    shutil.copytree(folder / "blobs", kept / "blobs")


def unpacked(kept: Path, folder: Path) -> dict[str, Any]:
    """Make a folder of what ``keep`` kept, and return the keys and the answers."""
    shutil.copytree(kept / "blobs", folder / "blobs")
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.executescript(lzma.decompress((kept / "firegrid.sql.xz").read_bytes()).decode())
    connection.close()
    told: dict[str, Any] = json.loads(lzma.decompress((kept / "answers.json.xz").read_bytes()))
    return told


if __name__ == "__main__":
    made = Path(sys.argv[1]) / "data"
    keep(made, make(made), Path(sys.argv[1]) / "kept")
