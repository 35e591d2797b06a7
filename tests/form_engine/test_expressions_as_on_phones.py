"""An expression of a form has the value on a page that JavaRosa gives it on a phone, or is left to the phone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.forms.domain import xpath
from server.instants import BEIJING
from tests.form_engine.phone import Misplayed, Phone

pytestmark = pytest.mark.slow

ANSWERS = {
    "place": ("string", "消防栓"), "text": ("string", "2026-11-29"), "code": ("string", "x"), "many": ("string", "x y"),
    "empty": ("string", ""), "whole": ("int", "5"), "zero": ("int", "0"), "none": ("int", ""),
    "part": ("decimal", "-2.5"), "day": ("date", "2026-11-29"), "before": ("date", "2025-02-28"),
    "no_day": ("date", ""), "stamp": ("dateTime", "2026-11-29T21:30:00.000+08:00"),
}  # fmt: skip
ROWS = [
    {"name": "1", "label": "一", "zone": "x", "size": "3"},
    {"name": "2", "label": "二", "zone": "y", "size": "10"},
    {"name": "3", "label": "三", "zone": "x", "size": "-0.5"},
    {"name": "none", "label": "其他", "zone": "z", "size": "无"},
]
ITEMS = "instance('areas')/root/item"
PATHS = [f"/data/{name}" for name in ANSWERS]
TEXTS = ["''", "'x'", "'y'", "'5'", "'5.0'", "'05'", "'2026-11-29'", "'2026-11-29T23:30:00.000Z'", "'1,5'", "'abc'"]
NUMBERS = ["0", "1", "2.5", "-3", "0.1", "20000", "1.005", "100000000"]
PATTERNS = ["'^[0-9]{4}-[0-9]+-.*$'", "'[xy ]+'", "'\\d+'", "'\\w*'", "'.*'", "'5|x'", "'[^a-z]*'"]
DATES = ["'%Y-%m-%d'", "'%Y年%n月%e日 %H:%M'", "'%y%m%d%h%S%3'", "'%%'", "'%b %a'"]
ONE = [
    "not", "boolean", "boolean-from-string", "number", "string", "int", "round", "abs", "count-selected", "concat",
    "string-length", "normalize-space", "decimal-date-time", "date", "date-time", "sum", "count", "min",
]  # fmt: skip
TWO = [
    "coalesce", "selected", "selected-at", "contains", "starts-with", "ends-with", "substring-before",
    "substring-after", "concat", "min", "max", "pow", "round", "substr",
]  # fmt: skip
OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "and", "or", "+", "-", "*", "div", "mod"]

lists = st.builds(
    "{}{}{}".format,
    st.just(ITEMS),
    st.sampled_from(
        [
            "",
            "[zone = 'x']",
            "[size > 2]",
            "[size >= /data/part]",
            "[selected(/data/many, zone)]",
            "[name = '9']",
            "[name = '2']",
            "[zone = /data/code and size > 0]",
            "[zone = 'x'][size > 1]",
            "[none_such = '']",
        ]
    ),
    st.sampled_from(["/label", "/size", "/name", "/none_such"]),
)
leaves = st.one_of(
    st.sampled_from(PATHS), st.sampled_from(TEXTS), st.sampled_from(NUMBERS), lists,
    st.sampled_from(["today()", "true()", "false()", "now()"]),
)  # fmt: skip


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds("{}({})".format, st.sampled_from(ONE), inner),
        st.builds("{}({}, {})".format, st.sampled_from(TWO), inner, inner),
        st.builds("if({}, {}, {})".format, inner, inner, inner),
        st.builds("regex({}, {})".format, inner, st.sampled_from(PATTERNS)),
        st.builds("{}({}, {})".format, st.sampled_from(["format-date", "format-date-time"]), inner,
                  st.sampled_from(DATES)),
        st.builds("count({})".format, lists),
        st.builds("join('、', {}, {})".format, lists, inner),
        st.builds("translate({}, '5-x', '6')".format, inner),
        st.builds("(- {})".format, inner),
    )  # fmt: skip


expressions = st.recursive(leaves, grown, max_leaves=6)


def form(expression: str, type: str) -> bytes:
    answers = "".join(f"<{name}>{escape(value)}</{name}>" for name, (_, value) in ANSWERS.items())
    binds = "".join(f'<bind nodeset="/data/{name}" type="{kind}"/>' for name, (kind, _) in ANSWERS.items())
    rows = "".join("<item>" + "".join(f"<{key}>{row[key]}</{key}>" for key in row) + "</item>" for row in ROWS)
    return f"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
      <h:head><h:title>t</h:title><model>
        <instance><data id="t" version="1">{answers}<found/><held/></data></instance>
        <instance id="areas"><root>{rows}</root></instance>{binds}
        <bind nodeset="/data/found" type="{type}" calculate={quoteattr(expression)}/>
        <bind nodeset="/data/held" type="string" calculate={quoteattr(f"if({expression}, 'T', 'F')")}/>
      </model></h:head>
      <h:body><input ref="/data/place"><label>place</label></input></h:body></h:html>""".encode()


def on_a_page(expression: str, type: str) -> Sequence[str]:
    answers = {f"/data/{name}": value for name, (_, value) in ANSWERS.items()}
    types = {f"/data/{name}": kind for name, (kind, _) in ANSWERS.items()}
    now = datetime.now(BEIJING).isoformat(timespec="milliseconds")
    scope = xpath.Scope(answers, "/data/found", {"areas": ROWS}.get, now, types=types)
    held = "T" if xpath.is_true(expression, scope) else "F"
    return xpath.answer_of(expression, scope, type), held


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(expression=expressions, type=st.sampled_from(["string", "int", "decimal", "date", "dateTime"]))
def test_an_expression_is_worth_the_same_on_a_page_as_on_a_phone(phone: Phone, expression: str, type: str) -> None:
    if "now()" in expression:  # by the millisecond at which either looks at its clock: its day is enough
        expression = expression.replace("now()", "date(now())")
    try:
        ours = on_a_page(expression, type)
    except xpath.Unsupported:
        return
    try:
        filled = phone.play(form(expression, type), {})
    except Misplayed:
        return  # a phone stops there with an error, and nothing is sent that a page could contradict
    theirs = (filled["found"] or "", filled["held"] or "")
    assert theirs in (ours, on_a_page(expression, type)), expression  # midnight may pass between them
