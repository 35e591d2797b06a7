"""XLSForms as Excel, WPS and editors save them: published, or refused with sheet, row, column and a cure that works."""

from __future__ import annotations

import io
import re
from datetime import date

import openpyxl
import pytest

from server.errors import FormRefused
from server.forms.domain.invisible import shown
from server.forms.store import forms
from server.forms.usecases import publish
from server.forms.usecases.xlsform import conversion
from server.forms.usecases.xlsform.messages import said_in_chinese
from tests.forms.form_builders import a_form, a_workbook, an_xform

pytestmark = pytest.mark.slow  # each of these starts the converter, most of a second of processor

CSV_FORM = (
    "survey,,,\n,type,name,label\n,text,keeper,养蜂人\nsettings,,,\n,form_title,form_id,version\n,登记,apiary,1\n"
)
HEAD = (
    "| | type | name | label::中文 (zh) | label::English (en) | relevant | constraint | calculation | choice_filter |\n"
    "| | text | keeper | 养蜂人 | Keeper | | | | |\n"
)
PICK = "select_one c | pick | 选 | Pick | | | |"
CHOICES = "| choices |\n| | list_name | name | label::中文 (zh) | label::English (en) |\n| | c | a | 甲 | A |\n"


def asking(*rows: str, **settings: str) -> str:
    """Return a form whose rows begin in row 3: type, name, two labels, relevant, constraint, calculation, filter."""
    return a_form("| survey |\n" + HEAD + "".join(f"| | {row} |\n" for row in rows), entities="", **settings)


def prepare(source: str | bytes, kind: str = ".md", file_name: str = "", **media: bytes) -> publish.Prepared:
    raw = source.encode() if isinstance(source, str) else source
    return publish.prepare(
        raw, kind, {name.replace("_", "."): each for name, each in media.items()}, file_name=file_name
    )


def errors_of(store, source: str | bytes, kind: str = ".md", **media: bytes) -> list[dict]:
    with pytest.raises(FormRefused) as refusal:
        publish_it(store, source, kind, **media)
    return refusal.value.data["errors"]


def publish_it(store, source: str | bytes, kind: str = ".md", file_name: str = "", **media: bytes):
    ready = prepare(source, kind, file_name, **media)
    return store.write(lambda tx: publish.publish(tx, ready, "admin"))


def place(error: dict) -> tuple:
    return error["sheet"], error["row"], error["column"]


@pytest.fixture(autouse=True)
def _without_java(monkeypatch):
    """Leave ODK Validate out, which takes a second each: these refusals are our own, with or without Java."""
    monkeypatch.setattr(conversion, "validate", lambda *_, **__: ())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_text_is_read_in_the_encodings_of_excel_and_wps(store, encoding):
    of_csv = publish_it(store, CSV_FORM.encode(encoding), ".csv")
    of_markdown = publish_it(store, a_form(form_id="b", form_title="养蜂").encode(encoding), ".md")

    assert (of_csv.title, of_markdown.title) == ("登记", "养蜂")


def test_a_text_in_no_encoding_is_refused(store):
    [error] = errors_of(store, b"\x81\xff\xff| survey |", ".md")

    assert "GB18030" in error["message"]


def a_workbook_with(form: str, sheet: str, cell: str, value: object) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(a_workbook(form)))
    book[sheet][cell] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_date_cell_as_a_code_is_refused_with_its_row_and_what_it_became(store):
    form = asking(PICK) + CHOICES

    [error] = errors_of(store, a_workbook_with(form, "choices", "B2", date(2026, 3, 4)), ".xlsx")

    assert place(error) == ("choices", 2, "name")
    assert "2026-03-04 00:00:00" in error["message"]


def test_a_date_cell_as_a_version_is_warned_of_with_what_it_became(store):
    outcome = publish_it(store, a_workbook_with(asking(), "settings", "C2", date(2026, 11, 29)), ".xlsx")

    assert outcome.version == "2026-11-29 00:00:00"
    assert any("settings 表第 2 行 version" in each and outcome.version in each for each in outcome.warnings)


@pytest.mark.parametrize(
    ("form", "where"),
    [
        (asking("text | no\u200bte | 备注 | Note | | | |"), ("survey", 3, "name")),
        (asking("text\u00a0 x | note | 备注 | Note | | | |"), ("survey", 3, "type")),
        (
            asking("select_one c | pick | 选 | Pick | | | |") + CHOICES.replace("| a |", "| a\u200b |"),
            ("choices", 2, "name"),
        ),
        (asking(version="1\u200b2"), ("settings", 2, "version")),
        (asking().replace("| relevant |", "| rele\u2060vant |"), ("survey", 1, "rele〔U+2060〕vant")),
    ],
)
def test_a_character_that_nobody_sees_is_shown_and_refused(store, form, where):
    error = errors_of(store, form)[0]

    assert place(error) == where
    assert "U+" in error["message"]


