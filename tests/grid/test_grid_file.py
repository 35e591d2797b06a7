"""A county hands in its grid as Excel, WPS or a text editor wrote it."""

from __future__ import annotations

import codecs
import contextlib
import io
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from server.errors import TooLarge, Unreadable
from server.grid.domain.file_rows import SheetRow
from server.grid.usecases import files
from sync import workbook

TABLE = "代码,名称,层级\n130630000000,涞源县,县\n130630109206,白䌷村村民委员会,村\n"
ROWS = (
    SheetRow(2, {"code": "130630000000", "name": "涞源县", "level": "县"}),
    SheetRow(3, {"code": "130630109206", "name": "白䌷村村民委员会", "level": "村"}),
)


def a_workbook(*sheets: list[list[object]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        days = book.add_format({"num_format": "yyyy/m/d"})
        for rows in sheets:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    if isinstance(value, date):
                        sheet.write_datetime(number, column, value, days)
                    else:
                        sheet.write(number, column, value)
    return out.getvalue()


def with_part(content: bytes, name: str, body: bytes) -> bytes:
    """The same archive with one part replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part, old.read(part))
        new.writestr(name, body)
    return out.getvalue()


# CSV


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        codecs.BOM_UTF8 + TABLE.encode(),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.replace(",", "\t").encode("utf-16"),
        TABLE.replace(",", ";").encode(),
    ],
    ids=["utf-8", "utf-8 with BOM", "windows lines", "Excel's Unicode text", "semicolons"],
)
def test_a_text_file_is_read_as_it_comes(content):
    assert files.read(content) == files.Sheet(ROWS)


def test_a_gb18030_file_is_read_with_its_rare_characters_and_a_word_of_warning():
    sheet = files.read(TABLE.encode("gb18030"))

    assert sheet.rows == ROWS
    assert "GB18030" in sheet.notes[0]


def test_titles_blank_lines_and_quoted_breaks_keep_the_line_numbers_true():
    text = '涞源县网格表\n\n代码,名称\n130630,"涞源\n县"\n\n,\n130630100,涞源镇\n'

    rows = files.read(text.encode()).rows

    assert [(row.line, row.cells["code"]) for row in rows] == [(4, "130630"), (8, "130630100")]


def test_unknown_columns_are_left_out_and_named():
    sheet = files.read("网格 代码,名称,备注,,网格员\n130630,涞源县,x,y,z\n".encode())

    assert sheet.rows == (SheetRow(2, {"code": "130630", "name": "涞源县"}),)
    assert sheet.notes == ("没有读取这些列：备注、网格员。",)


def test_two_columns_of_one_meaning_are_refused():
    with pytest.raises(Unreadable, match="代码、编码"):
        files.read("代码,编码,名称\n130630,130630,涞源县\n".encode())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\n\n", id="blank"),
        pytest.param("姓名,电话\n甲,1\n".encode(), id="other headers"),
        pytest.param(b"\n" * 10 + TABLE.encode(), id="headers too far down"),
        pytest.param(b"\x00\x01\x02", id="binary"),
        pytest.param(b"\xff\xfe\x00", id="half a UTF-16"),
        pytest.param(b"\xff\xff\xff,\xff", id="no encoding"),
        pytest.param(b"PK\x03\x04 broken", id="broken zip"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", id="old Excel"),
        pytest.param('代码,名称\n130630,"涞源县\n'.encode(), id="open quote"),
        pytest.param(("代码,名称\n130630," + "村" * 200_000).encode(), id="endless cell"),
    ],
)
def test_what_is_no_grid_is_refused_with_a_cure(content):
    with pytest.raises(Unreadable) as refusal:
        files.read(content)

    assert "；" in refusal.value.message


def test_too_large_a_file_and_too_many_rows_are_refused(monkeypatch):
    monkeypatch.setattr(files, "ROWS_MAX", 2)
    with pytest.raises(TooLarge):
        files.read((TABLE + "130630100000,涞源镇,乡镇\n").encode())

    monkeypatch.setattr(files, "FILE_BYTES_MAX", 10)
    with pytest.raises(TooLarge):
        files.read(TABLE.encode())


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(content):
    for start in (b"", "代码,名称\n".encode()):
        rows: tuple[SheetRow, ...] = ()
        with contextlib.suppress(Unreadable, TooLarge):
            rows = files.read(start + content).rows

        assert all(row.line > 1 and row.cells for row in rows)


# XLSX


def test_a_workbook_gives_back_what_excel_took_for_numbers_and_dates():
    content = a_workbook(
        [["封面"]],
        [
            ["涞源县网格表"],
            [],
            ["代码", "名称", "生效日期"],
            [130630000000, "涞源县"],
            [130630109206001.0, "白䌷村东片", date(2026, 7, 1)],
            ["130630100", "涞源镇", datetime(2026, 7, 1)],  # noqa: DTZ001  # Excel knows no zones
            [130630.5, "半个", True],
        ],
    )

    sheet = files.read(content)

    assert [(row.line, *row.cells.values()) for row in sheet.rows] == [
        (4, "130630000000", "涞源县"),
        (5, "130630109206001", "白䌷村东片", "2026-07-01"),
        (6, "130630100", "涞源镇", "2026-07-01"),
        (7, "130630.5", "半个", "True"),
    ]


def test_a_part_that_unpacks_without_end_is_refused_unread(monkeypatch):
    monkeypatch.setattr(workbook, "UNPACKED_BYTES_MAX", 1_000_000)
    content = with_part(a_workbook([["代码", "名称"]]), "xl/media/bomb.bin", bytes(2_000_000))

    with pytest.raises(TooLarge):
        files.read(content)


def test_too_many_parts_are_refused(monkeypatch):
    monkeypatch.setattr(workbook, "PARTS_MAX", 3)

    with pytest.raises(TooLarge):
        files.read(a_workbook([["代码", "名称"]]))


@pytest.mark.parametrize("cell", ["XFD1048576", "A9999999", "ZZ1", "ZZZZZZZZZ1", "A99999999999999999999"])
def test_a_cell_far_away_never_reaches_the_reader(cell):
    sheet = f"""<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
        <sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r='{cell}'><v>1</v></c></row></sheetData>
        </worksheet>"""
    content = with_part(a_workbook([["代码", "名称"]]), "xl/worksheets/sheet1.xml", sheet.encode())

    with pytest.raises(TooLarge) as refusal:
        files.read(content)

    assert refusal.value.data["cell"] == cell


def test_a_workbook_without_a_grid_or_without_sense_is_refused():
    with pytest.raises(Unreadable):
        files.read(a_workbook([["姓名"]], []))
    with pytest.raises(Unreadable):
        files.read(with_part(a_workbook([["代码", "名称"]]), "xl/workbook.xml", b"<broken"))
    with pytest.raises(Unreadable):
        files.read(a_workbook([["代码", "名称"]])[:-200])


SOUND = a_workbook([["代码", "名称"], ["130630", "涞源县"]])
PARTS = {part: zipfile.ZipFile(io.BytesIO(SOUND)).read(part) for part in zipfile.ZipFile(io.BytesIO(SOUND)).namelist()}


@given(
    st.sampled_from([None, "xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
)
def test_a_damaged_workbook_is_read_or_refused(part, damage):
    content = bytearray(PARTS[part] if part else SOUND)
    for place, value in damage:
        content[int(place * len(content))] = value

    rows: tuple[SheetRow, ...] = ()
    with contextlib.suppress(Unreadable, TooLarge):  # nothing else may escape, and the process lives on
        rows = files.read(with_part(SOUND, part, bytes(content)) if part else bytes(content)).rows

    assert len(rows) < files.ROWS_MAX
