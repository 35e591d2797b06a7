"""A record type is the union of what its forms say, and a value fits its field or says why not."""

from __future__ import annotations

from datetime import date, datetime, time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import TypeConflict
from server.forms.domain.record_types import (
    ACTION,
    CASE_COLUMNS,
    Declaration,
    Field,
    Kind,
    combine,
)
from sync.datatypes import invalid_reason
from sync.rules import MergePolicy


def a_declaration(*fields: Field, form: str = "hives", version: str = "1", **said: object) -> Declaration:
    said = {"dataset": "hives", "title": f"{form} {version}", **said}
    return Declaration(form_id=form, version=version, fields=fields, **said)  # type: ignore[arg-type]  # a builder passes on


names = st.sampled_from(["bees", "honey", "queen", "place", "status"])
kinds = st.sampled_from([None, Kind.PROFILE])
declarations = st.lists(
    st.builds(lambda found, kind: a_declaration(*map(Field, found), kind=kind), st.lists(names, unique=True), kinds),
    min_size=1,
    max_size=5,
)


@given(declarations)
def test_every_property_that_any_version_saved_is_a_field(said):
    record_type = combine(said)

    assert set(record_type.fields) == {field.name for one in said for field in one.fields}


@given(declarations)
def test_saying_the_same_again_changes_nothing(said):
    assert combine([*said, said[-1]]) == combine(said)


@given(declarations)
def test_fields_keep_the_order_of_their_first_appearance(said):
    spoken = list(dict.fromkeys(field.name for one in said for field in one.fields))

    assert list(combine(said).fields) == spoken


def test_the_newest_label_is_shown_and_an_empty_one_hides_none():
    said = [
        a_declaration(Field("bees", "蜂群")),
        a_declaration(Field("bees", "蜂群数"), version="2"),
        a_declaration(Field("bees"), form="check"),
    ]

    assert combine(said).fields["bees"].label == "蜂群数"


def test_a_type_that_nobody_gave_a_kind_is_a_profile():
    record_type = combine([a_declaration()])

    assert (record_type.kind, record_type.stated) == (Kind.PROFILE, None)


def test_a_form_that_states_no_kind_takes_the_kind_that_another_states():
    said = [a_declaration(), a_declaration(kind=Kind.CASE, form="report"), a_declaration(form="check")]

    assert combine(said).kind is Kind.CASE


def test_two_kinds_for_one_type_are_refused_by_the_names_of_both_forms():
    with pytest.raises(TypeConflict, match="fg:kind") as refusal:
        combine([a_declaration(kind=Kind.CASE, form="report"), a_declaration(kind=Kind.EVENT, form="check")])

    assert refusal.value.data["forms"] == ["report", "check"]


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (Field("bees", type="decimal"), "类型"),
        (Field("bees", type="int", group="colony"), "合并组"),
        (Field("bees", type="int", merge=MergePolicy.LATEST), "合并方式"),
        (Field("bees", type="int", set_valued=True), "多选"),
        (Field("Bees", type="int"), "大小写"),
    ],
)
def test_one_property_declared_in_two_ways_is_refused(other, what):
    with pytest.raises(TypeConflict, match=what) as refusal:
        combine([a_declaration(Field("bees", type="int")), a_declaration(other, version="2")])

    assert refusal.value.data["type"] == "hives"


def test_what_the_server_writes_on_a_case_is_no_field_of_it():
    said = [a_declaration(*map(Field, sorted(CASE_COLUMNS)), Field(ACTION), Field("bees"), kind=Kind.CASE)]

    assert list(combine(said).fields) == ["bees"]


def test_the_title_is_the_newest_creating_forms_unless_a_form_names_the_type():
    register = a_declaration(form="register", title="登记")
    check = a_declaration(form="check", title="检查", creates=False)
    named = a_declaration(form="register", title="蜂箱台账", titled=True)

    assert combine([register, check]).title == "登记"
    assert combine([named, register, check]).title == "蜂箱台账"


def fits(type_word: str, value: str) -> bool:
    return invalid_reason(type_word, value) is None


