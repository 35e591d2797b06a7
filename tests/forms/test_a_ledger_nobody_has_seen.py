"""A county starts a ledger of beehives: a spreadsheet is enough, no line of code knows what a beehive is."""

from __future__ import annotations

import pytest

from server.forms.domain.definitions import from_json, to_json
from server.forms.domain.record_types import Kind, combine
from server.forms.usecases.xform import reader
from server.forms.usecases.xlsform import conversion
from sync.datatypes import invalid_reason
from sync.rules import MergePolicy
from tests.forms.form_builders import FG, a_form, a_workbook, checked, convert

LEDGER = a_form(
    """\
| survey |
| | type | name | label::中文 (zh) | label::English (en) | save_to | bind::fg:group | bind::fg:merge |
| | text | keeper | 养蜂人 | Keeper | keeper | | |
| | begin_group | colony | 蜂群 | Colony | | | |
| | integer | hives | 蜂箱数 | Hives | hives | strength | |
| | date | seen_on | 检查日期 | Seen on | seen_on | strength | latest |
| | select_multiple flora | flora | 蜜源 | Flora | flora | | |
| | geopoint | place | 位置 | Place | geometry | | |
| | image | photo | 照片 | Photo | | | |
| | end_group | | | | | | |
| | csv-external | apiaries | | | | | |
""",
    choices="""\
| choices |
| | list_name | name | label::中文 (zh) | label::English (en) |
| | flora | acacia | 槐花 | Acacia |
| | flora | jujube | 枣花 | Jujube |
""",
    **FG,
    **{"attribute::fg:kind": "profile", "attribute::fg:title": "蜂箱台账"},
)


@pytest.mark.parametrize(("source", "file_type"), [(LEDGER.encode(), ".md"), (a_workbook(LEDGER), "XLSX")])
def test_a_spreadsheet_becomes_a_record_type(source, file_type):
    form = convert(source, file_type)
    definition = reader.read_xform(form.xml)
    record_type = combine(definition.declarations())

    assert (record_type.name, record_type.title, record_type.kind) == ("apiaries", "蜂箱台账", Kind.PROFILE)
    assert {name: field.type for name, field in record_type.fields.items()} == {
        "keeper": "string",
        "hives": "int",
        "seen_on": "date",
        "flora": "string",
        "geometry": "geopoint",
    }
    assert record_type.fields["flora"].set_valued
    assert record_type.fields["hives"].label == "蜂箱数"


def test_our_own_checks_have_nothing_against_it():
    assert checked(LEDGER) == ([], [])


def test_one_word_on_a_row_speaks_for_its_whole_merge_group():
    fields = combine(
        reader.read_xform(conversion.to_xform(LEDGER.encode(), "md", timeout_s=30).xml).declarations()
    ).fields

    assert {fields[name].group for name in ("hives", "seen_on")} == {"strength"}
    assert {fields[name].merge for name in ("hives", "seen_on")} == {MergePolicy.LATEST}
    assert fields["keeper"].merge is MergePolicy.KEEP


def test_what_a_phone_sends_is_judged_by_the_new_type():
    form = conversion.to_xform(LEDGER.encode(), ".md", timeout_s=30)
    fields = combine(reader.read_xform(form.xml).declarations()).fields

    assert invalid_reason(fields["hives"].type, "12") is None
    assert invalid_reason(fields["hives"].type, "很多") == "“很多”不是整数。"


def test_the_definition_survives_the_store():
    definition = reader.read_xform(conversion.to_xform(LEDGER.encode(), ".md", timeout_s=30).xml)

    assert from_json(to_json(definition)) == definition


def test_the_same_spreadsheet_gives_the_same_bytes_every_time():
    once = conversion.to_xform(LEDGER.encode(), ".md", timeout_s=30)
    again = conversion.to_xform(LEDGER.encode(), ".md", timeout_s=30)

    assert once.xml == again.xml
