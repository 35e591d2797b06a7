"""Builds the counties that tests work in: each begins with a folder laid once a test run, and copied for each test."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

from flask import Flask
from flask.testing import FlaskClient

from server import app as application
from server import instants
from server.admin.store import invariants
from server.app import close
from server.db import database
from server.db.database import Database
from server.db.sql import POSTGRES, SQLITE
from server.forms.usecases import publish
from server.forms.usecases.lists import list_reader
from server.forms.usecases.lists.list_files import is_list
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
from server.submissions.store.blobs import BlobStore
from server.web.addresses import PublicAddresses
from tests.odk_collect import Phone
from tests.web.repeating_client import RepeatingClient

Lay = Callable[[Any], Iterable[str]]
"""Fills an empty database, in a transaction, and returns the names of its people."""
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
EVERYTHING = Scope(places=(Place("130630"),))


class Clock:
    """A clock that a story sets; each look moves it on by a millisecond, so that nothing happens twice at once."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class County:
    """One running server over a folder of its own. keys: user name to phone key; known: what a test named in it."""

    app: Flask
    clock: Callable[[], datetime]
    keys: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Database:
        return application.database_of(self.app)

    @property
    def blob_store(self) -> BlobStore:
        """Where the county keeps files."""
        return application.blobs_of(self.app)

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def get(self, path: str, name: str, **headers: str):
        """Ask ``/api/v1<path>`` as the person ``name``, by their phone key."""
        return self.send("GET", path, name, **headers)

    def post(self, path: str, name: str, body: object = None, **headers: str):
        """Post a JSON body to ``/api/v1<path>`` as the person ``name``."""
        return self.send("POST", path, name, body, **headers)

    def send(self, method: str, path: str, name: str, body: object = None, **headers: str):
        """Send a JSON body (none when None) by any method."""
        shown = {"Authorization": f"Key {self.keys[name]}", **headers}
        return self.client.open(f"/api/v1{path}", method=method, headers=shown, json=body, buffered=True)

    def ids(self, path: str, name: str) -> list[str]:
        """Return the ids in the list at ``path``."""
        answer = self.get(path, name)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json["items"]]

    def phone(self, name: str = "worker") -> Phone:
        return Phone(self, name, f"/key/{self.keys[name]}")

    def found_at(self, url: str | None) -> None:
        """Let the environment of the running server say another public address, None for none."""
        services = self.app.extensions["firegrid"]
        addresses = PublicAddresses(services.database, url)
        self.app.extensions["firegrid"] = replace(services, addresses=addresses)

    def do(self, use_case: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        """Carry a use case out in a transaction of its own."""
        return self.store.write(lambda tx: use_case(tx, *args, **kwargs))

    def was_in_charge(self, name: str, area: str) -> None:
        """Give a person a duty that ended long ago: a change of theirs is quarantined with the record."""
        ended = instants.text(NOON - timedelta(days=300))
        self.do(enrolment.add_duty, name, role="grid_leader", area=area, by="test", ends_at=ended)

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
        """Return the verdicts on all changes of a record, in the order of arrival."""
        sql = "SELECT verdict FROM change WHERE record = :record ORDER BY received_at, id"
        return [row["verdict"] for row in self.rows(sql, record=record)]

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT COUNT(*) AS n FROM {table}")[0]["n"])

    def holdings(self) -> dict[str, int]:
        """Return how many rows of everything that a phone can bring are here."""
        tables = ("submission", "submission_file", "record", "revision", "change", "problem", "kept_body", "kept_file")
        return {table: self.count(table) for table in tables}

    def every_row(self) -> dict[str, list[tuple[object, ...]]]:
        """Return every row of every table: what a refusal must leave as it was.

        Left out are the last contacts of phones, what is kept for requests that come again, and what an undone work
        may leave (``database.Commit``): a gap in the numbers, and a bucket marked newer than it is.
        """
        named = self.rows(_TABLES[self.store.single_read().sql.dialect])
        tables = {row["name"] for row in named} - {"phone_key", "bucket", "write_result"}
        with self.store.reading() as reading:
            found = {name: reading.sql.rows(f'SELECT * FROM "{name}"') for name in sorted(tables)}
        found["counter"] = [row for row in found["counter"] if row["name"] != "seq"]
        return {name: [tuple(row.values()) for row in rows] for name, rows in found.items()}

    def blobs(self) -> list[Path]:
        """Return every file under the folder of blobs, unfinished ones too."""
        return [path for path in (self.store.folder / "blobs").rglob("*") if path.is_file()]

    def broken(self) -> list[object]:
        """Return what ``firegrid check`` finds wrong in the database."""
        with self.store.reading() as reading:
            return list(invariants.broken(reading))


_TABLES = {
    SQLITE: "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'",
    POSTGRES: "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()",
}


@contextmanager
def a_county(folder: Path, lay: Lay, **settings: object) -> Iterator[County]:
    """Serve a county under a clock that the test sets; what we promise of a database holds when it ends."""
    county = open_county(folder, lay, clock=Clock(), **settings)
    yield county
    broken = county.broken()
    with county.store.reading() as reading:
        named = {sha256 for sha256, _ in invariants.referenced_blobs(reading)}
    kept = {path.parent.name + path.name for path in county.blobs()}
    close(county.app)
    assert broken == []
    assert named <= kept


def open_county(
    folder: Path,
    lay: Lay,
    live: Callable[[County], None] | None = None,
    *,
    clock: Callable[[], datetime] | None = None,
    **settings: object,
) -> County:
    """Return a running county that began as ``lay`` says; whoever opens it closes its application.

    live: what happened in it before, over its doors. clock: the system's where there is none. settings: of the server.
    """
    begun = _begun(lay) if live is None else _lived(lay, live)
    shutil.copytree(begun.folder, folder)
    clock = clock or database.system_clock
    return County(_opened(folder, clock, **settings), clock, dict(begun.keys), dict(begun.known))


def restart(county: County, meanwhile: Callable[[Path], object] = lambda _folder: None) -> None:
    """Stop the server of a county and start it again. meanwhile: what somebody does to the folder in between."""
    folder = county.store.folder
    close(county.app)
    meanwhile(folder)
    county.app = _opened(folder, county.clock)


def _opened(folder: Path, clock: Callable[[], datetime], **settings: object) -> Flask:
    with patch.object(database, "system_clock", clock):
        opened = application.open_folder(_with_doors(), replace(Settings(folder), **settings))
    opened.test_client_class = RepeatingClient
    return opened


def new_database(folder: Path, lay: Lay | None = None) -> dict[str, str]:
    """Make ``folder`` with a database as ``lay`` fills it, an empty one without; return the keys of its people."""
    begun = _begun(lay or _nobody)
    shutil.copytree(begun.folder, folder, dirs_exist_ok=True)
    return dict(begun.keys)


@cache
def prepared(form: str, media: tuple[tuple[str, bytes], ...] = ()) -> Prepared:
    """Convert an XLSForm in this process, once a test run: neither a child nor Java takes part."""
    converted = conversion.read_outcome(child_process.converted(form.encode(), ".md"))
    definition = read_xform(converted.xml)
    lists = {name: list_reader.read(name, content) for name, content in media if is_list(name)}
    return Prepared(definition, converted.xml, form.encode(), ".md", dict(media), converted.sheets, (), lists)


def add_grid(tx: Any, names: Mapping[str, str]) -> None:
    """Write the areas of a county: name by code."""
    areas.add(tx, [Area(code, name, level_of(code), parent_code(code)) for code, name in names.items()])


def add_people(tx: Any, people: Iterable[tuple[str | None, ...]], **more: object) -> list[str]:
    """Enrol people, each ``(name, role, area)`` or ``(name, role, area, body)``, and return their names."""
    for name, role, area, *body in people:
        enrolment.add_user(tx, name, role=role, area=area, body=body[0] if body else None, by="test", **more)
    return [str(name) for name, *_ in people]


@dataclass(frozen=True)
class _Begun:
    """A folder to be copied."""

    folder: Path
    keys: Mapping[str, str]
    known: Mapping[str, str] = field(default_factory=dict)


@cache
def _begun(lay: Lay) -> _Begun:
    folder = _folder_of_this_run()
    database.create(folder)
    store = database.open_inline(folder, clock=Clock())
    people = store.write(lay)
    keys = {person: store.write(lambda tx, p=person: phone_keys.issue(tx, p, by="test")) for person in people}
    store.close()
    return _Begun(folder, keys)


@cache
def _lived(lay: Lay, live: Callable[[County], None]) -> _Begun:
    folder = _folder_of_this_run()
    county = open_county(folder / "data", lay)
    live(county)
    close(county.app)
    return _Begun(folder / "data", county.keys, county.known)


def _folder_of_this_run() -> Path:
    folder = Path(mkdtemp(prefix="firegrid-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _nobody(_tx: Any) -> list[str]:
    return []


def _with_doors() -> Flask:
    """Return an application of one's own, whose doors were mounted once a test run: that is most of a start."""
    app = copy(_doors())
    app.config, app.extensions = copy(app.config), dict(app.extensions)
    return app


@cache
def _doors() -> Flask:
    return application.mount_doors()
