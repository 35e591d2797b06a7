"""An XForm is read as the phone reads it: what it needs, what it asks, what it saves and what it sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.db.training import MARK, marked
from server.errors import FormRefused
from server.forms.domain.choices import CodeList, Options
from server.forms.domain.definitions import (
    EntityDeclaration,
    Fault,
    FormDefinition,
    Question,
    from_json,
    refused,
    to_json,
)
from server.forms.domain.fields import Field
from server.forms.domain.record_types import Kind
from server.forms.usecases.xform import reader
from server.forms.usecases.xform.xml_parsing import with_titles, without_submission_action
from sync.rules import MergePolicy
from tests.forms.form_builders import FG, SURVEY, a_form, an_xform, read

CENTRAL_STYLE = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
  xmlns:orx="http://openrosa.org/xforms" xmlns:entities="http://www.opendatakit.org/xforms/entities">
  <!-- as other servers' test suites write it -->
  <h:head><h:title>People</h:title>
    <model entities:entities-version="2022.1.0">
      <instance><data id="people" orx:version="7">
        <name/><photo/><orx:meta><orx:audit/><entity dataset="people" create="1" id=""><label/></entity></orx:meta>
      </data></instance>
      <bind nodeset="/data/name" type="xsd:integer" entities:saveto="first_name"/>
      <bind nodeset="/data/orx:meta/orx:audit" type="binary"/>
    </model>
  </h:head>
  <h:body><input ref="/data/name"><label>Name</label></input><upload ref="/data/photo"/><input ref="/data/x"/></h:body>
</h:html>"""


def refusal_of(xml: str) -> list[dict[str, object]]:
    with pytest.raises(FormRefused) as refusal:
        reader.read_xform(xml.encode())
    return refusal.value.data["errors"]


def test_a_form_written_by_another_tool_is_understood():
    form = reader.read_xform(CENTRAL_STYLE.encode())

    assert (form.form_id, form.version, form.title) == ("people", "7", "People")
    assert form.questions == (Question("/data/name", "int", "Name"), Question("/data/photo", "binary"))
    assert form.entities[0].properties == {"/data/name": Field("first_name", "Name", "int")}
    assert form.binaries == ("/data/meta/audit",)
    assert (form.languages, form.default_language) == ((), None)


def test_pictures_and_lists_that_the_form_names_are_its_media():
    survey = SURVEY.replace("| save_to |", "| save_to | media::image::中文 (zh) | media::image::English (en) |")
    survey = survey.replace("| hives |\n", "| hives | 蜂 箱.png | 蜂 箱.png |\n")
    form = read(a_form(survey, more="| | select_one_from_file towns.geojson | town | 镇 | Town | | | |\n"))

    assert form.media == ("蜂 箱.png", "apiaries.csv", "towns.geojson")
    assert form.lists == ("apiaries",)


def test_files_that_phones_search_at_run_time_are_media_of_the_form():
    survey = SURVEY.replace("| save_to |", "| save_to | appearance | calculation |")
    more = """\
| | select_one towns | town | 乡镇 | Town | | minimal search('towns', 'matches', 'code', 'x') | |
| | calculate | fee | | | | | pulldata("fees.csv", 'fee', 'code', ${keeper}) |
"""
    choices = (
        "| choices |\n| | list_name | name | label::中文 (zh) | label::English (en) |\n| | towns | code | 名 | Name |\n"
    )

    form = read(a_form(survey, more=more, choices=choices))

    assert {"towns.csv", "fees.csv"} <= set(form.media)


def test_the_last_saved_answers_are_no_media():
    form = read(
        a_form(
            SURVEY.replace("| save_to |", "| save_to | default |").replace(
                "| hives |\n", "| hives | ${last-saved#hives} |\n"
            )
        )
    )

    assert form.media == ("apiaries.csv",)


def test_labels_come_in_the_default_language_and_groups_are_no_questions():
    form = read(
        a_form(
            more="| | begin_group | g | 组 | G | |\n"
            "| | select_one c | note | 备注 | Note | |\n"
            "| | end_group | | | | |\n",
            choices=CHOICES,
        )
    )

    assert form.questions[-1] == Question("/data/g/note", "string", "备注", options=Options(("a",)))
    assert form.languages == ("中文 (zh)", "English (en)")


CHOICES = "| choices |\n| | list_name | name | label::中文 (zh) | label::English (en) |\n| | c | a | 甲 | A |\n"


