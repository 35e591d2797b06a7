"""A refused form comes back as a workbook with its faults marked; one that cannot be marked is refused all the same."""

from __future__ import annotations

import io
import zipfile

import pytest
import xlsxwriter

from server.forms.usecases import marked_forms
from server.forms.usecases.publications import Upload
from sync import workbook

FAULT = {"sheet": "survey", "row": 2, "column": "type", "text": "txt", "message": "没有", "cure": "写", "file": None}


def a_workbook(second: str = "choices") -> bytes:
    """Return an XLSForm with two sheets. second: the name of the second one, whether Excel would take it or not."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        survey = book.add_worksheet("survey")
        survey.write_row(0, 0, ["type", "name"])
        survey.write_string(1, 0, "txt")
        survey.write_string(1, 1, "=1+1")
        book.add_worksheet("choices").write(0, 0, "list_name")
    renamed = io.BytesIO()
    with zipfile.ZipFile(out) as whole, zipfile.ZipFile(renamed, "w") as changed:
        for name in whole.namelist():
            changed.writestr(name, whole.read(name).replace(b'name="choices"', f'name="{second}"'.encode()))
    return renamed.getvalue()


def test_every_cell_comes_back_as_text_beside_a_list_of_the_faults():
    content = marked_forms.marked(Upload(a_workbook(), "form.xlsx"), [FAULT])

    sheets = {each.name: [list(row) for row in each.rows] for each in workbook.sheets(content or b"", 100)}
    assert sheets["survey"] == [["type", "name"], ["txt", "=1+1"]]
    assert sheets[marked_forms.LISTED][1] == ["survey", "2", "type", "txt", "没有", "写"]


@pytest.mark.parametrize("name", ["Survey", "a" * 32, "a[b]"])
def test_one_with_names_of_sheets_that_excel_does_not_take_is_not_marked(name):
    assert marked_forms.marked(Upload(a_workbook(name), "form.xlsx"), [FAULT]) is None
