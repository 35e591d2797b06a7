"""Lists from Excel or another program become records: all rows or none, and a bad one says where and how to mend it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sync.cli.main import main
from sync.client import import_rows, record_types, row_files
from sync.client.failures import Refused
from sync.client.import_rows import ImportOptions
from sync.client.row_files import Row
from tests.sync.test_ledgers import ROWS

KNOWN = "b0000000-0000-4000-8000-000000000001"
SETTING = ImportOptions("stations", None, None, {"130630106201001"}, {KNOWN: "stations"})
TOLD = replace(SETTING, record_types=record_types.from_rows(ROWS))


@pytest.fixture
def take(phone, tmp_path):
    """Write a file and run ``fieldsync answers`` on it; returns exit status and all that was printed."""

    def run(content, *words, name="stations.csv", encoding="utf-8"):
        (tmp_path / name).write_bytes(content.encode(encoding))
        done = CliRunner().invoke(
            main, ["answers", str(tmp_path / name), "--type", "stations", "--store", str(phone.folder), *words]
        )
        return done.exit_code, done.output

    return run


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_rows_of_a_table_become_records_and_edits(take, phone, town, encoding):
    town.put(KNOWN, head="赵刚")
    phone.pull()

    status, said = take(f"id,area,label,head\n,,新站,王丽\n{KNOWN},,,李四\n", encoding=encoding)

    assert (status, "新建 1，修改 1" in said) == (0, True)
    phone.push()
    fields = sorted(record["fields"]["head"] for record in town.state.records.values())
    assert fields == ["李四", "王丽"]


def test_columns_may_be_headed_by_what_the_form_calls_a_field():
    rows = import_rows.check([Row(2, {"名称": "新站", "站长姓名": "王丽"})], TOLD)

    assert (rows[0][0].values, rows[1]) == ({"label": "新站", "head": "王丽"}, [])


def test_a_ledger_or_a_column_that_nobody_knows_is_told_once_with_the_cure():
    lines = [Row(number, {"haed": "王丽"}) for number in (2, 3)] + [Row(4, {"type": "station", "head": "甲"})]

    faults = import_rows.check(lines, TOLD)[1]

    assert [(each.number, each.column) for each in faults] == [(2, "haed"), (4, "type")]
    assert "相近的有：head" in faults[0].message


def test_a_heading_that_is_nearly_what_the_form_says_is_told_what_it_is_like():
    [fault] = import_rows.check([Row(2, {"站长的姓名": "王丽"})], TOLD)[1]

    assert (fault.column, "相近的有：站长姓名" in fault.message) == ("站长的姓名", True)


def test_two_columns_for_one_field_are_refused():
    [fault] = import_rows.check([Row(2, {"head": "王丽", "站长姓名": "李四"})], TOLD)[1]

    assert (fault.column, "都是字段 head" in fault.message) == ("站长姓名", True)


def test_a_file_that_is_read_twice_begins_nothing_twice(take, phone):
    table = "area,label\n,新站\n,另一站\n"

    take(table)
    phone.push()
    phone.pull()
    status, said = take(table)

    assert (status, "新建 0，修改 0，没有变化 2" in said) == (0, True)
    assert len(phone.changes()) == 2


def test_a_row_begun_from_here_and_given_away_since_is_not_begun_anew(take, phone, town):
    table = "area,label\nunit9,新站\n".replace("unit9", "130630106201009")
    take(table)
    phone.push()
    phone.pull()
    [record] = town.state.records
    assert phone.see(record) is None

    status, said = take(table)

    assert (status, "没有变化 1" in said) == (0, True)
    assert len(phone.changes()) == 1


def test_json_carries_numbers_lists_and_emptied_fields(take, phone, town):
    town.put(KNOWN, head="赵刚", hoses="6")
    phone.pull()
    rows = [
        {"fields": {"label": "新站", "hoses": 8.0, "told": ["owner", "tenant"], "note": None}},
        {"id": KNOWN, "head": ""},
    ]

    status, _ = take(json.dumps(rows), name="stations.json")
    phone.push()

    assert status == 0
    fields = [record["fields"] for record in town.state.records.values()]
    assert {"label": "新站", "hoses": "8", "told": "owner tenant"} in fields
    assert phone.fields(KNOWN) == {"hoses": "6"}


def test_every_bad_row_is_told_at_once_and_nothing_is_kept(take, phone):
    status, said = take("id,area,label,姓名\n,,好站,\nx,,坏站,\n,1234,坏站,\n,,坏站,王丽\n,,同站,\n,,同站,\n")

    assert status == 1
    assert "4 处要改" in said
    for wanted in ("第3行“id”", "第4行“area”", "第5行“姓名”", "第7行：与第6行完全相同"):
        assert wanted in said
    assert phone.changes() == []


def test_a_dry_run_keeps_nothing(take, phone):
    status, said = take("label\n新站\n", "--dry-run")

    assert (status, "新建 1" in said) == (0, True)
    assert phone.changes() == []


def test_the_form_and_how_a_case_begins_go_along(take, phone):
    take("label,form_version\n堆物,\n占道,3\n", "--action", "report", "--form", "hazard_report", "--form-version", "2")

    bodies = [json.loads(each["body"]) for each in phone.changes()]
    assert [(each["action"], each["form"], each["form_version"]) for each in bodies] == [
        ("report", "hazard_report", "2"),
        ("report", "hazard_report", "3"),
    ]


@pytest.mark.parametrize(
    ("cells", "column", "cure"),
    [
        ({"id": "x", "a": "1"}, "id", "UUID"),
        ({"area": "130630106201009", "a": "1"}, "area", "核对"),
        ({"area": "1.30630106201001E+14", "a": "1"}, "area", "文本"),
        ({"id": KNOWN, "area": "130630106201001", "a": "1"}, "area", "留空"),
        ({"id": KNOWN, "type": "hazards", "a": "1"}, "type", "stations"),
        ({"a": True}, "a", "yes"),
        ({"a": {"b": 1}}, "a", "文字"),
        ({"a": ["two words"]}, "a", "列表"),
        ({"a": "\x00"}, "a", "控制字符"),
        ({"a": "长" * 10_001}, "a", "10000"),
        ({"two words": "1"}, "two words", "字段名"),
        ({}, "", "没有填"),
    ],
)
def test_what_is_wrong_is_told_with_its_cure(cells, column, cure):
    good, faults = import_rows.check([Row(7, cells)], SETTING)

    assert good == []
    assert [(each.number, each.column) for each in faults] == [(7, column)]
    assert cure in faults[0].message


def test_a_record_has_one_row_and_the_second_is_told_where_the_first_is():
    good, faults = import_rows.check([Row(2, {"id": KNOWN, "a": "1"}), Row(5, {"id": KNOWN, "a": "2"})], SETTING)

    assert [each.number for each in good] == [2]
    assert [(each.number, each.column) for each in faults] == [(5, "id")]
    assert "第2行" in faults[0].message


def test_where_no_grid_is_known_yet_any_code_of_the_right_form_goes():
    cells = {"area": "130630106201009", "a": "1"}

    assert import_rows.check([Row(2, cells)], ImportOptions("stations", None, None, (), {}))[1] == []
    assert import_rows.check([Row(2, cells)], SETTING)[1] != []


def test_a_row_without_a_ledger_says_so():
    _, faults = import_rows.check([Row(2, {"a": "1"})], ImportOptions(None, None, None, (), {}))

    assert "--type" in faults[0].message


@pytest.mark.parametrize(
    ("name", "content", "cure"),
    [
        ("x.xls", b"PK", ".csv"),
        ("x.csv", b"", "列名"),
        ("x.csv", b"a,a\n1,2\n", "重复"),
        ("x.csv", b"a,b\n", "没有数据行"),
        ("x.csv", b"a,b\n1,2,3\n", "第2行"),
        ("x.csv", b'a,b\n1,2\n"1"x,2\n', "第3行"),
        ("x.csv", b"a\n\xff\xff\n", "编码"),
        ("x.json", b"{", "JSON"),
        ("x.json", b'{"a": 1}', "列表"),
        ("x.json", b'[{"a": 1, "a": 2}]', "重复"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path, name, content, cure):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(Refused, match=cure):
        row_files.read(tmp_path / name)


def test_line_numbers_are_those_of_the_file_also_after_cells_of_several_lines(tmp_path):
    (tmp_path / "x.csv").write_text('label,note\n站,"一\n二"\n\n站2,x\n')

    assert [each.number for each in row_files.read(tmp_path / "x.csv")] == [2, 5]


cells = st.dictionaries(
    st.sampled_from(["id", "area", "type", "label", "head", "两"]),
    st.one_of(st.text(max_size=5), st.none(), st.booleans(), st.integers(), st.lists(st.text(max_size=3), max_size=2)),
)


@given(st.lists(cells, max_size=6))
def test_whatever_the_file_says_each_row_is_kept_or_told(rows):
    lines = [Row(number, each) for number, each in enumerate(rows, 1)]

    good, faults = import_rows.check(lines, SETTING)

    assert {each.number for each in good} | {each.number for each in faults} == {line.number for line in lines}
    assert not {each.number for each in good} & {each.number for each in faults}
    assert len({each.record for each in good}) == len(good)
    assert all(isinstance(value, str) for each in good for value in each.values.values())