def test_what_is_seen_is_shown_as_it_is():
    assert shown("甲 a-1") == "甲 a-1"


def test_a_question_named_like_the_forms_root_is_refused_with_the_true_reason(store):
    [error] = errors_of(store, asking("date | data | 日期 | Day | | | |", "text | b | 乙 | B | ${data} != '' | | |"))

    assert place(error) == ("survey", 3, "name")
    assert "根" in error["message"]
    assert publish_it(store, asking("date | data | 日期 | Day | | | |")).added


@pytest.mark.parametrize("first", ["${keeper}", "concat('a', ${keeper})"])
def test_a_list_chosen_by_an_answer_is_refused_with_a_cure_that_can_be_done(store, first):
    [error] = errors_of(store, asking(f"calculate | c | | | | | pulldata({first}, 'label', 'name', '1') |"))

    assert place(error) == ("survey", 3, "calculation")
    cured = asking("calculate | c | | | | | if(${keeper} = 'x', pulldata('one', 'label', 'name', '1'), '') |")
    assert publish_it(store, cured, one_csv=b"name,label\n1,x\n").added


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        (["begin_group | g | 组 | G | | | |", "end_group | | | | | | |"], 3),
        (["begin_group | g | 组 | G | | | |", "calculate | c | | | | | 1 |", "end_group | | | | | | |"], 3),
        (
            [
                "begin_group | g | 组 | G | | | |",
                "begin group | h | 组 | H | | | |",
                "end group | | | | | | |",
                "end_group | | | | | | |",
            ],
            4,
        ),
    ],
)
def test_an_empty_group_is_refused_with_its_row(store, rows, row):
    [error] = errors_of(store, asking(*rows))

    assert place(error) == ("survey", row, "type")
    assert "empty group" in error["message"]


def test_a_chinese_column_in_a_filter_is_refused_with_the_name_to_change(store):
    [error] = errors_of(
        store,
        asking("select_one_from_file l.csv | pick | 选 | Pick | | | | 区 = ${keeper}"),
        l_csv="name,label,区\n1,甲,x\n".encode(),
    )

    assert place(error) == ("survey", 3, "choice_filter")
    assert "区" in error["message"]
    assert publish_it(
        store,
        asking("select_one_from_file l.csv | pick | 选 | Pick | | | | zone = '区'"),
        l_csv=b"name,label,zone\n1,a,x\n",
    ).added


def test_full_width_signs_in_an_expression_are_refused(store):
    [error] = errors_of(store, asking("text | note | 备注 | Note | ${keeper}＝'a' | | |"))

    assert place(error) == ("survey", 3, "relevant")
    assert "＝" in error["message"]


def test_curly_quotes_in_an_expression_are_what_a_spreadsheet_makes_of_straight_ones(store):
    assert publish_it(store, asking("text | note | 备注 | Note | ${keeper} = ‘甲’ or ${keeper} = “乙” | | |")).added


@pytest.mark.parametrize(("word", "warned"), [("keeper", True), ("ok", True), ("yes", False), ("true()", False)])
def test_a_condition_that_is_a_bare_word_is_warned_of(word, warned):
    warnings = prepare(asking(f"text | note | 备注 | Note | {word} | | |")).warnings

    assert any("survey 表第 3 行 relevant" in each for each in warnings) == warned


def test_a_column_without_a_language_beside_one_with_it_is_taken_for_that_language(store):
    form = "| survey |\n| | type | name | label::中文 (zh) | hint |\n| | text | a | 甲 | 写全名 |\n"

    outcome = publish_it(store, a_form(form, entities="", default_language=""))

    with store.reading() as reading:
        definition = forms.get(reading, "apiary").current.definition
    assert definition.languages == ("中文 (zh)",)
    assert any("列 hint 没有写语言" in each and "hint::中文 (zh)" in each for each in outcome.warnings)


def test_several_columns_without_a_language_are_warned_of_once_each(store):
    form = (
        "| survey |\n"
        "| | type | name | label::中文 (zh) | hint::中文 (zh) | constraint | constraint_message | required_message |\n"
        "| | text | a | 甲 | 写全名 | . != '' | 不能空 | 要填 |\n"
    )

    warnings = publish_it(store, a_form(form, entities="", default_language="")).warnings

    assert sum("没有写语言" in each for each in warnings) == 2
    assert not any("Language" in each or "default" in each for each in warnings)


def test_a_language_that_has_no_labels_is_refused_at_the_column_that_is_in_the_file(store):
    form = (
        "| survey |\n| | type | name | label::english (en) | required | required_message::English (en) |\n"
        "| | text | a | A | yes | Please |\n"
    )

    [error] = errors_of(store, a_form(form, entities="", default_language=""))

    assert place(error) == ("survey", 1, "required_message::English (en)")
    assert "english (en)" in error["cure"]


