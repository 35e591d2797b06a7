"""A page of records is masked column by column as each of its records is masked alone."""

from __future__ import annotations

import pytest

from server.app import close
from server.people.store import people
from server.records.usecases.disclosing import RecordMask
from server.records.usecases.disclosing_pages import PageMask
from tests.api.test_personal_data_at_every_door import fill, lay
from tests.county import open_county


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("shops") / "data", lay, fill)
    yield made
    close(made.app)


@pytest.mark.parametrize("masks_phones", [False, True], ids=["as_shown", "as_in_files"])
@pytest.mark.parametrize("name", ["worker", "officer", "town", "othertown", "brigade", "gas", "admin", "viewer"])
@pytest.mark.parametrize("kind", ["profile", "case"])
def test_a_page_is_masked_as_each_of_its_records_is(shops, name, masks_phones, kind):
    with shops.store.reading() as reading:
        rows = reading.sql.rows("SELECT * FROM record WHERE kind = :kind ORDER BY born_seq", {"kind": kind})
        mask = RecordMask(reading, people.actor(reading, name), masks_phones=masks_phones)
        page = PageMask(mask, rows)
        names = sorted({field for row in rows for field in mask.type_of(row["type"]).fields})
        texts = [*("打13800000471" for _ in rows[1:]), "无人"]

        told = page.told_fields(names)

        for column in (texts, [row["label"] for row in rows], ["甲"] * len(rows)):
            assert list(page.masked(column)) == [mask.text(row, text) for row, text in zip(rows, column, strict=True)]
        for row, fields in zip(rows, told, strict=True):
            alone = mask.told_fields(row, names)
            assert {each: fields[each] for each in names if each in fields} == alone
        assert rows
