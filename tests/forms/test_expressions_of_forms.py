"""Expressions of forms are calculated on pages as on phones; what only a phone can calculate is never guessed."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.forms.domain import xpath
from server.forms.domain.xpath import Scope, Unsupported

ROWS = {"areas": [{"name": "1", "label": "一"}, {"name": "2", "label": "二"}, {"name": "unknown", "label": "其他"}]}
ANSWERS = {"/data/a": "yes", "/data/n": "5", "/data/empty": "", "/data/many": "x y", "/data/day": "2026-11-29"}

DEEP, LONG = f"{'(' * 99}1{')' * 99}", " or ".join(["/data/a = 'no'"] * 1_200)


def scope(own: str = "/data/a") -> Scope:
    return Scope(ANSWERS, own, ROWS.get, "2026-11-29T21:00:00.000+08:00")


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
        ("format-date(/data/day, '%Y年%n月%e日')", "2026年11月29日"),
        ("coalesce(/data/empty, substr(/data/day, 0, 4))", "2026"),
        (". = 'yes'", "true"),
        ("once('x')", "yes"),
        ("translate(/data/day, '-', '')", "20261129"),
        ("number(/data/empty) > 0", "false"),
        ("pow(0, -1)", "NaN"),
        ("pow(-8, 0.5)", "NaN"),
        ("-5 mod 2", "-1"),
        ("number('1e999') mod 3", "NaN"),
        ("join('、', instance('areas')/root/item[name != 'unknown']/label)", "一、二"),
    ],
)
def test_an_expression_has_the_value_that_a_phone_gives_it(expression, value):
    assert xpath.text_of(expression, scope()) == value


@pytest.mark.parametrize(
    "expression", ["pulldata('a', 'b')", "indexed-repeat(1)", "(((", "1 +", "a b", "../x = 1", DEEP, LONG]
)
def test_what_only_a_phone_can_calculate_is_said(expression):
    with pytest.raises(Unsupported):
        xpath.evaluate(expression, scope())


def test_a_pattern_that_could_take_for_ever_is_left_to_the_phone():
    with pytest.raises(Unsupported):
        xpath.evaluate("regex('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '^(a+)+$')", scope())


@given(st.text(alphabet="/data.abn()[]'\",=<>+-*|0 1andorifnot", max_size=60))
def test_any_text_is_calculated_or_refused(text):
    with suppress(Unsupported):
        assert isinstance(xpath.text_of(text, scope()), str)
