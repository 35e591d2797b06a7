"""What ODK Validate says of a form that no phone can open is told in Chinese, with row, column and cure.

The texts are those of the validator, as it wrote them about forms with these mistakes.
"""

from __future__ import annotations

import re
import shutil

import pytest

from server.errors import FormRefused
from server.forms.domain.definitions import Fault
from server.forms.usecases import publish
from server.forms.usecases.xlsform.sheets import Sheets
from server.forms.usecases.xlsform.validator_messages import validator_fault
from tests.forms.form_builders import a_form, convert

DISPLAY = "Encountered a problem with display condition for node [/data/a] at line: {}"
EVALUATED = "Error evaluating field 'a' (/data/a[1]): The problem was located in Calculate expression for /data/a\n{}"
CYCLE = "Cycle detected in form's relevant logic!\nThe following nodes are likely involved in the loop:"
SQRT = "The sqrt function was provided the incorrect number of arguments:0. It expected 1 arguments."
FUNCTION = "XPath evaluation: cannot handle function '{}'"


def unread(said: str) -> str:
    return DISPLAY.format(f"Couldn't understand the expression starting at this point: {said}")


def mismatch(said: str) -> str:
    return EVALUATED.format(f"XPath evaluation: type mismatch\n{said}")


def of_sheet(**expressions: str) -> Sheets:
    """Return a form with one question ``a`` in row 2."""
    row = {"type": "text", "name": "a", **expressions}
    return Sheets({"survey": tuple(row)}, {"survey": (row,)})


def fault_of(said: str, **expressions: str) -> Fault:
    return validator_fault(said, said, of_sheet(**expressions))


@pytest.mark.parametrize(
    ("said", "message", "cure"),
    [
        (DISPLAY.format("( /data/z > 1, mismatched brackets or parentheses!"), "括号没有配对", "请补上缺少的括号"),
        (unread("z > 1\u034eAND z < 3"), "“AND”", "小写"),
        (unread("z\u034e:= 1"), "“:=”", "只写一个 ="),
        (unread("z\u034e% 2"), "“%”", "${a} mod 2"),
        (unread("\u034e!z"), "“!”", "not(…)"),
        (unread("z\u034e–1"), "不是减号", "减号 -"),
        (unread("z\u034e≥ 1"), "“≥”", ">="),
        (unread("z\u034e&& y"), "“&&”", "and"),
        (
            unread("concat('a'\u034e;'b') in expression concat('a'; 'b')"),
            "“;”",
            "英文逗号",
        ),
        (
            "constraint expression [. = 'abc] Couldn't understand the expression starting at this point: . =\u034e'abc",
            "引号没有配对：从“abc”起",
            "同样的英文引号",
        ),
        (
            unread("z \u034e@ 3 in expression z @ 3"),
            "从“@ 3”起读不懂",
            "请检查",
        ),
        (EVALUATED.format(FUNCTION.format("substr")), "函数 substr 的参数不对", "参数之间用英文逗号"),
        (EVALUATED.format(FUNCTION.format("foo")), "不认识函数 foo", "注意拼写"),
        (
            EVALUATED.format(FUNCTION.format("if") + ". Requires 3 arguments but 2 provided."),
            "函数 if 的参数个数不对：要 3 个，这里写了 2 个",
            "参数之间用英文逗号",
        ),
        (
            EVALUATED.format(SQRT),
            "函数 sqrt 的参数个数不对：要 1 个，这里写了 0 个",
            "参数之间用英文逗号",
        ),
        (
            EVALUATED.format(FUNCTION.format("area") + " requires a field as the parameter."),
            "area 的参数要是一个问题",
            "area(${",
        ),
        (mismatch("for function 'jr:choice-name'"), "jr:choice-name 的参数不对", "ODK 的函数说明"),
        (mismatch('The value "3月" can\'t be converted to a date.'), "“3月”不是日期", "2026-11-24"),
        (mismatch("This field is repeated:\n/data/r[1]/k[1]"), "循环 (repeat)", "sum(…)"),
        (mismatch("not a nodeset"), "循环里的问题", "sum(${数量})"),
        (
            mismatch("indexed-repeat(): parameter 2 must be a parent of the field"),
            "第二个参数",
            "indexed-repeat(${循环里的问题}",
        ),
        (
            EVALUATED.format("The function 'distance' received a value that does not represent GPS"),
            "不是坐标",
            "geopoint",
        ),
        (
            EVALUATED.format("XPath evaluation: unsupported construct [digest('a','foo')]"),
            "digest('a','foo')",
            "换一种",
        ),
        (
            CYCLE + "\n/data/b\n/data/a",
            "绕成了一圈：b、a。",
            "删去其中一处引用",
        ),
    ],
)
def test_what_people_write_wrong_is_one_chinese_sentence_with_its_cure(said, message, cure):
    fault = fault_of(said)

    assert message in fault.message
    assert cure in fault.cure
    assert not re.search(r"java|XPath|expression|Bad node|ODK Validate", fault.message + fault.cure)


