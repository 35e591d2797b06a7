"""A form with two nested repeats, three select_multiple and photos, and what phones sent with it."""

from __future__ import annotations

import csv
import io
import zipfile

from python_calamine import CalamineWorkbook

FORM = """\
| survey |
| | type | name | label::中文 (zh) | label::English (en) |
| | start | start | | |
| | note | hello | 您好 | Hello |
| | text | id_no | 证号 | ID number |
| | integer | rooms | 间数 | Rooms |
| | decimal | rent | 租金 | Rent |
| | select_multiple risks | risks | 隐患 | Risks |
| | select_one_from_file areas.csv | where | 网格 | Grid |
| | geopoint | spot | 位置 | Position |
| | image | front | 门脸照片 | Front |
| | time | shut | 打烊 | Closing time |
| | begin_repeat | people | 住户 | Residents |
| | text | name | 姓名 | Name |
| | select_multiple needs | needs | 帮扶 | Needs |
| | image | face | 照片 | Photo |
| | begin_repeat | devices | 电器 | Devices |
| | text | name | 名称 | Name |
| | select_multiple risks | faults | 毛病 | Faults |
| | image | plate | 照片 | Photo |
| | end_repeat | | | |
| | end_repeat | | | |
| | begin_group | first | 联系人 | Contact |
| | text | name | 姓名 | Name |
| | end_group | | | |
| | begin_group | last | 最后 | At last |
| | text | name | 姓名 | Name |
| | text | remark | 备注 | Remark |
| | end_group | | | |
| choices |
| | list_name | name | label::中文 (zh) | label::English (en) |
| | risks | wire | 私拉电线 | Wires |
| | risks | gas | 燃气 | Gas |
| | risks | exit | 堵塞通道 | Blocked exit |
| | needs | alarm | 报警器 | Alarm |
| | needs | visit | 上门 | Visit |
| settings |
| | form_title | form_id | version | default_language |
| | 入户检查 | household | {version} | 中文 (zh) |
"""
FIRST = FORM.format(version=1)
SECOND = FORM.format(version=2).replace("| | decimal | rent | 租金 | Rent |\n", "| | text | owner | 房东 | Owner |\n")
"""The same form without the rent, with the owner in its place."""

ONE = """\
<data xmlns:orx="http://openrosa.org/xforms" id="household" version="1"><start>2026-11-24T23:30:05.120Z</start>\
<hello/><id_no>130630199001011234</id_no><rooms>3</rooms><rent>0080.50</rent><risks>wire gone exit</risks>\
<where>130630100201001</where><spot>39.25 114.75 900.0 4.5</spot><front>f.jpg</front><shut>21:30:00.000+08:00</shut>\
<people><name>甲</name><needs>alarm visit</needs><face>甲.jpg</face>\
<devices><name>=cmd</name><faults>gas</faults><plate/></devices>\
<devices><name>007</name><faults/><plate>p.jpg</plate></devices></people>\
<people><name>乙 "引"，
换行</name><needs/><face/>\
<devices><name>炉</name><faults>wire gas</faults><plate/></devices></people>\
<last><name>丙</name><remark>3-4</remark></last><extra><old>留下</old><old>两个</old></extra>\
<orx:meta><orx:instanceID>uuid:one</orx:instanceID></orx:meta></data>
""".encode()
TWO = """\
<data xmlns:orx="http://openrosa.org/xforms" id="household" version="2"><start/><id_no>007</id_no><rooms/>\
<owner>丁 13800000009</owner><risks/><where>unknown</where><spot/><front/><shut/><last><name/><remark/></last>\
<orx:meta><orx:instanceID>uuid:two</orx:instanceID></orx:meta></data>
""".encode()


def tables_of(answer) -> dict[str, list[dict[str, str]]]:
    """Return the tables of an archive by file name."""
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        return {name: lines(archive.read(name)) for name in archive.namelist() if name.endswith(".csv")}


def files_of(answer) -> dict[str, bytes]:
    """Return the files of an archive that are no tables, by their names in it."""
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith(".csv")}


def lines(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheets_of(answer) -> dict[str, list[dict[str, object]]]:
    """Return the sheets of a workbook by their titles."""
    assert answer.status_code == 200, answer.text
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    found = {}
    for title in book.sheet_names:
        headings, *rows = book.get_sheet_by_name(title).to_python()
        found[title] = [dict(zip(headings, row, strict=True)) for row in rows]
    return found
