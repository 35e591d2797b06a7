"""A county publishes a spreadsheet about beehives and works with it the same hour: no code knows what a beehive is."""

from __future__ import annotations

import csv
import io

from xlsxwriter import Workbook

from server.forms.domain.record_types import Kind
from server.forms.store import forms
from server.forms.usecases import publish
from server.records.store import records
from tests.county import EVERYTHING
from tests.field_forms import BEES
from tests.filled_forms import Entity, Filled, new_uuid
from tests.valley import UNIT


def as_workbook(form: str) -> bytes:
    """Return a Markdown XLSForm as an .xlsx file."""
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as workbook:
        sheet, row = None, 0
        for line in form.splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if cells[0]:
                sheet, row = workbook.add_worksheet(cells[0]), 0
            else:
                sheet.write_row(row, 0, cells[1:])
                row += 1
    return file.getvalue()


def test_from_spreadsheet_to_merged_record_without_a_line_of_code(valley, phone):
    prepared = publish.prepare(as_workbook(BEES), ".xlsx", {})
    valley.do(publish.publish, prepared, None)
    with valley.store.reading() as reading:
        type = forms.catalogue(reading).types["apiaries"]
    assert (type.title, type.kind) == ("蜂箱", Kind.PROFILE)

    listed = phone.form("apiary")
    assert phone.get(listed["downloadUrl"]).status_code == 200
    id = new_uuid()
    values = {"keeper": "乙", "hives": "3", "due_on": "2026-12-01"}
    sent = phone.send(Filled("apiary", values, (Entity("apiaries", id, create="1", label="乙家"),)))

    assert sent.status_code == 201
    with valley.store.reading() as reading:
        record = records.get(reading, id, EVERYTHING)
    assert (record.type, record.label, record.area, record.fields) == ("apiaries", "乙家", UNIT, values)
    content = phone.get("forms/apiary/attachments/apiaries.csv").data.decode()
    assert list(csv.reader(io.StringIO(content))) == [
        ["name", "label", "__version", "keeper", "hives", "due_on"],
        [id, "乙家", "1", "乙", "3", "2026-12-01"],
    ]
    assert phone.integrity(id, name="apiaries") == {id: "false"}
    assert valley.problems() == []