def test_a_calculation_has_the_label_that_its_row_states_though_no_phone_shows_it():
    survey = SURVEY.replace("| save_to |", "| save_to | calculation |")
    form = read(a_form(survey, more="| | calculate | total | 合计 | Total | | 1 + 1 |\n"))

    assert {question.path: question.label for question in form.questions}["/data/total"] == "合计"


def test_a_question_in_a_repeat_stands_once_with_its_condition():
    survey = SURVEY.replace("| save_to |", "| save_to | relevant |")
    more = "| | begin_repeat | r | 次 | R | | |\n| | image | photo | 照片 | Photo | | ${hives} > 3 |\n"
    more += "| | end_repeat | | | | | |\n"

    form = read(a_form(survey, more=more))

    assert form.questions[-1] == Question("/data/r/photo", "binary", "照片", "/data/hives  > 3")
    assert form.binaries == ("/data/r/photo",)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("<h:title>养蜂登记</h:title>", "<h:title> </h:title>", "form_title"),
        ("<h:title>养蜂登记</h:title>", "", "form_title"),
        ('id="apiary"', 'id=" "', "form_id"),
        ("h:body>", "h:legs>", "h:body"),
        ("h:html", "h:page", "h:html"),
        ("h:head>", "h:hat>", "h:head"),
        ("model", "models", "model"),
        ("<instance><data", "<other><data", "instance"),
    ],
)
def test_what_a_phone_cannot_load_is_refused(old, new, word):
    xml = an_xform()
    assert old in xml
    if new.startswith("<other>"):
        xml = xml.replace("</data></instance>", "</data></other>").replace(
            '<instance id="apiaries" src="jr://file-csv/apiaries.csv"/>', ""
        )

    assert any(word in str(error["message"]) for error in refusal_of(xml.replace(old, new)))


def test_a_kind_and_a_merge_policy_that_nobody_knows_are_refused_together():
    survey = SURVEY.replace("| save_to |", "| save_to | bind::fg:merge |").replace(
        "| hives |\n", "| hives | newest |\n"
    )
    xml = an_xform(a_form(survey, **FG, **{"attribute::fg:kind": "ledger"}))

    assert [error["column"] for error in refusal_of(xml)] == ["bind::fg:merge", "attribute::fg:kind"]


def test_a_merge_group_with_two_policies_is_refused():
    survey = SURVEY.replace("| save_to |", "| save_to | bind::fg:group | bind::fg:merge |")
    survey = survey.replace("| hives |\n", "| hives | g | latest |\n").replace(
        "| keeper |\n", "| keeper | g | keep |\n"
    )

    assert "不一致" in str(refusal_of(an_xform(a_form(survey, **FG)))[0]["message"])


def test_a_form_may_be_for_some_roles_only():
    form = read(a_form(**FG, **{"attribute::fg:roles": "police  town_station police"}))

    assert form.roles == ("police", "town_station")
    assert read(a_form()).roles == ()


def test_a_role_that_nobody_has_is_refused():
    errors = refusal_of(an_xform(a_form(**FG, **{"attribute::fg:roles": "police fireman"})))

    assert [(error["sheet"], error["column"]) for error in errors] == [("settings", "attribute::fg:roles")]


def test_a_form_without_a_ledger_declares_no_type():
    form = read(
        a_form("| survey |\n| | type | name | label |\n| | text | a | 甲 |\n", entities="", default_language="")
    )

    assert form.entities == ()
    assert form.declarations() == ()


def test_an_address_to_send_elsewhere_is_taken_out():
    xml = an_xform(a_form(submission_url="https://elsewhere.example/submission")).encode()

    stripped = without_submission_action(xml)

    assert b"elsewhere" in xml
    assert b"elsewhere" not in stripped
    assert b"<submission" not in stripped
    assert reader.read_xform(stripped).questions == reader.read_xform(xml).questions


def test_what_else_the_submission_element_says_stays():
    xml = an_xform(a_form(submission_url="https://elsewhere.example/s", auto_send="true")).encode()

    stripped = without_submission_action(xml)

    assert b"elsewhere" not in stripped
    assert b"auto-send" in stripped


def test_a_form_without_such_an_address_keeps_its_bytes():
    xml = an_xform().encode()

    assert without_submission_action(xml) is xml


