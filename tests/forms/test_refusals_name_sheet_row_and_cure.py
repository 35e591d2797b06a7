"""Each reason not to publish a form says where its author finds it, what is wrong and what to do."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from pyxform.errors import ErrorCode

from server.errors import FormRefused
from server.forms.domain.definitions import Allowance, faults_of
from server.forms.domain.record_types import Declaration, Field, Kind, combine
from server.forms.usecases import checks
from server.forms.usecases.xform import reader
from server.forms.usecases.xlsform.conversion import to_xform
from server.forms.usecases.xlsform.messages import said_in_chinese, translated
from server.forms.usecases.xlsform.sheets import Sheets, rows_by_path
from tests.forms.form_builders import (
    ENTITIES,
    FG,
    SETTINGS,
    SURVEY,
    a_form,
    an_xform,
    checked,
    checked_xml,
    convert,
    converted,
    read,
)

NO_LEDGER = (
    "| survey |\n| | type | name | label::中文 (zh) | label::English (en) |\n| | text | keeper | 养蜂人 | Keeper |\n"
)
APIARIES_LIST = '<instance id="apiaries" src="jr://file-csv/apiaries.csv"/>'


def the_only(faults):
    assert len(faults) == 1, faults
    assert faults[0].message
    assert faults[0].cure
    return faults[0]


def place(fault):
    return fault.sheet, fault.row, fault.column


def a_type(*fields: Field, name: str = "apiaries", kind: Kind | None = None):
    return {name: combine([Declaration("older", "1", name, "养蜂", fields, kind)])}


def test_a_good_form_has_no_faults_and_no_warnings():
    assert checked(a_form()) == ([], [])


@pytest.mark.parametrize("column", ["form_id", "version"])
def test_a_form_without_identity_is_refused(column):
    faults, _ = checked(a_form(**{column: ""}))

    assert place(the_only(faults)) == ("settings", 2, column)


def test_an_uploaded_xform_without_version_is_refused():
    faults, _ = checked_xml(an_xform(old=' version="1"', new=""))

    assert the_only(faults).column == "version"


@pytest.mark.parametrize("form_id", ["apiary.xml", "apiary.XLS", "apiary.xlsx"])
def test_a_form_id_that_looks_like_a_file_is_refused(form_id):
    faults, _ = checked(a_form(form_id=form_id))

    assert place(the_only(faults)) == ("settings", 2, "form_id")


@pytest.mark.parametrize("form_id", ["a/b", "a\\b", "a" * 101])
def test_a_form_id_that_breaks_addresses_is_refused(form_id):
    faults, _ = checked(a_form(form_id=form_id))

    assert place(the_only(faults)) == ("settings", 2, "form_id")


def test_spaces_and_chinese_in_a_form_id_are_welcome():
    assert checked(a_form(form_id="养蜂 登记")) == ([], [])


def test_other_content_under_a_published_version_is_refused():
    published = read(a_form())

    faults, _ = checked(a_form(more="| | text | note | 备注 | Note | note |\n"), [published])

    assert place(the_only(faults)) == ("settings", 2, "version")


def test_the_same_form_again_is_no_fault_and_known_as_published():
    published = read(a_form())

    assert checked(a_form(), [published]) == ([], [])
    assert checks.already_published(read(a_form()), [published])
    assert not checks.already_published(read(a_form(version="2")), [published])


@pytest.mark.parametrize(
    ("before", "after", "row"),
    [("integer", "decimal", 5), ("text", "date", 5), ("select_one c", "select_multiple c", 5)],
)
def test_a_question_that_changes_its_type_is_refused(before, after, row):
    choices = "| choices |\n| | list_name | name | label::中文 (zh) | label::English (en) |\n| | c | a | 甲 | A |\n"
    published = read(a_form(more=f"| | {before} | note | 备注 | Note | |\n", choices=choices))

    faults, _ = checked(
        a_form(more=f"| | {after} | note | 备注 | Note | |\n", choices=choices, version="2"), [published]
    )

    assert place(the_only(faults)) == ("survey", row, "type")


def test_a_question_inside_a_group_is_found_by_its_row():
    group = "| | begin_group | g | 组 | G | |\n| | {} | note | 备注 | Note | |\n| | end_group | | | | |\n"
    published = read(a_form(more=group.format("text")))

    faults, _ = checked(a_form(more=group.format("integer"), version="2"), [published])

    assert the_only(faults).row == 6


def test_a_language_missing_on_the_choices_sheet_is_refused():
    choices = "| choices |\n| | list_name | name | label::中文 (zh) |\n| | c | a | 甲 |\n"

    faults, _ = checked(a_form(more="| | select_one c | pick | 选 | Pick | |\n", choices=choices))

    assert place(the_only(faults)) == ("choices", 1, "label::English (en)")


def test_a_language_that_only_the_choices_speak_is_refused():
    choices = "| choices |\n| | list_name | name | label::中文 (zh) | label::English (en) | label::Deutsch (de) |\n"
    choices += "| | c | a | 甲 | A | A |\n"

    faults, _ = checked(a_form(more="| | select_one c | pick | 选 | Pick | |\n", choices=choices))

    assert place(the_only(faults)) == ("choices", 1, "label::Deutsch (de)")


def test_a_default_language_that_nobody_speaks_is_refused():
    faults, _ = checked(a_form(default_language="中文"))

    assert place(the_only(faults)) == ("settings", 2, "default_language")


def test_an_uploaded_xform_with_a_half_translated_language_is_refused():
    xml = an_xform(old='<text id="/data/hives:label"><value>Hives</value></text>', new="")

    assert "English (en)" in the_only(checked_xml(xml)[0]).message


def test_a_file_that_is_not_attached_is_refused_at_the_row_that_asks_for_it():
    form = a_form(more="| | select_one_from_file flowers.csv | flower | 花 | Flower | |\n")

    faults, _ = checked(form)

    assert place(the_only(faults))[:2] == ("survey", 5)
    assert checked(form, attached={"flowers.csv"}) == ([], [])


@pytest.mark.parametrize("name", ["areas", "handlers"])
def test_lists_that_the_server_makes_need_no_file(name):
    assert checked(a_form(more=f"| | select_one_from_file {name}.csv | pick | 选 | Pick | |\n")) == ([], [])


def test_the_list_of_another_ledger_needs_no_file_once_that_ledger_exists():
    form = a_form(more="| | select_one_from_file keepers.csv | pick | 选 | Pick | |\n")

    assert len(checked(form)[0]) == 1
    assert checked(form, known=a_type(name="keepers")) == ([], [])


def test_a_file_named_like_a_ledger_is_refused():
    faults, _ = checked(a_form(), attached={"apiaries.csv"})

    assert "apiaries.csv" in the_only(faults).message


def test_a_file_name_with_a_folder_is_refused():
    faults, _ = checked_xml(an_xform(old="jr://file-csv/apiaries.csv", new="jr://file-csv/../apiaries.csv"))

    assert "文件夹" in the_only(faults).message


def test_select_one_external_needs_its_list_beside_the_form():
    faults, _ = checked_xml(an_xform(old='<input ref="/data/keeper">', new='<input ref="/data/keeper" query="q">'))

    assert "itemsets.csv" in the_only(faults).cure


@pytest.mark.parametrize(
    ("version", "word"), [("2025.1.0", "KoboCollect"), ("2026.9.0", "2026.9"), ("", "没有写"), ("soon", "soon")]
)
def test_an_entity_specification_that_phones_cannot_read_is_refused(version, word):
    xml = an_xform(old='entities-version="2024.1.0"', new=f'entities-version="{version}"')

    faults, _ = checked_xml(xml)

    assert word in the_only(faults).message


@pytest.mark.parametrize("version", ["2022.1.0", "2023.1.0"])
def test_an_older_entity_specification_is_taken_with_a_warning(version):
    faults, warnings = checked_xml(an_xform(old="2024.1.0", new=version))

    assert faults == []
    assert "entities-version" in warnings[0]


def test_two_ledgers_in_one_form_are_refused_unless_an_administrator_insists():
    form = """\
