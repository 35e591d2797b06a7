"""Makes the data folder to measure: the real grid, all forms, a worker with a phone, an officer."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from bench.load import Sent
from server.admin.usecases import setup
from server.changes.usecases import write
from server.db import database
from server.db.folder import FILE_NAME
from server.db.transactions import Transaction
from server.forms.usecases import publish
from server.grid.usecases import files
from server.people.domain.actors import Role
from server.people.domain.passwords import PasswordState
from server.people.store import people
from server.people.usecases import passwords, phone_keys, sign_in
from server.records.store import buckets, records
from server.staffing.usecases import enrolment
from sync.changes import Change, Dot, FieldWrite

FORM, LIST_FORM, TYPE = "bench_hazard", "bench_list", "bench_hazards"
UNIT, COUNTY = "130630100201001", "130630"
WORKER, OFFICER = "gw1", "brigade1"
_HERE = Path(__file__).parent
_STORED = "SELECT 1 FROM submission s, record r WHERE s.form = ? AND s.instance_id = ? AND r.id = ?"


class County(NamedTuple):
    """A data folder to measure. key: of the worker's phone. password: of the officer."""

    folder: Path
    key: str
    password: str

    @property
    def phone_path(self) -> str:
        """The path of the worker's phone."""
        return f"/key/{self.key}"


def make(folder: Path) -> County:
    """Make a data folder at ``folder``."""
    own = [publish.prepare((_HERE / name).read_bytes(), ".md", {}) for name in ("bench_form.md", "list_form.md")]
    forms = [*setup.built_in_forms(), *own]
    password = passwords.make_password()
    password_hash = sign_in.hash_password(password)

    def fill(tx: Transaction) -> str:
        setup.install(tx, files.shipped_rows(), forms)
        enrolment.add_user(tx, WORKER, role=Role.GRID_WORKER, area=UNIT, by=setup.BY)
        enrolment.add_user(tx, OFFICER, role=Role.BRIGADE, area=COUNTY, by=setup.BY,
                           password_hash=password_hash, password_state=PasswordState.OWN)  # fmt: skip
        return phone_keys.issue(tx, WORKER, by=setup.BY)

    database.create(folder)
    store = database.open_inline(folder)
    try:
        return County(folder, store.write(fill), password)
    finally:
        store.close()


def require_records(folder: Path, sent: Sent) -> None:
    """Raise RuntimeError unless every submission that was sent was new, and is stored with its record.

    One that made none would be cheaper, and the rate of such means nothing. Reads the database alone, so that the
    folder may belong to another version.
    """
    if set(sent.statuses) != {"201"}:
        raise RuntimeError(f"not every submission was taken as new, but answered {sent.statuses}")

    with closing(sqlite3.connect(f"{(folder / FILE_NAME).as_uri()}?mode=ro", uri=True)) as connection:
        missing = sum(
            connection.execute(_STORED, (FORM, f"uuid:{instance}", entity)).fetchone() is None
            for instance, entity in sent.accepted
        )
    if missing:
        raise RuntimeError(f"{missing:,} of {len(sent.accepted):,} submissions made no record")


def copy_record(folder: Path, change: Mapping[str, Any], count: int) -> None:
    """Add ``count`` records to the worker's unit, copies without history of the one that ``change`` creates."""
    fields = {name: value for name, (_, value) in change["fields"].items()}
    creation = Change(change["record"], change["record"], TYPE, "create", Dot("bench", 1),
                   {name: FieldWrite(None, value) for name, value in fields.items()})  # fmt: skip

    def fill(tx: Transaction) -> None:
        first = write.apply(tx, creation, by=people.actor(tx, WORKER)).record
        if first is None:
            raise RuntimeError("the first record was not made")
        for _ in range(count - 1):
            seq = tx.next_seq()
            records.add(tx, replace(first, id=tx.new_id(), seq=seq, born_seq=seq))
        buckets.raise_all(tx, TYPE, buckets.of(first), tx.next_seq())

    store = database.open_inline(folder)
    try:
        store.write(fill)
    finally:
        store.close()