@pytest.mark.parametrize(
    ("written", "cure"),
    [
        ("${z} == 1", "只写一个 ="),
        ("${z} >", "末尾缺少一个值"),
        ("jr:choice-name(${z}, ${z})", "第二个参数要加引号"),
        ("@", "请检查"),
    ],
)
def test_a_fragment_is_told_by_what_is_written_there(written, cure):
    said = DISPLAY.format("x, Bad node: org.javarosa.xpath.parser.ast.ASTNodeAbstractExpr@9660f4e")

    assert cure in fault_of(said, relevant=written).cure


def test_what_is_rare_stays_as_it_is_under_a_chinese_introduction():
    fault = fault_of(EVALUATED.format("Index 0 out of bounds for length 0"), calculation="randomize()")

    assert fault.message.startswith("手机打不开这张表单，问题 a 的 calculation：")
    assert "原话是：Error evaluating field 'a'" in fault.message


@pytest.mark.parametrize("column", ["relevant", "constraint", "required"])
def test_a_column_that_is_not_told_is_the_one_that_holds_what_is_complained_of(column):
    expressions = {"relevant": "${z} > 1", "constraint": ". > 1", "required": "yes"} | {column: "foo(${z})"}

    fault = fault_of("located in Condition expression for /data/a\n" + FUNCTION.format("foo"), **expressions)

    assert (fault.row, fault.column) == (2, column)


def test_a_row_that_is_not_told_is_the_only_one_that_holds_what_is_complained_of():
    fault = fault_of(FUNCTION.format("foo"), choice_filter="g = foo(1)")

    assert (fault.sheet, fault.row, fault.column) == ("survey", 2, "choice_filter")


def test_a_question_in_a_repeat_is_told_at_its_own_row_and_an_entity_at_its_sheet():
    survey = ({"type": "begin_repeat", "name": "r"}, {"type": "text", "name": "k", "calculation": "foo(1)"})
    entities = ({"list_name": "l", "label": "bar(1)"}, {"list_name": "m", "label": "foo(1)"})
    sheets = Sheets({"survey": ("type",), "entities": ("label",)}, {"survey": survey, "entities": entities})
    said = "Error evaluating field 'k' (/data/r[1]/{0}[1]): located in Calculate expression for /data/r/{0}\n{1}"

    asked = said.format("k", FUNCTION.format("foo"))
    saved = said.format("meta[1]/entity[1]/label", f"{FUNCTION.format('bar')} in expression bar(1)")

    places = [
        (each.sheet, each.row, each.column) for each in (validator_fault(text, text, sheets) for text in (asked, saved))
    ]
    assert places == [("survey", 3, "calculation"), ("entities", 2, "label")]


SET_ACTION = (
    "Invalid XPath in value set action declaration: '{}'\n"
    "Problem found at nodeset: /html/head/model[@xforms-version=1.0.0]/setvalue\n"
    'With element <setvalue ref="/data/a" event="{}" value="{}"/>'
)


@pytest.mark.parametrize(
    ("event", "column"),
    [("odk-instance-first-load", "default"), ("xforms-value-changed", "calculation")],
)
def test_a_value_that_is_set_when_something_happens_is_told_at_its_question(event, column):
    fault = fault_of(SET_ACTION.format("=1+1", event, "=1+1"), default="=1+1", calculation="=1+1")

    assert (fault.sheet, fault.row, fault.column) == ("survey", 2, column)
    assert "“=1+1”读不懂" in fault.message


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="ODK Validate needs Java")
@pytest.mark.parametrize("written", ["=1+1", "1 + * 2", "today( + 1", "concat('a'"])
def test_a_default_that_phones_cannot_evaluate_is_refused_with_row_and_column(written):
    survey = (
        f"| survey |\n| | type | name | label | default |\n| | text | a | 甲 | |\n| | text | b | 乙 | {written} |\n"
    )

    with pytest.raises(FormRefused) as refusal:
        convert(a_form(survey, entities="", choices="").encode(), ".md")

    [error] = refusal.value.data["errors"]
    assert (error["sheet"], error["row"], error["column"]) == ("survey", 3, "default")


