"""Makes the data folder that is measured: the real grid, all forms, a worker with a phone, an officer."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from server.domain.actors import Role
from server.store import database, records, submissions
from server.store.database import Transaction
from server.usecases import enrol, grid_file, phone_keys, prepare, publish, sign_in

FORM, LIST_FORM, TYPE = "bench_hazard", "bench_list", "bench_hazards"
UNIT, COUNTY = "130630100201001", "130630"
WORKER, OFFICER = "gw1", "brigade1"
_HERE = Path(__file__).parent


class County(NamedTuple):
    """folder: with the data. key: of the worker's phone. password: of the officer."""

    folder: Path
    key: str
    password: str

    @property
    def door(self) -> str:
        """The path under which the worker's phone asks."""
        return f"/key/{self.key}"


def make(folder: Path) -> County:
    """Make a data folder at ``folder``."""
    own = [publish.prepare((_HERE / name).read_bytes(), ".md", {}) for name in ("bench_form.md", "list_form.md")]
    forms = [*prepare.built_in_forms(), *own]
    password = sign_in.make_password()
    password_hash = sign_in.hash_password(password)

    def fill(tx: Transaction) -> str:
        prepare.lay(tx, grid_file.shipped_rows(), forms)
        enrol.add_user(tx, WORKER, role=Role.GRID_WORKER, area=UNIT, by=prepare.BY)
        enrol.add_user(tx, OFFICER, role=Role.BRIGADE, area=COUNTY, by=prepare.BY, password_hash=password_hash)
        return phone_keys.issue(tx, WORKER, by=prepare.BY)

    database.create(folder)
    store = database.open_inline(folder)
    try:
        return County(folder, store.write(fill), password)
    finally:
        store.close()


def missing(folder: Path, kept: list[tuple[str, str]]) -> int:
    """Return how many of the (instance, entity) that were answered 201 lack their submission or their record."""

    def count(tx: Transaction) -> int:
        return sum(
            submissions.find(tx, FORM, f"uuid:{instance}") is None or not records.exists(tx, entity)
            for instance, entity in kept
        )

    store = database.open_inline(folder)
    try:
        return store.write(count)
    finally:
        store.close()