CHOOSING = """\
| survey |
| | type | name | label | save_to | required | relevant | parameters | choice_filter |
| | text | keeper | 养蜂人 | keeper | yes | | | |
| | select_one races | race | 蜂种 | race | yes | ${keeper} != '' | | |
| | select_multiple races | seen | 见过的蜂种 | seen | | | | |
| | select_one_from_file flowers.csv | flower | 花 | flower | | | value=latin | active = '1' |
| | select_one_from_file yards.geojson | yard | 院子 | yard | | | | |
| | begin_group | g | 组 | | | ${keeper} != '' | | |
| | text | phone | 电话 | phone | yes | | | |
| | end_group | | | | | | | |
| choices |
| | list_name | name | label |
| | races | cerana | 中蜂 |
| | races | mellifera | 意蜂 |
"""


def test_the_codes_that_a_question_offers_are_known_wherever_they_stand():
    form = read(a_form(CHOOSING))

    offered = {field.name: field.options for field in form.entities[0].properties.values()}
    races = Options(("cerana", "mellifera"))
    assert offered == {
        "keeper": None,
        "race": races,
        "seen": races,
        "flower": Options(lists=(CodeList("flowers", "latin"),)),
        "yard": None,
        "phone": None,
    }


def test_choices_written_beside_the_question_are_codes_as_well():
    form = reader.read_xform(
        CENTRAL_STYLE.replace(
            '<input ref="/data/x"/>',
            '<select1 ref="/data/name"><item><label>A</label><value>1</value></item></select1>',
        )
        .replace('<input ref="/data/name"><label>Name</label></input>', "")
        .encode()
    )

    assert form.entities[0].properties["/data/name"].options == Options(("1",))


def test_choices_that_a_phone_replaces_by_rows_of_a_file_are_not_the_codes():
    survey = (
        CHOOSING.replace("| choice_filter |", "| appearance |")
        .replace("active = '1'", "")
        .replace("| seen | 见过的蜂种 | seen | | | | |", "| seen | 见过的蜂种 | seen | | | | search('races') |")
        .replace("select_one races", "select_one breeds")
    )
    form = read(a_form(survey + "| | breeds | cerana | 中蜂 |\n"))

    assert form.entities[0].properties["/data/seen"].options is None
    assert form.entities[0].properties["/data/race"].options == Options(("cerana",))


def test_an_answer_is_required_when_it_is_asked_for_whatever_else_is_answered():
    form = read(a_form(CHOOSING))

    assert [field.name for field in form.entities[0].properties.values() if field.required] == ["keeper"]


words = st.text(max_size=8)
code_lists = st.builds(CodeList, words, words)
options = st.builds(
    Options,
    st.lists(words, max_size=2).map(tuple),
    st.lists(words, max_size=2).map(tuple),
    st.lists(code_lists, max_size=2).map(tuple),
)
fields = st.builds(
    Field,
    words,
    words,
    words,
    st.none() | words,
    st.sampled_from(MergePolicy),
    set_valued=st.booleans(),
    options=st.none() | options,
    required=st.booleans(),
)
entities = st.builds(
    EntityDeclaration,
    words,
    st.booleans(),
    st.booleans(),
    st.dictionaries(words, fields, max_size=3),
    st.none() | st.sampled_from(Kind),
    st.none() | words,
    words,
    words,
)
many_words = st.lists(words, max_size=3).map(tuple)
a_question = st.builds(
    Question, words, words, words, st.none() | words, st.booleans(), st.none() | options, st.booleans()
)
questions = st.lists(a_question, max_size=3).map(tuple)
definitions = st.builds(
    FormDefinition,
    words,
    words,
    words,
    st.none() | words,
    many_words,
    st.lists(entities, max_size=3).map(tuple),
    many_words,
    many_words,
    many_words,
    questions,
    words,
    many_words,
)


@given(definitions)
def test_a_definition_comes_back_from_its_json_as_it_was(definition):
    assert from_json(to_json(definition)) == definition


def test_a_refusal_names_the_first_place_and_counts_the_rest():
    refusal = refused([Fault("没有版本。", "请填写。", "settings", 2), Fault("没有标题。", "请填写。", "settings")])

    assert refusal.message == "表单不能发布。共 2 处问题，第一处：settings 表第 2 行：没有版本。 请填写。"
    assert len(refusal.data["errors"]) == 2
    assert (
        refused([Fault("没有标题。", "请填写。", "settings")]).message
        == "表单不能发布。settings 表：没有标题。 请填写。"
    )


@pytest.mark.parametrize(("title", "marks"), [("<title>巡查</title>", 1), ("<title>【练习】巡查</title>", 1), ("", 0)])
def test_a_title_is_marked_once_and_none_is_made_up(title, marks):
    page = (
        f'<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:head>{title.replace("title", "h:title")}</h:head></h:html>'
    )

    assert with_titles(page.encode(), marked).decode().count(MARK) == marks
