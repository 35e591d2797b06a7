"""The outline of a form: what is asked, in which repeats, and what people read of questions and choices."""

from __future__ import annotations

import pytest

from server.forms.domain import outline
from server.forms.domain.outline import Language, merged, text_in
from server.forms.store import forms
from server.forms.usecases import choice_labels
from server.forms.usecases.xform.outline_reader import read_outline
from tests.api_county import lay_people
from tests.county import a_county, prepared

FORM = """\
| survey |
| | type | name | label::中文 (zh) | label::English (en) | readonly | calculation | default | choice_filter |
| | note | hello | 您好 | Hello | | | | |
| | text | fixed | 定值 | Fixed | yes | | 甲 | |
| | text | made | 算值 | Made | yes | 1 + 1 | | |
| | select_one passed | passed | 通过 | Passed | | | | |
| | select_one reasons | reason | 原因 | Reason | | | | |
| | text | words | 说明**${reason}** | **Words** | | | | |
| | rank reasons | order | 排序 | Order | | | | |
| | select_one_from_file posts.geojson | post | 岗亭 | Post | | | | |
| | select_one_from_file streets.csv | street | 街道 | Street | | | | |
| | begin_repeat | people | 住户 | Residents | | | | |
| | text | name | 姓名 | Name | | | | |
| | begin_repeat | pets | 宠物 | Pets | | | | |
| | text | name | 名字 | Name | | | | |
| | end_repeat | | | | | | | |
| | end_repeat | | | | | | | |
| | calculate | outcome | 结果 | Outcome | | if(${passed} = 'yes', 'yes', 'no') | | |
| | calculate | told | 告知 | Told | | if(${passed} = 'yes', '', if(${reason} = 'other', ${words}, ${reason})) | | |
| | calculate | level | 级别 | Level | | concat('s', '1') | | |
| | calculate | level_label | | | | instance('streets')/root/item[name = ${level}]/label | | |
| | calculate | sum | 合计 | Sum | | ${passed} + ${reason} | | |
| choices |
| | list_name | name | label::中文 (zh) | label::English (en) |
| | passed | yes | 是 | Yes |
| | passed | no | 否 | No |
| | reasons | blocked | 堵了 | Blocked |
| | reasons | other | 其他 | Other |
| settings |
| | form_title | form_id | version | default_language |
| | 某表 | some | 1 | 中文 (zh) |
"""
POSTS = b"""{"type": "FeatureCollection", "features": [
{"type": "Feature", "id": "p1", "properties": {"title": "East gate"},
"geometry": {"type": "Point", "coordinates": [114.7, 39.3]}}]}"""
STREETS = "name,label,label::English (en)\ns1,东街,East Street\ns2,西街,\n".encode()
FILES = (("posts.geojson", POSTS), ("streets.csv", STREETS))


@pytest.fixture(scope="module")
def read():
    return read_outline(prepared(FORM, FILES).xml)


def asked(read, path):
    return next(each for each in read.asked if each.path == path)


def test_notes_are_no_answers_and_what_holds_a_value_is(read):
    paths = [each.path for each in read.asked]

    assert "hello" not in paths
    assert paths[:3] == ["fixed", "made", "passed"]


def test_repeats_have_their_texts_and_their_questions_their_paths(read):
    assert read.repeats == ("people", "people/pets")
    assert text_in(read.groups["people/pets"], Language.ENGLISH, read.default) == "Pets"
    assert [each.path for each in read.asked if each.path.startswith("people")] == ["people/name", "people/pets/name"]


def test_questions_and_calculations_have_texts_in_every_language(read):
    assert text_in(asked(read, "outcome").texts, Language.CHINESE, read.default) == "结果"
    assert text_in(asked(read, "reason").texts, Language.ENGLISH, read.default) == "Reason"
    assert set(asked(read, "words").texts.values()) == {"说明", "Words"}


@pytest.mark.parametrize(
    ("texts", "language", "text"),
    [
        ({"中文 (zh)": "甲", "English (en)": "A"}, Language.ENGLISH, "A"),
        ({"Chinese": "甲", "English": "A"}, Language.CHINESE, "甲"),
        ({"zh": "甲", "en": "A"}, Language.ENGLISH, "A"),
        ({"Français (fr)": "F", "中文 (zh)": ""}, Language.CHINESE, "F"),
        ({"": "甲"}, Language.ENGLISH, "甲"),
        ({}, Language.ENGLISH, ""),
    ],
)
def test_a_text_that_a_language_lacks_is_the_default_one(texts, language, text):
    assert text_in(texts, language, "中文 (zh)") == text


def test_a_calculation_that_hands_codes_on_names_their_questions_and_no_other_does(read):
    assert asked(read, "outcome").copies == ("passed",)
    assert asked(read, "told").copies == ("reason",)
    assert asked(read, "sum").copies == ()


def test_what_later_versions_no_longer_ask_follows_what_they_ask():
    def version(number, *rows):
        survey = "".join(f"| | {row} |\n" for row in rows)
        form = f"| survey |\n| | type | name | label |\n{survey}| settings |\n| | form_title | form_id | version |\n"
        return read_outline(prepared(f"{form}| | 某表 | some | {number} |\n").xml)

    first = version(1, "text | a | 甲", "text | b | 旧")
    second = version(2, "text | b | 乙", "integer | c | 丙")
    both = merged([second, first])

    answers = [each for each in both.asked if not each.path.startswith("meta/")]
    assert [each.path for each in answers] == ["b", "c", "a"]
    assert [text_in(each.texts, Language.CHINESE, "") for each in answers] == ["乙", "丙", "甲"]


def test_codes_are_called_what_forms_and_lists_call_them(tmp_path):
    with a_county(tmp_path / "data", lay_people) as county:
        county.publish(FORM, posts_geojson=POSTS, streets_csv=STREETS)
        with county.store.reading() as reading:
            form = forms.get(reading, "some")
            chinese = choice_labels.of_form(reading, form, Language.CHINESE)
            english = choice_labels.of_form(reading, form, Language.ENGLISH)

    assert chinese["reason"].known == {"blocked": "堵了", "other": "其他"}
    assert (english["order"].known["other"], english["order"].several) == ("Other", True)
    assert chinese["told"].known == chinese["reason"].known
    assert chinese["level"].known["s1"] == "东街"
    assert chinese["post"].known == {"p1": "East gate"}
    assert chinese["street"].known["s1"] == "东街"
    assert (english["street"].known["s1"], english["street"].known["s2"]) == ("East Street", "西街")


def test_headings_that_would_be_equal_are_told_apart():
    assert outline.distinct(["甲", "甲", "乙"], ["a", "b", "c"]) == ["甲", "甲 (b)", "乙"]
    assert len(set(outline.distinct(["甲", "甲", "甲 (b)"], ["a", "b", "c"]))) == 3
