"""Schemas of exports: how a file is worded, and which answers are in it."""

from __future__ import annotations

from schemas.fields import BaseSchema, boolean_parameter, one_of
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
