"""Schemas of exports: how a file is worded, and which answers are in it."""

from __future__ import annotations

from schemas.fields import BaseSchema, boolean_parameter, day, one_of, text_in
from schemas.lists import area_filter
from schemas.records import RecordFilter

HEADINGS = ("zh", "en", "names")


class WordingQuery(BaseSchema):
    """How an export is worded."""

    labels = boolean_parameter(
        "`false`: codes, and instants in UTC, for programs; else labels in the language of the headings, Beijing time, "
        "and an apostrophe before what a spreadsheet would change (`007`, 18 digits)"
    )
    headings = one_of(HEADINGS, "language of the headings; else `zh`, or `names` with `labels=false`")


class RecordExportQuery(RecordFilter, WordingQuery):
    """Which records, and how they are worded."""


class AnswerQuery(WordingQuery):
    """Which answers of a form, and how they are worded."""

    from_ = day("first local day on which they came", data_key="from")
    to = day("last local day, included")
    area = area_filter()
    split = boolean_parameter("each choice of a select_multiple has a column of 1 and 0 beside the answer's own")


class AnswerTableQuery(AnswerQuery):
    """Which answers of a form, and which of its tables."""

    table = text_in("path of a repeat, such as `people/pets`; without it the form itself", most=1000)


class AnswerArchiveQuery(AnswerQuery):
    """Which answers of a form, and whether their photos come along."""

    photos = boolean_parameter("`false`: without photos and other files")
