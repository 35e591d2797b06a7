"""A code list has a history in the repository and one day on the phone; no code ever disappears."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kobo_forms
from kobo_forms import BadCodeList, served
from kobo_forms.code_lists import rows
from server.cases.domain.workflow import STEP_OF
from server.cases.usecases.authorization import REASONS
from server.records.domain.status import Status

TODAY = date(2026, 11, 24)
every_list = pytest.mark.parametrize("name", kobo_forms.lists())


def a_list(*lines: str) -> bytes:
    return "\n".join(["name,label,label_en,active_from,active_to,weight", *lines]).encode()


def on_phone(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_the_phone_gets_a_flag_for_the_dates_and_no_words_that_only_the_office_needs():
    source = a_list("old,旧,Old,2025-01-01,2026-11-23,1", "new,新,New,2026-11-24,,2", "next,将,Next,2026-11-25,,3")

    content = served(source, TODAY)

    assert content.decode() == "name,label,active,weight\nold,旧,0,1\nnew,新,1,2\nnext,将,0,3\n"


def test_the_first_and_the_last_day_both_belong_to_a_code():
    source = a_list("only,一天,One day,2026-11-24,2026-11-24,1")

    flags = [on_phone(served(source, TODAY + timedelta(days=n)))[0]["active"] for n in (-1, 0, 1)]

    assert flags == ["0", "1", "0"]


def test_a_file_without_dates_is_passed_on_as_it_is():
    source = "\ufeffname,label\r\na,甲\r\n".encode()

    assert served(source, TODAY) == source


def test_a_list_without_rows_keeps_its_columns():
    assert served(a_list(), TODAY) == b"name,label,active,weight\n"


def test_a_list_saved_by_excel_is_read_like_any_other():
    source = b"\xef\xbb\xbf" + a_list('a,"甲,乙",A,,,1').replace(b"\n", b"\r\n")

    assert on_phone(served(source, TODAY)) == [{"name": "a", "label": "甲,乙", "active": "1", "weight": "1"}]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (b"name,active_from\na,\n", "缺少列 label"),
        (b"name,label,label,active_to\n", "不止一次"),
        (a_list("a,甲,A,24.11.2026,,1"), "24.11.2026”，不是日期"),
        (a_list("a,甲,A,,,1", "a,乙,B,,,1"), "代码 a 出现了不止一次"),
        (a_list(",甲,A,,,1"), "没有代码"),
        (a_list("a,甲,A,,,1,2"), "第 2 行有 7 格"),
        (a_list('a,"甲"x,A,,,1'), "不是正确的 CSV"),
        ("name,label,active_to\na,甲,\n".encode("gbk"), "UTF-8"),
    ],
)
def test_a_list_that_cannot_be_read_says_where_and_why(source, complaint):
    with pytest.raises(BadCodeList, match=re.escape(complaint)):
        served(source, TODAY)


days = st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 1, 1))
spans = st.lists(st.tuples(st.none() | days, st.none() | days, st.text("甲乙, \"'x", max_size=5)), max_size=12)


@given(spans, days)
def test_every_code_is_served_in_its_place_and_active_on_its_days_alone(spans, on):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["name", "label", "active_from", "active_to"])
    for number, (first, last, label) in enumerate(spans):
        writer.writerow([f"c{number}", label, first or "", last or ""])

    content = on_phone(served(out.getvalue().encode(), on))

    assert [row["name"] for row in content] == [f"c{number}" for number in range(len(spans))]
    expected = ["1" if (first or on) <= on <= (last or on) else "0" for first, last, _ in spans]
    assert [row["active"] for row in content] == expected


@every_list
def test_codes_are_short_ascii_words_with_both_languages_and_a_beginning(name):
    for row in kobo_forms.codes(name):
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,31}", row["name"])
        assert row["label"] and row["label_en"]
        assert date.fromisoformat(row["active_from"])
        assert not row["active_to"] or row["active_from"] <= row["active_to"]


@every_list
def test_no_header_holds_the_sign_that_makes_a_phone_read_another_separator(name):
    columns = list(kobo_forms.codes(name)[0])

    assert not any(";" in column or column.startswith("__") for column in columns)


def test_every_hazard_has_a_category_a_severity_and_somebody_to_deal_with_it():
    categories = {row["name"] for row in kobo_forms.codes("hazard_categories")}
    parties = {row["name"] for row in kobo_forms.codes("departments")}

    for row in kobo_forms.codes("hazard_items"):
        assert row["category"] in categories - {"common"}
        assert row["severity"] in {"G", "S"}
        assert row["rect"] in {"0", "1", "2", "3"}
        assert row["line"] in {"I", "C", "X"} or row["name"] == "other"
        assert set(row["lead"].split()) <= parties
        assert row["lead"] or row["name"] == "other"


def test_what_is_put_right_on_the_spot_may_be_closed_on_the_spot():
    items = kobo_forms.codes("hazard_items")

    assert all(row["spot_ok"] == "1" for row in items if row["rect"] == "0")
    assert {row["name"] for row in items if row["spot_ok"] == "1" and row["rect"] != "0"} == {
        *("stove_flue_unsafe", "wiring_messy", "goods_blocking")
    }
    assert not [row["name"] for row in items if row["spot_ok"] == "1" and row["rect"] in {"2", "3"}]


def test_the_first_category_is_the_common_one_and_holds_ten_village_items():
    items = kobo_forms.codes("hazard_items")

    assert kobo_forms.codes("hazard_categories")[0]["label"] == "常见"
    assert len([row for row in items if row["common"] == "1"]) == 10
    assert len({row["category"] for row in items if row["common"] == "1"}) >= 5


def test_every_list_of_hazards_ends_with_other():
    lists = ("hazard_categories", "hazard_items", "told", "no_photo_reasons", "station_kinds", "check_items")
    reasons = [name for name in kobo_forms.lists() if name.endswith("_reasons")]

    assert reasons
    for name in {*lists, *reasons}:
        assert kobo_forms.codes(name)[-1]["name"] == "other"


def test_a_result_says_whether_it_may_close_a_case():
    results = kobo_forms.codes("result_codes")

    assert {row["name"] for row in results if row["closable"] == "0"} == {"fixed_partly", "cannot"}
    assert {row["closable"] for row in results} == {"0", "1"}


def test_every_status_of_a_case_has_a_name_on_the_phone():
    assert [row["name"] for row in kobo_forms.codes("case_statuses")] == [status.value for status in Status]


def test_each_kind_of_station_has_its_standard_kit_and_the_label_states_the_quantity():
    kit = kobo_forms.codes("kit_items")

    assert {row["kind"] for row in kit} == {row["name"] for row in kobo_forms.codes("station_kinds")}
    for row in kit:
        assert row["name"] == f"{row['kind']}_{row['item']}"
        assert row["label"].endswith(f"×{row['quantity']}") is (row["quantity"] != "0")


def test_staff_phone_extinguishers_and_watch_decide_between_ready_and_not_ready():
    levels = {row["name"] for row in kobo_forms.codes("readiness_levels")}
    items = kobo_forms.codes("check_items")

    assert {row["level"] for row in items} <= levels - {"ready"}
    assert {row["name"] for row in items if row["level"] == "unready"} == {
        *("staff_enough", "on_duty", "phone_works", "extinguisher_green")
    }


def test_the_media_of_a_day_are_the_lists_of_that_day():
    media = kobo_forms.media("hazard_report", TODAY)

    assert media.keys() == kobo_forms.sources("hazard_report").keys()
    assert media["told.csv"] == served(kobo_forms.sources("hazard_report")["told.csv"], TODAY)
    assert [row["name"] for row in rows(media["hazard_items.csv"])] == [
        row["name"] for row in kobo_forms.codes("hazard_items")
    ]


def test_an_unknown_list_is_refused_by_name():
    with pytest.raises(LookupError, match="没有名为 weather 的代码表"):
        kobo_forms.codes("weather")


def test_each_act_whose_reasons_are_listed_takes_a_reason_and_its_list_is_there():
    wrong = {
        (action, name)
        for action, name in REASONS.items()
        if "reason" not in (*STEP_OF[action].needs, *STEP_OF[action].takes) or name not in kobo_forms.lists()
    }

    assert wrong == set()


def test_each_list_of_reasons_is_offered_by_a_form_or_for_an_act():
    attached = {name for form in kobo_forms.names() for name in kobo_forms.sources(form)}
    unused = {
        name
        for name in kobo_forms.lists()
        if name.endswith("_reasons") and name not in REASONS.values() and f"{name}.csv" not in attached
    }

    assert unused == set()


def test_each_list_with_columns_of_its_own_stands_in_the_table_of_lists():
    readme = (Path(kobo_forms.__file__).parent / "README.md").read_text(encoding="utf-8")
    table = re.findall(r"`(\w+)`", "".join(re.findall(r"(?m)^\| (`\w+`(?:, `\w+`)*) \|", readme)))

    plain = {"name", "label", "label_en", "active_from", "active_to"}
    telling = {name for name in kobo_forms.lists() for row in kobo_forms.codes(name) if set(row) - plain}

    assert telling
    assert telling - set(table) == set()


@pytest.mark.parametrize("written", ["2026-01-04", "2026/01/04", "2026/1/4", "2026-1-4"])
def test_a_day_is_read_as_excel_saves_it_and_kept_as_an_iso_day(written):
    source = a_list(f"a,甲,A,{written},{written},1")

    assert [(row["active_from"], row["active_to"]) for row in rows(source)] == [("2026-01-04", "2026-01-04")]
    active = [on_phone(served(source, date(2026, 1, day)))[0]["active"] for day in (3, 4, 5)]
    assert active == ["0", "1", "0"]


@pytest.mark.parametrize(
    "written", ["1/4/2026", "2026/1-4", "2026/2/30", "20260104", "46026", "2026/1/4 0:00", "２０２６/1/4"]
)
def test_what_may_be_read_in_two_ways_or_in_none_is_no_day(written):
    with pytest.raises(BadCodeList, match="不是日期"):
        served(a_list(f"a,甲,A,{written},,1"), TODAY)