| survey |
| | type | name | label::中文 (zh) | label::English (en) | save_to |
| | begin_repeat | visit | 走访 | Visit | |
| | text | seen | 所见 | Seen | visits#seen |
| | end_repeat | | | | |
| | text | keeper | 养蜂人 | Keeper | apiaries#keeper |
"""
    entities = "| entities |\n| | list_name | label |\n| | apiaries | ${keeper} |\n| | visits | ${seen} |\n"

    faults, _ = checked(a_form(form, entities=entities))
    insisted, warnings = checked(a_form(form, entities=entities), allowed=[Allowance.SEVERAL_ENTITIES])

    assert place(the_only(faults)) == ("entities", 3, None)
    assert "KoboCollect" in the_only(faults).message
    assert "--allow several-entities" in the_only(faults).cure
    assert insisted == []
    assert any("KoboCollect" in warning for warning in warnings)


def test_a_ledger_inside_a_repeat_is_refused_unless_an_administrator_insists():
    form = """\
| survey |
| | type | name | label::中文 (zh) | label::English (en) | save_to |
| | begin_repeat | visit | 走访 | Visit | |
| | text | seen | 所见 | Seen | seen |
| | end_repeat | | | | |
"""
    faults, _ = checked(a_form(form, entities="| entities |\n| | list_name | label |\n| | visits | ${seen} |\n"))

    assert place(the_only(faults)) == ("entities", 2, None)


def test_a_question_that_happens_to_be_called_entity_is_no_ledger():
    assert checked(a_form(more="| | text | entity | 实体 | Entity | |\n")) == ([], [])


def test_a_row_without_a_name_keeps_the_numbers_of_those_below_it():
    sheets = Sheets({}, {"survey": ({"type": "note"}, {"type": "text", "name": "keeper"})})

    assert rows_by_path(sheets) == {"/keeper": 3}


def test_a_save_without_a_ledger_is_refused():
    xml = re.sub("<entity .*</entity>", "", an_xform()).replace(APIARIES_LIST, "")

    assert the_only(checked_xml(xml)[0]).sheet == "entities"


def test_a_ledger_that_is_never_written_is_refused():
    faults, _ = checked_xml(an_xform(old='create="1"', new='create="0"'))

    assert "不新建也不更新" in the_only(faults).message


def test_a_new_record_without_a_label_is_refused():
    faults, _ = checked_xml(an_xform(old="<label/></entity>", new="</entity>"))

    assert place(the_only(faults)) == ("entities", 2, "label")


def test_an_update_without_the_list_at_hand_is_refused():
    xml = an_xform(a_form(entities="| entities |\n| | list_name | entity_id |\n| | apiaries | ${keeper} |\n"))

    faults, _ = checked_xml(xml.replace(APIARIES_LIST, ""))

    assert "没有带上" in the_only(faults).message


@pytest.mark.parametrize("name", ["a.b", "__mine", "1st", "两 个", ""])
def test_a_ledger_name_that_lists_cannot_carry_is_refused(name):
    xml = an_xform(old='dataset="apiaries"', new=f'dataset="{name}"').replace(APIARIES_LIST, "")

    faults, _ = checked_xml(xml)

    assert place(the_only(faults)) == ("entities", 2, "list_name")


def test_the_servers_own_list_names_are_refused():
    faults, _ = checked_xml(an_xform(old='dataset="apiaries"', new='dataset="areas"').replace(APIARIES_LIST, ""))

    assert "留给服务器" in the_only(faults).message


def test_a_ledger_that_differs_only_in_case_is_refused():
    faults, _ = checked(a_form(), known=a_type(name="Apiaries"))

    assert "大小写" in the_only(faults).message


@pytest.mark.parametrize("name", ["__bees", "1bees", "name", "Label", "KEEPER"])
def test_a_property_name_that_lists_cannot_carry_is_refused(name):
    faults, _ = checked_xml(an_xform(old='saveto="hives"', new=f'saveto="{name}"'))

    assert (the_only(faults).sheet, the_only(faults).column) == ("survey", "save_to")


def test_two_kinds_for_one_ledger_are_refused():
    form = a_form(**FG, **{"attribute::fg:kind": "case"})

    faults, _ = checked(form, known=a_type(kind=Kind.PROFILE))

    assert place(the_only(faults)) == ("settings", 2, "attribute::fg:kind")
    assert checked(form, known=a_type()) == ([], [])


def test_a_property_declared_otherwise_by_another_form_is_refused_at_its_row():
    faults, _ = checked(a_form(), known=a_type(Field("hives", type="decimal")))

    assert place(the_only(faults)) == ("survey", 3, "save_to")


def test_a_setting_that_keeps_answers_from_the_ledger_is_refused():
    faults, _ = checked(a_form(client_editable="yes"))

    assert place(the_only(faults)) == ("settings", 2, "client_editable")
    assert checked(a_form(entities="", survey=NO_LEDGER, client_editable="yes"))[0] == []


@pytest.mark.parametrize("ledger", [{}, {"entities": "", "survey": NO_LEDGER}])
def test_a_form_whose_answers_nobody_could_read_is_refused(ledger):
    faults, _ = checked(a_form(public_key="MIIB", **ledger))

    assert place(the_only(faults)) == ("settings", 2, "public_key")
    assert "读不到" in faults[0].message


def test_an_administrator_may_insist_on_a_form_whose_answers_the_server_cannot_read():
    form = a_form(public_key="MIIB", entities="", survey=NO_LEDGER)

    faults, warnings = checked(form, allowed=[Allowance.ENCRYPTION])
    into_a_ledger, _ = checked(a_form(public_key="MIIB"), allowed=[Allowance.ENCRYPTION])

    assert "--allow encryption" in the_only(checked(form)[0]).cure
    assert faults == []
    assert any("读不到" in warning for warning in warnings)
    assert "写不进台账" in the_only(into_a_ledger).message


def test_what_one_version_was_allowed_the_next_one_is_too():
    form = a_form(public_key="MIIB", entities="", survey=NO_LEDGER)
    published = reader.read_xform(converted(form).xml)

    assert checked(form, previous=[replace(published, version="0")])[0] == []


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("| | audit | audit | | | |\n", "audit"),
        ("| | phonenumber | phone | | | |\n", "phonenumber"),
        ("".join(f"| | image | photo{n} | 照片 | Photo | |\n" for n in range(3)), "3 个"),
    ],
)
def test_costly_habits_are_warned_of(row, word):
    faults, warnings = checked(a_form(more=row))

    assert faults == []
    assert word in warnings[0]


def test_a_map_a_missing_list_and_a_missing_default_language_are_warned_of():
    xml = an_xform(old='<input ref="/data/keeper">', new='<input ref="/data/keeper" appearance="placement-map">')
    xml = xml.replace(APIARIES_LIST, "").replace(' default="true()"', "")

    faults, warnings = checked_xml(xml)

    assert faults == []
    assert [
        word for word in ("default_language", "map", "csv-external") if not any(word in one for one in warnings)
    ] == []


def test_every_fault_is_reported_at_once():
    survey = "| survey |\n| | type | name | label::中文 (zh) | save_to |\n| | text | keeper | 养蜂人 | keeper |\n"

    faults, _ = checked(a_form(survey, version="", form_id="a.xml", default_language="English"), attached={"areas.csv"})

    assert {fault.column for fault in faults} == {"version", "form_id", "default_language", None}


@pytest.mark.parametrize(
    ("form", "sheet", "row", "word"),
    [
        (a_form(more="| | textt | note | 备注 | Note | |\n"), "survey", 5, "题型"),
        (a_form(more="| | text | note | | | |\n"), "survey", 5, "没有显示文字"),
        (a_form(more="| | select_one_external c | pick | 选 | Pick | |\n"), "survey", 5, "select_one_external"),
        (a_form(more="| | text | note | 备注 | Note | label |\n"), "survey", 5, "保留"),
        (a_form(more="| | text | keeper | 备注 | Note | |\n"), "survey", 5, "重复"),
        (a_form(more="| | text | 备注 | 备注 | Note | bad name |\n"), None, None, ""),
        (a_form(more="| | select_one c | pick | 选 | Pick | |\n"), None, None, "选项"),
        (a_form(more="| | calculate | sum | | | |\n"), "survey", 5, "算式"),
        (a_form(more="| | begin_group | g | 组 | G | |\n"), "survey", 5, "配对"),
        (a_form(entities=""), "survey", 2, "entities"),
        (a_form(entities="| entities |\n| | list_name |\n| | apiaries |\n"), "entities", 2, "标签"),
        (
            a_form(entities="| entities |\n| | list_name | label | lable |\n| | a | b | c |\n"),
            "entities",
            1,
            "不认识的列",
        ),
        (a_form().replace("| survey |", "| servey |"), None, None, "survey"),
        (a_form(instance_name="${nobody}"), "settings", 2, "引用"),
    ],
)
def test_what_pyxform_refuses_is_said_in_chinese_with_its_own_words_beside(form, sheet, row, word):
    with pytest.raises(FormRefused) as refusal:
        converted(form)

    error = refusal.value.data["errors"][0]
    assert "pyxform：" in error["message"]
    assert word in error["message"]
    if sheet is not None:
        assert (error["sheet"], error["row"]) == (sheet, row)


def test_pyxforms_refusal_comes_together_with_what_the_sheets_tell():
    with pytest.raises(FormRefused, match="共 2 处问题") as refusal:
        converted(a_form(more="| | textt | note | 备注 | Note | |\n", version=""))

    assert [error["column"] for error in refusal.value.data["errors"]] == [None, "version"]


def test_all_that_a_form_names_and_has_not_is_told_at_once_where_the_tool_stops_at_the_first():
    rows = (
        "| | text | | 备注 | Note | |\n"
        "| | | typeless | 备注 | Note | |\n"
        "| | text | note | ${Keeper} | ${nobody} | |\n"
        "| | select_one nolist | pick | 选 | ${nothing} | |\n"
    )
    choices = "| choices |\n| | list_name | name | label::中文 (zh) | label::English (en) |\n| | l | x | 甲 | X |\n"

    with pytest.raises(FormRefused) as refusal:
        converted(a_form(more=rows, choices=choices))

    errors = refusal.value.data["errors"]
    assert [(error["row"], error["column"]) for error in errors] == [
        (5, "name"),
        (6, "type"),
        (7, "label::中文 (zh)"),
        (7, "label::English (en)"),
        (8, "label::English (en)"),
        (8, "type"),
    ]
    assert "${keeper}" in errors[2]["cure"]


def test_each_save_to_without_its_ledger_is_told_where_there_are_several():
    survey = SURVEY.replace(" hives |\n", " hive#hives |\n")

    with pytest.raises(FormRefused) as refusal:
        converted(a_form(survey, entities=ENTITIES + "| | wells | ${keeper} |\n"))

    first, second, third = refusal.value.data["errors"]
    assert (first["row"], first["column"], second["row"], second["column"]) == (2, "save_to", 3, "save_to")
    assert third["sheet"] == "entities" and "只能写一个台账" in third["message"]
    assert "apiaries#keeper" in first["cure"]
    assert "apiaries、wells" in second["cure"]


@pytest.mark.parametrize("code", [code.name for code in ErrorCode if not code.name.startswith("INTERNAL")])
def test_every_error_of_pyxform_has_its_chinese_sentence(code):
    original = ErrorCode[code].value.msg

    assert said_in_chinese(original) if code == "NAMES_002" else "转换不成功" not in translated(code, original).message


def test_an_expression_that_no_phone_understands_is_refused_at_its_row():
    form = a_form().replace("| save_to |", "| save_to | relevant |").replace("| hives |\n", "| hives | nofunc(1) |\n")

    with pytest.raises(FormRefused, match="不认识函数 nofunc") as refusal:
        convert(form.encode(), ".md")

    assert (refusal.value.data["errors"][0]["sheet"], refusal.value.data["errors"][0]["row"]) == ("survey", 3)


def test_an_update_without_its_list_is_refused_with_the_list_to_bring():
    survey = SURVEY.replace("| | csv-external | apiaries | | | |\n", "")
    entities = "| entities |\n| | list_name | label | entity_id |\n| | apiaries | ${keeper} | ${keeper} |\n"

    with pytest.raises(FormRefused, match="csv-external，name 写 apiaries") as refusal:
        convert(a_form(survey, entities=entities).encode(), ".md")

    assert refusal.value.data["errors"][0]["row"] == 2


def test_a_chinese_question_name_in_an_expression_is_refused_with_the_cure():
    form = a_form(more="| | text | 姓名 | 姓名 | Name | |\n| | calculate | twice | | | |\n")
    form = form.replace("| save_to |", "| save_to | calculation |").replace("twice | | | |", "twice | | | | ${姓名} |")

    with pytest.raises(FormRefused, match="只用英文字母"):
        convert(form.encode(), ".md")


def test_without_java_a_form_is_published_with_a_warning(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    form = convert(a_form().encode(), ".md")

    assert "not validated" in form.warnings[-1]


def test_settings_are_found_under_either_of_their_names():
    assert SETTINGS["form_id"] == read(a_form().replace("form_id", "id_string")).form_id
    assert checked(a_form().replace("form_id", "id_string")) == ([], [])


def in_languages(survey: str, choices: str) -> str:
    """Return a form with two label columns on each sheet."""
    return a_form(
        f"| survey |\n| | type | name | {survey} |\n| | select_one l | a | 甲 | A |\n",
        choices=f"| choices |\n| | list_name | name | {choices} |\n| | l | x | 甲 | A |\n",
        entities="",
        default_language="",
    )


BOTH = "label::中文 (zh) | label::English (en)"


@pytest.mark.parametrize(
    ("survey", "choices", "at", "cure"),
    [
        (BOTH, "label::中文(zh) | label::English (en)", ("choices", "label::中文(zh)"), "label::中文 (zh)"),
        (BOTH, "label::中文（zh） | label::English (en)", ("choices", "label::中文（zh）"), "label::中文 (zh)"),
        ("label | label::English (en)", BOTH, ("survey", "label"), "label::中文 (zh)"),
        (BOTH, "label::中文 (zh) | media::image", ("choices", "label::English (en)"), "label::English (en)"),
        (
            BOTH,
            "label::中文 (zh) | label::Français (fr)",
            ("choices", "label::Français (fr)"),
            "English (en)、中文 (zh)",
        ),
    ],
)
def test_languages_that_differ_between_sheets_are_refused_with_the_column_to_write(survey, choices, at, cure):
    faults, _ = checked(in_languages(survey, choices))

    first = next(fault for fault in faults if (fault.sheet, fault.column) == at)
    assert cure in first.cure
    assert checked(in_languages(BOTH, BOTH))[0] == []


def test_one_language_spelled_in_two_ways_is_one_fault():
    assert len(checked(in_languages(BOTH, "label::中文(zh) | label::English (en)"))[0]) == 1


ROWS_HEAD = "| survey |\n| | type | name | label | relevant |\n"
ROWS_FOOT = (
    "| choices |\n| | list_name | name | label |\n| | yes_no | yes | 是 |\n"
    "| settings |\n| | form_title | form_id | version |\n| | 试 | try | 1 |\n"
)


def places_of(rows: str, foot: str = ROWS_FOOT) -> list[tuple[str, int]]:
    with pytest.raises(FormRefused) as refused:
        converted(f"{ROWS_HEAD}{rows}{foot}")
    return [(each["sheet"], each["row"]) for each in refused.value.data["errors"]]


def test_several_rows_that_the_tool_refuses_are_all_named():
    rows = "| | textt | a | 甲 | |\n| | text | b | 乙 | |\n| | wrong | c | x | |\n| | select_one nothing | d | 丁 | |\n"

    assert {("survey", 2), ("survey", 4), ("survey", 5)} <= set(places_of(rows))


def test_what_our_own_checks_find_stands_beside_what_the_tool_finds():
    rows = "| | text | a b | 甲 | |\n| | textt | c | 乙 | |\n| | text | d | 丙 | ${nothing} = 'x' |\n"

    assert {("survey", 2), ("survey", 3), ("survey", 4)} <= set(places_of(rows))


def test_a_row_that_was_set_aside_is_still_found_by_what_refers_to_it():
    rows = "| | textt | a | 甲 | |\n| | text | b | 乙 | ${a} = 'x' |\n"

    assert places_of(rows) == [("survey", 2)]


def test_without_any_choices_the_other_rows_are_told_too():
    rows = "| | select_one nothing | a | 甲 | |\n| | textt | b | 乙 | |\n"
    without = ROWS_FOOT[ROWS_FOOT.index("| settings") :]

    assert ("survey", 3) in places_of(rows, without)


def test_each_fault_is_told_once():
    found = places_of("| | textt | a | 甲 | |\n| | textt | a | 乙 | |\n")

    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", ["bee keeper", "1beekeeper", "bee\u200bkeeper"])
def test_a_reference_is_no_fault_of_its_own_where_the_name_it_means_is_refused(name):
    meant = "bee_keeper" if " " in name else "beekeeper"
    source = (
        "| survey |\n| | type | name | label | relevant |\n"
        f"| | text | {name} | 养蜂人 | |\n| | text | hives | 蜂箱 | ${{{meant}}} != '' |\n"
        "| | text | note | 备注 | ${hive} != '' |\n"
    )
    with pytest.raises(FormRefused) as refusal:
        converted(source)

    told = [(each.row, each.column) for each in faults_of(refusal.value) if each.sheet == "survey"]
    assert told == [(2, "name"), (4, "relevant")]


NAMELESS = {
    "a question": "| | text | | 养蜂人 | |\n",
    "one without label too": "| | text | | | |\n",
    "one that computes": "| | calculate | | | ${b} = 'x' |\n",
    "a choice": "| | select_one yes_no | | 选 | |\n",
    "a label alone": "| | | | 只有标签 | |\n",
    "a group": "| | begin_group | | 组 | |\n| | text | c | 丙 | ${b} = 'x' |\n| | end_group | | | |\n",
    "a type that there is none of": "| | textt | | 甲 | |\n",
}


@pytest.mark.parametrize("rows", NAMELESS.values(), ids=NAMELESS)
def test_a_row_without_a_name_is_one_fault_with_its_cure(rows):
    assert places_of(f"{rows}| | text | b | 乙 | |\n") == [("survey", 2)]


def test_the_name_that_is_left_out_is_told_where_others_refer_to_it():
    rows = "| | text | | 养蜂人 | |\n| | text | b | 乙 | ${keeper} != '' |\n| | text | c | 丙 | ${keeper} = '' |\n"
    with pytest.raises(FormRefused) as refusal:
        converted(f"{ROWS_HEAD}{rows}{ROWS_FOOT}")

    fault = the_only(faults_of(refusal.value))
    assert (place(fault), "${keeper}" in fault.cure) == (("survey", 2, "name"), True)


def test_where_several_names_are_left_out_every_reference_is_told():
    rows = "| | text | | 甲 | |\n| | text | | 乙 | |\n| | text | c | 丙 | ${keeper} = '' |\n"

    assert places_of(rows) == [("survey", 2), ("survey", 3), ("survey", 4)]


@pytest.mark.parametrize("content", [b"", b" \n"])
@pytest.mark.parametrize("file_type", ["csv", "md", "xlsx", "xls"])
def test_an_empty_file_is_called_empty(content, file_type):
    with pytest.raises(FormRefused) as refusal:
        to_xform(content, file_type, timeout_s=60)

    assert the_only(faults_of(refusal.value)).message == "文件是空的。"
