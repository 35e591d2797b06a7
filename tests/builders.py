"""Builds what the phones' stories need: a valley of the county behind its real server, and phones that talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from flask import Flask

from server.admin.store import invariants
from server.app import close, create_app
from server.db import database
from server.db.database import Database
from server.forms.store import codes
from server.forms.store.codes import Code
from server.forms.usecases import publish
from server.forms.usecases.publish import Prepared
from server.forms.usecases.xform.reader import read_xform
from server.forms.usecases.xlsform import child_process, conversion
from server.grid.domain.areas import Area, Place, level_of, parent_code
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.people.usecases import phone_keys
from server.records.store import records
from server.settings import Settings
from server.staffing.usecases import enrolment
from tests import field_forms as forms
from tests.odk_collect import Phone

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
Lay = Callable[[Any], list[str]]
EVERYTHING = Scope(places=(Place("130630"),))
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


class Clock:
    """A clock that a story sets; each look moves it on by a millisecond, so that nothing happens twice at once."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@cache
def prepared(form: str, media: tuple[tuple[str, bytes], ...] = ()) -> Prepared:
    """Convert an XLSForm in this process, once a test run: neither a child nor Java takes part."""
    converted = conversion.read_outcome(child_process.converted(form.encode(), ".md"))
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


@contextmanager
def a_valley(folder: Path, lay: Lay | None = None, **settings: object) -> Iterator[Valley]:
    """Serve a valley with its grid, people and forms; what we promise of a database holds when it ends.

    lay: fills the database with something else and returns the names of its people.
    """
    clock = Clock()
    content, keys = laid(lay or _lay)
    folder.mkdir()
    (folder / database.FILE_NAME).write_bytes(content)
    with patch.object(database, "system_clock", clock):
        app = create_app(replace(Settings(folder), **settings))
    valley = Valley(app, clock, dict(keys))
    yield valley
    with valley.store.reading() as reading:
        broken = list(invariants.broken(reading))
        spoken_of = {sha256 for sha256, _ in invariants.referenced_blobs(reading)}
    kept = {path.parent.name + path.name for path in valley.blobs()}
    close(app)
    assert broken == []
    assert spoken_of <= kept


@cache
def laid(lay: Lay) -> tuple[bytes, dict[str, str]]:
    """Return the database of a valley nobody has worked in yet, and the keys of its people; laid once a test run."""
    with TemporaryDirectory() as name:
        database.create(Path(name))
        store = database.open_inline(Path(name), clock=Clock())
        people = store.write(lay)
        keys = {person: store.write(lambda tx, p=person: phone_keys.issue(tx, p, by="test")) for person in people}
        store.close()
        return (Path(name) / database.FILE_NAME).read_bytes(), keys


def _lay(tx) -> list[str]:
    areas.add(tx, [Area(code, name, level_of(code), parent_code(code)) for code, name in GRID.items()])
    codes.replace_list(tx, "hazard_items", ITEMS)
    for form in FORMS:
        publish.publish(tx, form, None)
    for name, role, area in PEOPLE:
        enrolment.add_user(tx, name, role=role, area=area, by="test")
    return [name for name, _, _ in PEOPLE]
