"""Cells of a grid sheet are understood as people and Excel write them, or refused with a cure."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import Invalid
from server.grid.domain import file_cells
from server.grid.domain.areas import Level


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("130630", "130630000000"),
        (" 130630100201 ", "130630100201"),
        ("１３０６３０１００２０１", "130630100201"),
        ("'130630100201", "130630100201"),
        ("130630100201.0", "130630100201"),
        ("1.30630100201E+11", "130630100201"),
        ("1.30630100201001e14", "130630100201001"),
    ],
)
def test_a_code_is_understood_whatever_excel_made_of_it(written, code):
    assert file_cells.code(written) == code


@pytest.mark.parametrize("written", ["1.3063E+11", "1.30630E+11", "1E+11", "1.3063010020E+11"])
def test_a_code_whose_digits_excel_dropped_is_refused_and_never_guessed(written):
    with pytest.raises(Invalid) as refusal:
        file_cells.code(written)

    assert "科学计数" in refusal.value.data["reason"]
    assert "文本" in refusal.value.data["cure"]


@pytest.mark.parametrize("written", ["", "白石山镇", "13063", "130630000201", "130630100201000", "-130630", "130630.5"])
def test_what_is_no_code_is_refused_with_an_example(written):
    with pytest.raises(Invalid) as refusal:
        file_cells.code(written)

    assert "130630100201" in refusal.value.data["cure"]


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("县", Level.COUNTY),
        ("乡镇", Level.TOWN),
        ("Town", Level.TOWN),
        ("社区", Level.VILLAGE),
        ("村（社区）", Level.VILLAGE),
        (" 单元", Level.UNIT),
    ],
)
def test_a_level_may_be_written_in_chinese_or_english(written, level):
    assert file_cells.level(written) is level


def test_a_word_that_is_no_level_is_refused():
    with pytest.raises(Invalid):
        file_cells.level("省")


@pytest.mark.parametrize(
    "written",
    ["2026-07-01", "2026/7/1", "2026.7.1", "2026年7月1日", "20260701", "2026-07-01T00:00:00", "2026-07-01 00:00",
     " ２０２６-07-01"],
)  # fmt: skip
def test_a_day_begins_at_midnight_in_beijing(written):
    assert file_cells.day(written) == "2026-06-30T16:00:00.000Z"


SPELLINGS = ["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d"]


@given(st.dates(date(1949, 1, 1), date(2199, 12, 31)), st.sampled_from(SPELLINGS))
def test_a_day_is_the_same_in_every_spelling(day, spelling):
    assert file_cells.day(day.strftime(spelling)) == file_cells.beginning_of(day.isoformat())


def test_an_empty_day_says_nothing():
    assert file_cells.day("  ") is None


@pytest.mark.parametrize(
    "written",
    ["2026-02-30", "46204", "明年", "2026", "2026-07-01 08:30", "9999-12-31", "0001-01-01", "07/01/2026"],
)
def test_what_is_no_sensible_day_is_refused(written):
    with pytest.raises(Invalid) as refusal:
        file_cells.day(written)

    assert refusal.value.data["cure"]


@pytest.mark.parametrize("written", ["白?村村民委员会", "白\ufffd村", "张家\x07庄村", "村" * 101])
def test_a_name_that_was_damaged_on_the_way_is_refused(written):
    with pytest.raises(Invalid):
        file_cells.name(written)


def test_a_rare_character_is_a_good_name():
    assert file_cells.name(" 白䌷村村民委员会 ") == "白䌷村村民委员会"


@given(st.text(max_size=30))
def test_any_text_in_any_cell_is_read_or_refused_with_reason_and_cure(text):
    for reader in (file_cells.code, file_cells.level, file_cells.name, file_cells.day):
        refusal = None
        try:
            reader(text)
        except Invalid as refused:
            refusal = refused

        assert refusal is None or (refusal.data["reason"] and refusal.data["cure"])