def test_a_list_that_is_not_there_is_told_at_the_expression_that_wants_it():
    said = EVALUATED.format("XPath evaluation: Instance referenced by instance(nolist)/root/item/label does not exist")

    fault = fault_of(said, calculation="instance('nolist')/root/item[name='1']/label")

    assert (fault.row, fault.column) == (2, "calculation")
    assert "csv-external，name 写 nolist" in fault.cure


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("bind for /data/a contains invalid constraint expression [. >> 3]", (2, "constraint")),
        ("problem with display condition for node [/data/a] at line: (1", (2, "relevant")),
        ("problem with require condition for node [/data/a] at line: (1", (2, "required")),
        ("problem with readonly condition for node [/data/a] at line: (1", (2, "readonly")),
        ('Invalid calculate for the bind attached to "/data/a" : if(1', (2, "calculation")),
        ('Invalid calculate for the bind attached to "/data/r_count" : (2', (3, "repeat_count")),
        ("Unsupported nodeset expression: instance('k')/root/item[(name]", (4, "choice_filter")),
        ("Unsupported nodeset expression: instance('other')/root/item[(name]", (None, None)),
    ],
)
def test_what_odk_validate_says_of_an_expression_is_told_with_its_row_and_column(said, at):
    survey = (
        {"type": "text", "name": "a"},
        {"type": "begin_repeat", "name": "r"},
        {"type": "select_one_from_file k.csv", "name": "pick", "choice_filter": "(name"},
        {"type": "end_repeat"},
    )
    sheets = Sheets({"survey": ("type", "name", "choice_filter")}, {"survey": survey})

    fault = validator_fault(said, said, sheets)

    assert (fault.row, fault.column) == at


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="ODK Validate needs Java, and there is no java on the PATH")
@pytest.mark.parametrize(
    ("relevant", "message"),
    [
        ("(${keeper} = 1", "括号"),
        ("${keeper} == 1", "算式不完整"),
        ("${keeper} = 1 AND 1", "AND"),
        ("pow(1)", "函数 pow 的参数"),
    ],
)
def test_the_validator_of_today_still_speaks_so(relevant, message):
    form = a_form().replace("| save_to |", "| save_to | relevant |").replace("| hives |\n", f"| hives | {relevant} |\n")

    with pytest.raises(FormRefused, match=message) as refusal:
        convert(form.encode(), ".md")

    [error] = refusal.value.data["errors"]
    assert (error["sheet"], error["row"], error["column"]) == ("survey", 3, "relevant")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="ODK Validate needs Java, and there is no java on the PATH")
def test_the_validator_is_asked_again_without_what_it_refused_and_our_own_checks_join_in(valley):
    form = a_form(entities="", survey=MANY, form_id="a/b", default_language="").encode()

    with pytest.raises(FormRefused) as refusal:
        valley.do(publish.publish, publish.prepare(form, ".md", {}), "admin")

    assert [(error["row"], error["column"]) for error in refusal.value.data["errors"]] == [
        (2, "form_id"),
        (2, "constraint"),
        (3, "relevant"),
        (4, "repeat_count"),
        (6, "choice_filter"),
        (8, "calculation"),
    ]


MANY = """\
| survey |
| | type | name | label | relevant | constraint | repeat_count | choice_filter | calculation |
| | integer | z | 数 | | . >> 3 | | | |
| | text | a | 甲 | foo(${z}) | | | | |
| | begin_repeat | r | 循环 | | | ${z} + | | |
| | text | b | 乙 | | | | | |
| | select_one l | s | 选 | | | | g = = 1 | |
| | end_repeat | | | | | | | |
| | calculate | c | | | | | | pow(1) |
| choices |
| | list_name | name | label | g |
| | l | x | 甲 | 1 |
"""