PLAIN_TYPES = ["string", "int", "long", "decimal", "date", "time", "dateTime", "boolean", "binary", "barcode"]
all_types = st.sampled_from([*PLAIN_TYPES, "geopoint", "geotrace", "geoshape", "odk:new"])


@given(all_types)
def test_an_empty_answer_always_fits(type_word):
    assert fits(type_word, "")


@given(all_types, st.text())
def test_any_text_at_all_gets_an_answer_and_a_misfit_says_what_was_expected(type_word, value):
    reason = invalid_reason(type_word, value)

    assert reason is None or "不是" in reason or "控制字符" in reason


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"], include_characters="\t\n\r\x7f\x85")))
def test_a_text_question_takes_any_text_that_a_form_can_carry(value):
    assert fits("string", value)


@given(all_types, st.text(), st.sampled_from("\0\x08\x0b\x0c\x1f\ud800\udfff\ufffe\uffff"), st.text())
def test_no_question_takes_what_a_form_cannot_carry(type_word, before, character, after):
    assert not fits(type_word, before + character + after)


@given(st.integers(-(10**17), 10**17))
def test_whole_numbers_fit_whole_and_decimal_questions(number):
    assert fits("int", str(number))
    assert fits("decimal", str(number))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_fits_a_decimal_question(number):
    assert fits("decimal", repr(number))


@given(st.dates(), st.times(), st.sampled_from(["", "Z", "+08:00", "-05:30", "+08"]))
def test_phone_dates_and_times_fit(day: date, clock: time, offset: str):
    assert fits("date", day.isoformat())
    assert fits("time", clock.isoformat("milliseconds") + offset)
    assert fits("dateTime", datetime.combine(day, clock).isoformat(timespec="milliseconds") + offset)


degrees = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(degrees, st.floats(-500, 9000), st.floats(0, 5000))
def test_a_place_on_earth_fits(where, altitude, accuracy):
    latitude, longitude = where

    assert fits("geopoint", f"{latitude} {longitude} {altitude} {accuracy}")
    assert fits("geopoint", f"{latitude} {longitude}")


@given(st.lists(degrees, min_size=3, max_size=6))
def test_a_closed_line_fits_as_shape_and_an_open_one_only_as_line(corners):
    points = [f"{latitude} {longitude} 0 0" for latitude, longitude in corners]
    closed = "; ".join([*points, points[0]])

    assert fits("geoshape", closed)
    assert fits("geotrace", closed + ";")
    assert fits("geotrace", "; ".join(points))


@pytest.mark.parametrize(
    ("type_word", "value"),
    [
        ("int", "3.0"),
        ("int", "三"),
        ("int", "１２"),
        ("int", "1" * 19),
        ("decimal", "NaN"),
        ("decimal", "1,5"),
        ("date", "2026-02-30"),
        ("date", "20260201"),
        ("date", "2026-2-1"),
        ("time", "25:00"),
        ("time", "08:00:00.000+99:00"),
        ("dateTime", "2026-02-01 08:00:00"),
        ("dateTime", "2026-02-01"),
        ("geopoint", "91 0 0 0"),
        ("geopoint", "0 181 0 0"),
        ("geopoint", "39.3"),
        ("geopoint", "39.3 114.6 0 -1"),
        ("geopoint", "39.3 114.6 0 0 0"),
        ("geotrace", "39.3 114.6 0 0"),
        ("geoshape", "0 0;0 1;1 1;1 0"),
        ("geoshape", "0 0;0 1;0 0"),
        ("boolean", "yes"),
        ("binary", "../photo.jpg"),
        ("binary", ".."),
        ("binary", "a\x07.jpg"),
        ("binary", "x" * 256),
    ],
)
def test_what_is_not_of_the_type_is_said_to_be_a_misfit(type_word, value):
    assert not fits(type_word, value)


def test_the_words_that_are_of_the_type_fit():
    pairs = ["boolean", "true", "boolean", "0", "binary", "1724566509123.jpg", "time", "08:30"]

    assert all(fits(type_word, value) for type_word, value in list(pairwise(pairs))[::2])
