"""What the server would set aside is refused at the laptop: with line and column, what is wrong, and the cure."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter import Workbook

from server import instants
from server.changes.domain.validation import validate
from server.forms.domain.fields import Field
from server.forms.domain.record_types import Kind, RecordType
from sync.client import record_types, row_files
from sync.client.failures import Refused
from sync.client.values import wrong_value
from sync.datatypes import invalid_reason
from tests.sync.town import NOON, Town

TYPES = {
    "head": "string", "phone": "string", "hoses": "int", "width": "decimal", "built_on": "date", "opens_at": "time",
    "checked_at": "dateTime", "geometry": "geopoint", "open": "boolean", "photo": "binary", "path": "geotrace",
    "yard": "geoshape", "many": "long",
}  # fmt: skip
ROWS: list[dict[str, Any]] = [
    {"id": "type:stations", "type": "_type", "label": "微型消防站", "fields": {"kind": "profile"}},
    *[
        {
            "id": f"field:stations:{name}",
            "type": "_field",
            "label": {"hoses": "水带数", "phone": "电话"}.get(name, name),
            "fields": {"type": "stations", "name": name, "datatype": datatype},
        }
        for name, datatype in TYPES.items()
    ],
    {
        "id": "act:extend",
        "type": "_act",
        "label": "同意延期",
        "fields": {"action": "extend", "kind": "profile", "begins": "0", "inputs": "due_on reason", "dates": "due_on"},
    },
    {
        "id": "act:create",
        "type": "_act",
        "label": "新建",
        "fields": {"action": "create", "kind": "", "begins": "1", "inputs": ""},
    },
]
KNOWN = record_types.from_rows(ROWS)
FIELDS = {name: Field(name, type=each) for name, each in TYPES.items()}
LEDGER = RecordType("stations", "微型消防站", Kind.PROFILE, FIELDS)
NINE = datetime(2026, 11, 5, 9)  # noqa: DTZ001  # Excel knows no zones
SLIPS = [
    ("hoses", "５", "请写成 5"),
    ("hoses", "5.0", "请写成 5"),
    ("hoses", "1,234", "请写成 1234"),
    ("hoses", "5根", "只写数字"),
    ("width", "１．５", "请写成 1.5"),
    ("built_on", "2026/11/5", "请写成 2026-11-05"),
    ("built_on", "2026年11月5日", "请写成 2026-11-05"),
    ("built_on", "2026.11.5", "请写成 2026-11-05"),
    ("built_on", "2026/11/5 0:00", "请写成 2026-11-05"),
    ("built_on", "46331", "Excel 的日期序号"),
    ("built_on", "2026-02-30", "核对"),
    ("opens_at", "8:30", "请写成 08:30:00"),
    ("checked_at", "2026/11/5 8:30", "请写成 2026-11-05T08:30:00"),
    ("geometry", "39.5，115.2", "请写成 39.5 115.2"),
    ("open", "是", "请写成 true"),
    ("phone", "3.12732E+09", "后几位已经丢失"),
    ("many", "1.30630E+17", "后几位已经丢失"),
    ("head", "#N/A", "公式"),
]


@pytest.fixture
def known(laptop, town):
    """A laptop that knows a ledger with a field of each type, by its last pull."""
    teach(town)
    pulled = laptop("pull")
    assert pulled[0] == 0, pulled
    return laptop


def teach(town: Town) -> None:
    for row in ROWS:
        town.put(row["id"], "county")
        town.state.records[row["id"]] |= deepcopy(row)


@pytest.mark.parametrize(("name", "value", "cure"), SLIPS)
def test_a_slip_in_a_file_is_told_with_line_column_and_cure(known, tmp_path, name, value, cure):
    file = tmp_path / "x.csv"
    file.write_text(f'label,{name}\n好站,\n新站,"{value}"\n', encoding="utf-8")

    status, said, complaint = known("answers", str(file), "--type", "stations")

    assert (status, said) == (1, "")
    assert f"第3行“{name}”" in complaint and value in complaint and cure in complaint
    assert "unsent: 0" in known("status")[1]


@pytest.mark.parametrize(("name", "value", "cure"), SLIPS)
def test_a_slip_on_the_command_line_is_told_with_field_and_cure(known, town, name, value, cure):
    id = town.put("s1", head="甲")["id"]
    known("pull")

    for words in (("create", "stations", "head=甲"), ("edit", id, "head=乙")):
        others = [each for each in words if not each.startswith(f"{name}=")]
        status, said, complaint = known(*others, f"{name}={value}")

        assert (status, said, f"{name}：" in complaint, cure in complaint) == (1, "", True, True), complaint
    assert "unsent: 0" in known("status")[1]


@pytest.mark.parametrize("laptop_knows", [True, False])
@pytest.mark.parametrize("character", ["\x0b", "\x1b", "\ufffe"])
def test_a_character_that_no_form_can_carry_is_refused_whatever_the_laptop_knows(laptop, town, laptop_knows, character):
    if laptop_knows:
        teach(town)
    id = town.put("s1", head=f"甲{character}")["id"]
    laptop("pull")

    for words in (("create", "stations"), ("edit", id), ("act", id, "feedback")):
        name = "note" if words[0] == "act" else "head"
        status, said, complaint = laptop(*words, f"{name}=乙{character}丙")

        assert (status, said, f"{name}：" in complaint, "控制字符" in complaint) == (1, "", True, True), complaint
    assert "unsent: 0" in laptop("status")[1]
    assert laptop("edit", id, "head=甲")[0] == 0  # what stands there already can be mended


def test_every_slip_of_a_command_is_told_at_once(known):
    complaint = known("create", "stations", "hoses=５", "built_on=2026/11/5", "haed=甲")[2]

    assert all(each in complaint for each in ("hoses：", "built_on：", "没有字段 haed"))


def test_a_day_of_an_act_is_told_too(known, town):
    town.put("s1", head="甲")
    known("pull")

    status, _, complaint = known("act", "s1", "extend", "due_on=2026/12/3", "reason=材料未到")

    assert (status, "请写成 2026-12-03" in complaint) == (1, True)
    assert known("act", "s1", "extend", "due_on=2026-12-03", "reason=材料未到")[0] == 0


def test_a_value_that_stands_there_already_is_no_slip_of_this_edit(known, town):
    town.put("s1", hoses="五")
    known("pull")

    assert known("edit", "s1", "hoses=五", "head=乙")[0] == 0


def test_what_an_older_server_told_nothing_of_is_the_servers_to_judge(laptop, town):
    teach(town)
    for record in town.state.records.values():
        record["fields"].pop("datatype", None)
        record["fields"].pop("dates", None)
    laptop("pull")

    assert laptop("create", "stations", "hoses=５")[0] == 0


def test_before_the_first_pull_nothing_is_held_to_be_wrong(laptop):
    assert laptop("create", "stations", "hoses=５")[0] == 0


texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from([value for _, value, _ in SLIPS]),
    st.from_regex(r"[0-9０-９.,+\-/:TZE ]{1,14}", fullmatch=True),
    st.dates().map(str),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
)


@given(st.dictionaries(st.sampled_from(["label", *TYPES]), texts, max_size=6))
def test_whatever_the_laptop_accepts_the_server_does_not_report_as_invalid(values):
    kept = {name: value for name, value in values.items() if KNOWN.wrong_value("stations", name, value) is None}

    assert validate(LEDGER, kept, instants.text(NOON)).invalid == {}


def test_digits_that_are_no_decimal_ones_are_a_slip_like_any_other():
    assert wrong_value("date", "፩፩፩፩፩") is not None  # Ethiopic ones, of which Python makes no number


@given(st.sampled_from(sorted(TYPES.values())), texts)
def test_whatever_the_server_would_set_aside_the_laptop_refuses(datatype, value):
    if invalid_reason(datatype, value) is not None:
        assert wrong_value(datatype, value) is not None


@given(st.sampled_from(sorted({*TYPES.values()} - {"string"})), texts)
def test_the_cure_that_is_told_is_taken(datatype, value):
    said = wrong_value(datatype, value)

    if said is not None and "请写成 " in said:
        assert invalid_reason(datatype, said.rpartition("请写成 ")[2]) is None


# Workbooks


def a_workbook(path: Path, *sheets: list[list[object]], **options: Any) -> Path:
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        formats = {
            date: book.add_format({"num_format": "yyyy/m/d"}),
            datetime: book.add_format({"num_format": "yyyy/m/d hh:mm"}),
            time: book.add_format({"num_format": "hh:mm"}),
        }
        for rows in sheets:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    if type(value) in formats:
                        sheet.write_datetime(number, column, value, formats[type(value)])
                    else:
                        sheet.write(number, column, value)
            for each in options.get("merge", ()):
                sheet.merge_range(each, "合并")
            if options.get("error"):
                sheet.write_formula(options["error"], "=NA()", value="#N/A")
    path.write_bytes(out.getvalue())
    return path


def test_a_workbook_is_read_as_its_author_sees_it(known, tmp_path, town):
    file = a_workbook(
        tmp_path / "stations.xlsx",
        [
            ["area", "label", "水带数", "电话", "width", "built_on", "opens_at", "checked_at"],
            [
                130630106201001,
                "新站",
                8,
                13800000001,
                0.1 + 0.2,
                date(2026, 11, 5),
                time(8, 30),
                NINE,
            ],
            [],
            ["130630106201002", " 另一站 ", "", "0312-7321001"],
        ],
    )

    assert known("answers", str(file), "--type", "stations")[0] == 0

    known("push")
    made = {each["label"]: (each["area"], each["fields"]) for each in town.state.records.values()}
    assert made["新站"] == (
        "130630106201001",
        {
            "label": "新站", "hoses": "8", "phone": "13800000001", "width": "0.3", "built_on": "2026-11-05",
            "opens_at": "08:30:00", "checked_at": "2026-11-05T09:00:00",
        },
    )  # fmt: skip
    assert made["另一站"] == ("130630106201002", {"label": "另一站", "phone": "0312-7321001"})


@pytest.mark.parametrize(
    ("name", "cell", "cure"),
    [
        ("built_on", 46331, "请把这一列设成日期格式或文本，写成 2026-11-05"),
        ("hoses", 5.5, "只写数字"),
        ("hoses", "5.0", "请写成 5"),
        ("phone", 130630106201001001, "超过15位"),
        ("head", date(2026, 1, 2), "设成文本"),
        ("open", True, "选项"),
    ],
)
def test_a_slip_in_a_workbook_is_told_with_row_column_and_cure(known, tmp_path, name, cell, cure):
    file = a_workbook(tmp_path / "x.xlsx", [["label", name], ["好站"], ["新站", cell]])

    status, _, complaint = known("answers", str(file), "--type", "stations")

    assert (status, f"第3行“{name}”" in complaint, cure in complaint) == (1, True, True), complaint


def test_a_formula_that_failed_is_not_taken_for_an_empty_cell(known, tmp_path):
    file = a_workbook(tmp_path / "x.xlsx", [["label", "head"], ["新站", ""]], error="B2")

    status, _, complaint = known("answers", str(file), "--type", "stations")

    assert (status, "第2行“head”：“#N/A”" in complaint) == (1, True), complaint


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B2"><f>A1&amp;"x"</f></c>',
        '<c r="B2" s="0"><f>1+1</f><v></v></c>',
        "<c r='B2'><f>1+1</f><v/></c>",
        '<c r="B2"><f t="shared" si="0"/></c>',
    ],
)
def test_a_formula_that_nobody_has_calculated_is_not_taken_for_an_empty_cell(tmp_path, cell):
    assert read_with(tmp_path / "x.xlsx", cell) == {"label": "新站", "head": "#VALUE!"}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('<c r="B2" t="str"><f>""</f><v></v></c>', {}),
        ('<c r="B2"><f>1+1</f><v>2</v></c>', {"head": "2"}),
        ('<c r="B2" s="0"/>', {}),
    ],
)
def test_a_formula_that_was_calculated_is_its_result(tmp_path, cell, value):
    assert read_with(tmp_path / "x.xlsx", cell) == {"label": "新站", **value}


def read_with(path: Path, cell: str) -> Mapping[str, object]:
    """Return the row of a workbook in which ``cell`` stands in the place of B2."""
    a_workbook(path, [["label", "head"], ["新站", 4711]])
    out = io.BytesIO()
    with ZipFile(path) as old, ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, part.replace(b'<c r="B2"><v>4711</v></c>', cell.encode()))
    path.write_bytes(out.getvalue())
    return row_files.read(path)[0].cells


@pytest.mark.parametrize(
    ("sheets", "options", "cure"),
    [
        ([[["label"], ["一"]], [["label"], ["二"]]], {}, "只留要导入的一张"),
        ([[["label", "head"], ["一", "甲"]]], {"merge": ["A2:A3"]}, "第2行到第3行有合并的单元格"),
        ([[["label", ""], ["一", "甲"]]], {}, "第2行有一格没有列名"),
        ([[["label"], ["一", "甲"]]], {}, "第2行有一格没有列名"),
        ([[["label", "label"], ["一", "甲"]]], {}, "不能重复"),
        ([[[], ["label"], ["一"]]], {}, "第1行应是列名"),
        ([[["label"]]], {}, "没有数据行"),
        ([[]], {}, "第1行应是列名"),
        ([[["label"], *([[]] * 200_000), ["一"]]], {}, "太远"),
    ],
)
def test_a_workbook_that_is_no_plain_table_says_what_to_do(tmp_path, sheets, options, cure):
    file = a_workbook(tmp_path / "x.xlsx", *sheets, **options)

    with pytest.raises(Refused, match=cure):
        row_files.read(file)


def test_hidden_and_empty_worksheets_are_left_alone(tmp_path):
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet("导入").write_column(0, 0, ["label", "新站"])
        hidden = book.add_worksheet("选项")
        hidden.write(0, 0, "yes")
        hidden.hide()
        book.add_worksheet("Sheet3")
    (tmp_path / "x.xlsx").write_bytes(out.getvalue())

    assert [(each.number, each.cells) for each in row_files.read(tmp_path / "x.xlsx")] == [(2, {"label": "新站"})]


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(100), "label\n站".encode()])
def test_what_is_called_a_workbook_and_is_none_says_so(tmp_path, content):
    (tmp_path / "x.xlsx").write_bytes(content)

    with pytest.raises(Refused, match="打不开"):
        row_files.read(tmp_path / "x.xlsx")


# Separators


@pytest.mark.parametrize("separator", [";", "；", "\t", "，", "|"])
def test_columns_that_something_else_separates_are_told_with_the_cure(known, tmp_path, separator):
    file = tmp_path / "x.csv"
    file.write_text("\n".join(separator.join(line) for line in (("label", "head"), ("站", "甲"))), encoding="utf-8")

    status, _, complaint = known("answers", str(file), "--type", "stations")

    assert (status, "应是逗号" in complaint, "CSV UTF-8" in complaint) == (1, True, True)
    assert json.loads(known("list", "--format", "json")[1]) == []


def test_a_semicolon_inside_a_cell_is_content(known, tmp_path):
    (tmp_path / "x.csv").write_text("label,head\n站,甲;乙\n", encoding="utf-8")

    assert known("answers", str(tmp_path / "x.csv"), "--type", "stations")[0] == 0


def test_empty_columns_at_the_end_are_no_columns_and_what_has_no_name_is_not_dropped(tmp_path):
    (tmp_path / "x.csv").write_text("label,head,,\n站,甲,,\n", encoding="utf-8")
    assert row_files.read(tmp_path / "x.csv")[0].cells == {"label": "站", "head": "甲"}

    (tmp_path / "x.csv").write_text("label,,\n站,甲,\n", encoding="utf-8")
    with pytest.raises(Refused, match="第2行"):
        row_files.read(tmp_path / "x.csv")
