"""Whatever is uploaded as a form, the answer is a clear refusal and the server goes on."""

from __future__ import annotations

import errno
import importlib.util
import io
import json
import sys
import threading
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import Busy, FormRefused
from server.forms.domain.definitions import FormDefinition
from server.forms.usecases.xform import reader, xml_parsing
from server.forms.usecases.xlsform import child_process, conversion, subprocesses
from tests.forms.form_builders import SURVEY, a_form, a_workbook, an_xform, convert, with_part

pytestmark = pytest.mark.slow  # each of these starts the converter, half a second of processor

BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
"""
SHEET = "xl/worksheets/sheet1.xml"


def refused(source: bytes, file_type: str = ".xlsx", timeout_s: float = 30) -> str:
    with pytest.raises(FormRefused) as refusal:
        convert(source, file_type, timeout_s=timeout_s)
    assert all(error["message"] and error["cure"] for error in refusal.value.data["errors"])
    return refusal.value.message


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path):
    bomb = with_part(a_workbook(a_form()), SHEET, b"<row/>" * 11_000_000)
    (tmp_path / "bomb.xlsx").write_bytes(bomb)

    assert len(bomb) < 1_000_000
    assert "展开后过大" in refused(bomb)
    with pytest.raises(child_process.HostileWorkbook, match="unpacks"):
        child_process.refuse_bombs(tmp_path / "bomb.xlsx")


def test_a_workbook_of_a_thousand_parts_is_refused(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        for number in range(1000):
            parts.writestr(f"part{number}", b"")
    (tmp_path / "bomb.xlsx").write_bytes(file.getvalue())

    assert "不正常" in refused(file.getvalue())
    with pytest.raises(child_process.HostileWorkbook, match="1000 parts"):
        child_process.refuse_bombs(tmp_path / "bomb.xlsx")


def test_a_workbook_as_people_make_it_is_no_bomb(tmp_path):
    (tmp_path / "form.xlsx").write_bytes(a_workbook(a_form()))

    child_process.refuse_bombs(tmp_path / "form.xlsx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_workbook_with_a_dtd_in_it_is_refused(encoding):
    bomb = with_part(a_workbook(a_form()), SHEET, (BOMB + "<worksheet>&b;</worksheet>").encode(encoding))

    assert "DTD" in refused(bomb)


def test_a_form_that_needs_too_much_memory_is_refused(monkeypatch):
    monkeypatch.setattr(conversion, "MEMORY_BYTES_MAX", 150_000_000)
    many = "".join(f"| | text | q{number} | 问题 | Question | |\n" for number in range(60_000))

    assert "内存" in refused(a_form(SURVEY + many).encode(), ".md")


def test_a_converter_that_cannot_even_start_is_a_refusal_too(monkeypatch):
    monkeypatch.setattr(conversion, "MEMORY_BYTES_MAX", 20_000_000)

    assert "内存" in refused(a_form().encode(), ".md")


def test_a_library_whose_folder_there_is_no_memory_to_list_is_a_refusal_for_memory(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    (tmp_path / "source").write_bytes(a_form().encode())
    monkeypatch.setattr(child_process, "converted", fail)

    child_process.main(tmp_path, ".md", {})

    assert json.loads((tmp_path / "result.json").read_bytes())["error"]["code"] == "memory"


def test_a_converter_that_dies_without_a_word_is_a_refusal_too(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")

    assert "内存" in refused(a_form().encode(), ".md")


def test_a_java_that_cannot_start_is_a_warning_and_no_fault(monkeypatch):
    monkeypatch.setattr(conversion, "JAVA_HEAP", "-Xmx900000g")

    assert "not validated" in convert(an_xform().encode(), ".xml").warnings[-1]


def test_a_missing_validator_is_a_warning_and_no_fault(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    assert "ODK_Validate.jar" in convert(an_xform().encode(), ".xml").warnings[-1]


def test_a_form_that_takes_too_long_is_refused_and_its_converter_is_gone():
    assert "秒内没有处理完" in refused(a_form().encode(), ".md", timeout_s=0.01)


def test_an_xform_that_keeps_the_validator_too_long_is_refused():
    assert "秒内没有处理完" in refused(an_xform().encode(), ".xml", timeout_s=0.01)


def test_a_form_waits_for_its_turn_and_is_told_when_that_takes_too_long():
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with subprocesses.one_at_a_time(1):
            taken.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(10)
    try:
        with pytest.raises(Busy, match="稍后"):
            conversion.to_xform(a_form().encode(), ".md", timeout_s=0.01)
    finally:
        done.set()
        holder.join()


@pytest.mark.parametrize("file_type", [".md", ".xlsx", ".xml"])
def test_an_upload_beyond_the_limit_is_refused_unread(file_type):
    assert "10 MB" in refused(b" " * (conversion.SOURCE_BYTES_MAX + 1), file_type)


def test_an_xform_beyond_the_limit_is_refused_unread():
    with pytest.raises(FormRefused, match="10 MB"):
        reader.read_xform(b" " * (xml_parsing.XFORM_BYTES_MAX + 1))


@pytest.mark.parametrize("file_type", [".docx", "", ".exe", "../../etc/passwd"])
def test_other_kinds_of_file_are_refused(file_type):
    assert "文件类型" in refused(b"", file_type)


@pytest.mark.parametrize("file_type", [".md", ".xlsx", ".xls", ".csv"])
@pytest.mark.parametrize("source", [b"", b"\x00\x01\x02\xff" * 50, "养蜂".encode("gb18030"), b"PK\x03\x04truncated"])
def test_bytes_that_are_no_form_are_refused(source, file_type):
    refused(source, file_type)


@pytest.mark.parametrize(
    ("source", "file_type"),
    [(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 9000, ".xls"), (b"| survey |\n\0| | type | name |\n", ".md")],
)
def test_a_damaged_file_is_called_unreadable_and_not_a_bad_form(source, file_type):
    assert "文件不是能读的 XLSForm" in refused(source, file_type)


def test_a_plain_table_as_csv_is_told_that_its_first_column_names_the_sheets():
    told = refused(b"type,name,label\ntext,a,A\n", ".csv")

    assert "survey" in told and "第一列" in told and "转换不成功" not in told


def test_a_truncated_workbook_is_refused():
    whole = a_workbook(a_form())

    assert "不是能读的 XLSForm" in refused(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("xml", "word"),
    [
        (BOMB + "<h>&b;</h>", "DTD"),
        ('<!DOCTYPE h SYSTEM "file:///etc/passwd"><h/>', "DTD"),
        ('<!DOCTYPE h [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]><h a="&x;"/>', "DTD"),
        ("<h>", "XML"),
        ("", "空"),
        ("<a>" * 300 + "</a>" * 300, "XML"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><h/>', "编码"),
        ('<?xml version="1.0" encoding="no-such-code"?><h/>', "XML"),
        ("<h>&undefined;</h>", "XML"),
        ("<h>\x00</h>", "XML"),
    ],
)
def test_xml_that_is_built_to_harm_is_refused(xml, word):
    assert word in refused(xml.encode(), ".xml")


@pytest.mark.parametrize("content", [b"<h>\xff\xfe</h>", "<h/>".encode("utf-16"), "<h>养</h>".encode("gb18030")])
def test_xml_in_another_encoding_is_refused(content):
    assert "UTF-8" in refused(content, ".xml")


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_at_all_make_the_reader_fail_otherwise(content):
    with pytest.raises(FormRefused):
        reader.read_xform(content)


@given(st.data())
def test_a_form_with_a_piece_cut_out_is_read_or_refused(data):
    whole = FORM
    start = data.draw(st.integers(0, len(whole)))
    rest = whole[:start] + whole[start + data.draw(st.integers(0, 200)) :]

    try:
        read: object = reader.read_xform(rest)
    except FormRefused as refusal:
        read = refusal

    assert isinstance(read, FormDefinition) or read.data["errors"]


FORM = an_xform().encode()


def test_the_child_leaves_a_word_for_its_parent_whatever_happens(tmp_path, monkeypatch):
    (tmp_path / "source").write_bytes(with_part(a_workbook(a_form()), SHEET, BOMB.encode()))
    child_process.main(tmp_path, ".xlsx", {})
    assert "hostile" in (tmp_path / "result.json").read_text()

    monkeypatch.setattr(child_process, "refuse_bombs", _run_out)
    child_process.main(tmp_path, ".xlsx", {})
    assert "memory" in (tmp_path / "result.json").read_text()

    (tmp_path / "source").write_bytes(b"\xff")
    child_process.main(tmp_path, ".md", {})
    assert (
        "UnicodeDecodeError" in (tmp_path / "result.json").read_text()
        or "utf-8" in (tmp_path / "result.json").read_text()
    )


def _run_out(workbook) -> None:
    raise MemoryError
