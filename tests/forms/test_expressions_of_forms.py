"""Expressions of forms are calculated on pages as on phones; what only a phone can calculate is never guessed."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.forms.domain import xpath
from server.forms.domain.xpath import Scope, Unsupported

ROWS = {"areas": [{"name": "1", "label": "一"}, {"name": "2", "label": "二"}, {"name": "unknown", "label": "其他"}]}
ANSWERS = {
    "/data/a": "yes", "/data/n": "5", "/data/empty": "", "/data/many": "x y", "/data/day": "2026-11-29",
    "/data/zero": "0", "/data/written": "2026-11-29",
}  # fmt: skip
TYPES = {"/data/n": "int", "/data/zero": "int", "/data/day": "date"}


def scope(own: str = "/data/a") -> Scope:
    return Scope(ANSWERS, own, ROWS.get, "2026-11-29T21:00:00.000+08:00", types=TYPES)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("/data/a = 'yes' and not(/data/empty != '')", "true"),
        ("if( /data/n  > 3, 'many', 'few')", "many"),
        ("count(instance('areas')/root/item[name != 'unknown'])", "2"),
        ("instance('areas')/root/item[name = '2' or name = '9']/label", "二"),
        ("instance('__last-saved')/data/where", ""),
        ("selected(/data/many, 'y') and count-selected(/data/many) = 2", "true"),
        ("regex(/data/n, '^[0-9]$')", "true"),
        ("concat(/data/a, '｜', /data/n)", "yes｜5"),
        ("/data/n div 2 + 1 * 3 - -1", "6.5"),
        ("/data/day <= today() and decimal-date-time(/data/day) < decimal-date-time(now())", "true"),
        ("/data/day > '2026-11-01'", "false"),  # phones compare numbers, and a text is none
        ("/data/day > date('2026-11-01')", "true"),
        ("/data/written < today() + 1", "false"),
        ("today() < now()", "false"),  # by their days
        ("if(/data/zero, 'some', 'none')", "none"),
        ("/data/n = '5.0'", "true"),
        ("instance('areas')/root/item[name = '9']/label = ''", "true"),
        ("join('、', /data/empty, 'b')", "、b"),
        ("regex('１', '\\d')", "false"),
        ("string-length('😀')", "2"),
        ("round(1.005, 2)", "1.01"),
        ("1 div 0", "Infinity"),
        ("pow(0, -1)", "Infinity"),
        ("pow(-8, 0.5)", "NaN"),
        ("-5 mod 2", "-1"),
        ("number('1e999') mod 3", "NaN"),
        ("format-date(/data/day, '%Y年%n月%e日')", "2026年11月29日"),
        ("coalesce(/data/empty, substr(/data/day, 0, 4))", "2026"),
        (". = 'yes'", "true"),
        ("once('x')", "yes"),
        ("translate(/data/day, '-', '')", "20261129"),
        ("number(/data/empty) > 0", "false"),
        ("join('、', instance('areas')/root/item[name != 'unknown']/label)", "一、二"),
        (" + ".join("1" * 200), "200"),
    ],
)
def test_an_expression_has_the_value_that_a_phone_gives_it(expression, value):
    assert xpath.text_of(expression, scope()) == value


@pytest.mark.parametrize(
    "expression",
    [
        "pulldata('a', 'b')", "indexed-repeat(1)", "(((", "1 +", "a b", "../x = 1", "/data/a/../n", "floor(1.5)",
        "instance('areas')/root/item/label = '一'", "instance('areas')/root/item[2]/label", "date('x')",
        "format-date(today(), '%b')", "selected(/data/n, '5')", "regex('é', '\\p{L}')", "pow(10, 999)",
        "round(pow(10, 200), 9)", " or ".join(["/data/a = 'x'"] * 201),
        " + ".join("1" * 3_000), "max(-1, -2)", f"{'(' * 99}1{')' * 99}",
    ],
)  # fmt: skip
def test_what_only_a_phone_can_calculate_is_said(expression):
    with pytest.raises(Unsupported):
        xpath.text_of(expression, scope())


def test_a_pattern_that_could_take_for_ever_is_left_to_the_phone():
    with pytest.raises(Unsupported):
        xpath.text_of("regex('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '^(a+)+$')", scope())


@pytest.mark.parametrize(
    ("expression", "type", "answer"),
    [
        ("true()", "string", "1"),
        ("number('')", "string", ""),
        ("today()", "string", "2026-11-29T00:00:00.000+08:00"),
        ("today()", "date", "2026-11-29"),
        ("today() + 1", "string", "20787"),
        ("3000000000", "string", "3000000000"),
        ("string(12345678901234)", "string", "1.2345678901234E13"),
        ("string(3000000000)", "string", "3.0E9"),
        ("3000000000", "int", "2147483647"),
        ("5 div 2", "int", "2"),
    ],
)
def test_a_calculation_is_sent_as_a_phone_sends_it(expression, type, answer):
    assert xpath.answer_of(expression, scope(), type) == answer


@given(st.text(alphabet="/data.abn()[]'\",=<>+-*|0 1andorifnot", max_size=60))
def test_any_text_is_calculated_or_refused(text):
    with suppress(Unsupported):
        assert isinstance(xpath.text_of(text, scope()), str)
