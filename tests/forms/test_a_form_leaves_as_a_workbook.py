"""Whoever prefers a spreadsheet gets the same form: the workbook gives phones the same XForm."""

from __future__ import annotations

import io

import openpyxl
import pytest
from pyxform.errors import PyXFormReadError
from pyxform.xls2xform import convert

import kobo_forms
from kobo_forms.export import to_xlsx
from tests.forms.xforms import xform


@pytest.mark.parametrize("name", kobo_forms.names())
def test_the_workbook_converts_to_the_same_xform(name):
    workbook = to_xlsx(kobo_forms.source(name))

    assert convert(workbook, file_type=".xlsx").xform == xform(name).xml


def test_the_same_source_gives_the_same_bytes():
    source = kobo_forms.source("patrol")

    assert to_xlsx(source) == to_xlsx(source)


def test_a_version_stays_text():
    workbook = openpyxl.load_workbook(io.BytesIO(to_xlsx(kobo_forms.source("patrol"))))
    settings = {header.value: cell for header, cell in zip(*workbook["settings"].iter_rows(max_row=2), strict=True)}

    assert settings["version"].data_type == "s"


def test_what_is_no_form_is_not_exported():
    with pytest.raises(PyXFormReadError):
        to_xlsx(b"hello")
