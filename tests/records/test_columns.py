"""The table of a record's columns agrees with the database, with the schemas and with the record itself."""

from __future__ import annotations

from dataclasses import fields, replace

import orjson
import pytest

from schemas.records import RecordFilter, RecordSchema
from schemas.sync import PulledRecordSchema
from server.db import database
from server.forms.domain.record_types import Kind
from server.records.domain.records import Record
from server.records.store import columns, record_lists, records
from server.records.store.columns import Projection

A_RECORD = Record(
    id="00000000-0000-4000-8000-000000000001", type="hazards", kind=Kind.CASE, area="130630100000", path="130630/100",
    label="演示民宿07｜燃气软管老化", version=2, seq=7, born_seq=3, author="worker", fields={"place": "演示民宿07"},
    registers="[[],[]]", created_at="2026-11-24T00:00:00.000Z", updated_at="2026-11-25T00:00:00.000Z",
    conflicts=("place",), flags=("clock_suspect", "major"), status="assigned", stage="assign", case_no="LY-1",
    assignee="body:shop", due_at="2026-12-01T16:00:00.000Z", month="2026-11", office_note="12-01 请整改",
    list_label="限12-01｜演示民宿07", placed=True,
)  # fmt: skip


@pytest.fixture
def store(tmp_path):
    database.create(tmp_path / "county")
    opened = database.open_inline(tmp_path / "county")
    yield opened
    opened.close()


@pytest.mark.sqlite
def test_the_migrations_make_the_columns_that_the_table_declares(store):
    with store.reading() as reading:
        made = {row["name"]: row for row in reading.sql.each("PRAGMA table_info(record)")}

    found = {name: (row["type"], not row["notnull"] and not row["pk"]) for name, row in made.items()}

    assert found == {column.name: (column.type, column.null) for column in columns.COLUMNS}


@pytest.mark.parametrize(
    ("schema", "to", "more"),
    [(RecordSchema, Projection.API, set()), (PulledRecordSchema, Projection.PULL, {"todo"})],
    ids=["api", "pull"],
)
def test_a_schema_describes_what_its_projection_shows(schema, to, more):
    described = {field.data_key or name: bool(field.allow_none) for name, field in schema().fields.items()}
    shown = {value.name: column.null for column in columns.COLUMNS for value in column.values if value.to & to}

    assert described == shown | dict.fromkeys(more, False)


BESIDE_COLUMNS = ("area", "overdue", "soon", "untaken", "reply", "unanswered", "placed", "requested", "flag", "q")


def test_the_query_of_lists_takes_the_filters_that_the_table_declares():
    assert set(RecordFilter().fields) == {*columns.FILTERS, *BESIDE_COLUMNS}


def test_every_attribute_of_a_record_is_stored():
    stored_otherwise = {"conflicts", "case"}

    assert {field.name for field in fields(Record)} - stored_otherwise <= set(columns.NAMES)


@pytest.mark.parametrize("record", [A_RECORD, replace(A_RECORD, conflicts=(), flags=(), fields={}, due_at=None)])
def test_a_stored_record_comes_back_as_it_was(record):
    assert records.from_row(columns.storing(columns.NAMES)(record)) == record


@pytest.mark.parametrize("to", [Projection.API, Projection.CSV, Projection.PULL, Projection.PHONE], ids=str)
def test_a_projection_is_made_from_what_its_select_reads(to):
    row = columns.storing(columns.select(to).split(", "))(A_RECORD)

    assert tuple(columns.showing(to)(row)) == columns.names(to)


@pytest.mark.parametrize("to", [Projection.API, Projection.CSV, Projection.PULL, Projection.PHONE], ids=str)
@pytest.mark.parametrize("read", [record_lists.NEWEST, record_lists.BY_DUE, ", ".join(columns.NAMES)])
def test_a_copied_row_shows_what_the_projection_shows_and_nothing_else_of_what_was_read(to, read):
    wanted = {*columns.select(to).split(", "), *read.split(", ")}
    row = columns.storing(wanted)(A_RECORD)
    before = dict(row)
    copied, shown = columns.copying(to, ", ".join(row))(row), columns.showing(to)(row)

    assert {name: _plain(value) for name, value in copied.items()} == {n: _plain(v) for n, v in shown.items()}
    assert row == before


def _plain(value):
    """Return a value so that two of them compare: orjson's texts do not."""
    return orjson.dumps(value) if isinstance(value, orjson.Fragment) else value


@pytest.mark.parametrize(
    ("to", "first"),
    [
        (
            Projection.CSV,
            "id type area label version status stage case_no assignee due_at closed_at author conflicts flags",
        ),
        (Projection.PHONE, "area status stage case_no assignee due_on office_note"),
    ],
    ids=["csv", "phone"],
)
def test_new_columns_of_exports_and_phones_lists_come_after_the_old_ones(to, first):
    assert columns.names(to)[: len(first.split())] == tuple(first.split())