@pytest.mark.parametrize("settings", [{"form_id": "2026-03-21 18:07:55.551000"}, {"version": "2026-03-21 00:00:00"}])
def test_an_excel_date_for_id_or_version_is_warned_of(store, settings):
    warnings = publish_it(store, asking(**settings)).warnings

    assert any(f"settings 表第 2 行 {next(iter(settings))}" in each for each in warnings)


def test_a_form_without_id_and_version_is_offered_one_of_each(store):
    bare, more = asking(form_id="", version=""), asking("text | note | 备注 | Note | | | |", form_id="", version="")

    first = publish_it(store, bare, file_name="蜂场.md")
    again = publish_it(store, bare, file_name="蜂场.md")
    changed = publish_it(store, more, file_name="蜂场.md")

    assert (first.form_id, first.added, again.added, changed.added) == ("蜂场", True, False, True)
    assert [any(word in each for each in first.warnings) for word in ("form_id", "version")] == [True, True]
    with store.reading() as reading:
        assert f'id="蜂场" version="{first.version}"'.encode() in forms.xml(reading, "蜂场", first.version)


def test_an_xform_without_id_and_version_is_offered_one_of_each(store):
    named = prepare(asking(form_id="hives", version="7")).xml.decode()
    bare = named.replace(' id="hives" version="7"', "")

    first = publish_it(store, bare, ".xml", file_name="蜂场.xml")
    again = publish_it(store, bare, ".xml", file_name="蜂场.xml")

    assert bare != named and (first.form_id, first.added, again.added) == ("蜂场", True, False)
    assert [any(word in each for each in first.warnings) for word in ("form_id", "version")] == [True, True]
    assert any("请在主 instance 的根元素写明" in each for each in first.warnings)
    with store.reading() as reading:
        assert f'id="蜂场" version="{first.version}"'.encode() in forms.xml(reading, "蜂场", first.version)


def test_a_form_whose_submissions_would_have_no_id_is_refused(store):
    (of_sheets,) = errors_of(store, asking(omit_instanceID="yes"))
    named = prepare(asking()).xml.decode()
    (of_xform,) = errors_of(store, re.sub(r"<meta>.*?</meta>|<bind [^>]*instanceID[^>]*/>", "", named), ".xml")

    assert (of_sheets["sheet"], of_sheets["row"], of_sheets["column"]) == ("settings", 2, "omit_instanceID")
    (of_no_bind,) = errors_of(store, re.sub(r"<bind [^>]*instanceID[^>]*/>", "", named), ".xml")

    assert "填完送不出去" in of_sheets["message"] and "jr:preload" in of_xform["cure"]
    assert of_no_bind == of_xform


def test_comments_in_an_xform_are_no_elements(store):
    plain = prepare(asking(version="")).xml.decode()
    commented = plain.replace("<model", "<!-- a --><model").replace("<instance>", "<instance><!-- b -->", 1)

    assert publish_it(store, commented, ".xml", file_name="a.xml").added


def test_a_form_without_a_ledger_is_published_with_a_note_that_it_makes_none(store):
    assert any("不建立台账" in each for each in publish_it(store, asking()).warnings)
    assert not any("不建立台账" in each for each in publish_it(store, a_form(form_id="b")).warnings)


def test_select_one_external_brings_its_list(store):
    external = (
        "| external_choices |\n| | list_name | name | label | zone |\n| | c | a | 甲 | x |\n| | c | b | 乙 | y |\n"
    )

    publish_it(store, asking("select_one_external c | pick | 选 | Pick | | | | zone=${keeper}") + external)

    with store.reading() as reading:
        form = forms.get(reading, "apiary")
        assert form.current.definition.media == ("itemsets.csv",)
        assert forms.media(reading, "apiary", "itemsets.csv").decode().splitlines()[1] == '"c","a","甲","x"'


@pytest.mark.parametrize(
    ("original", "said"),
    [
        ("[row : 4] Use the max-pixels parameter to speed up …", "survey 表第 4 行：照片没有限制大小"),
        (
            "[row : 3] On the 'choices' sheet, the 'label' value is invalid. Choices should have a label. …",
            "choices 表第 3 行",
        ),
        (
            "[row : 3] On the 'survey' sheet, the 'name' value 'a' is problematic. … case-insensitive match",
            "问题名“a”",
        ),
        ("Language 'en' is missing the survey hint column.", "语言“en”在 survey 表缺少 hint 列；"),
        (
            "Language 'e' is missing the survey columns hint, label.\nLanguage 'd' is missing the choices hint column.",
            "语言“e”在 survey 表缺少 hint、label 列；语言“d”在 choices 表缺少 hint 列；",
        ),
        ("Something that nobody foresaw", "Something that nobody foresaw"),
    ],
)
def test_the_tools_warnings_are_said_in_chinese_with_their_row(original, said):
    assert said in said_in_chinese(original)


def test_an_xform_comes_back_as_it_is():
    assert prepare(an_xform(), ".xml").source == an_xform().encode()
