"""Holidays (放假安排): the years that working days are counted by, one year's days, and a new year from a file."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from server import table_files
from server.cases.domain.calendars import KIND_WORDS, DayKind
from server.cases.store import calendars as stored
from server.cases.usecases import calendars
from server.db.transactions import Reading
from server.errors import CalendarRefused, TooLarge, Unreadable
from server.forms.usecases import management
from server.instants import local_day
from server.office import layout, pages
from server.office.admin import inputs, tabs
from server.office.layout import signed_in
from server.web import context, downloads
from server.web.problem_details import status_of

blueprint = layout.create_blueprint("office-admin-holidays", __name__)

KEY, ADDRESS = "codes", "/office/admin/codes/holidays"
UPLOAD_BYTES_MAX = 1_000_000
COLUMNS = dict(zip(("day", "kind", "name"), calendars.HEADINGS, strict=True))


inputs.admit_uploads(blueprint, management.require_right, UPLOAD_BYTES_MAX)


@blueprint.get(ADDRESS)
@signed_in
def show() -> Response:
    """Show the years, and the days of the one that the address names."""
    tabs.require(KEY)
    return _page()


@blueprint.get(f"{ADDRESS}/<int:year>.csv")
@signed_in
def file(year: int) -> Response:
    """Give the days of a year as a file, to make the next one of. Raises NotFound."""
    tabs.require(KEY)
    with context.database().reading() as reading:
        content = calendars.as_csv(reading, year)
    return downloads.download(content, table_files.CSV_TYPE, f"{year}.csv")


@blueprint.post(ADDRESS)
@signed_in
def load() -> Response:
    """Load the years of a file; every row must be well. Sent twice, it changes nothing more."""
    tabs.require(KEY)
    uploaded, by = request.files.get("file"), context.caller()
    if uploaded is None or not uploaded.filename:
        return _page("请先选一个文件（.xlsx 或 CSV）。", 422)
    try:
        days = calendars.read(uploaded.read())
    except CalendarRefused as refusal:
        errors = refusal.data["errors"]
        return _page(refusal.message, status_of(refusal), errors if isinstance(errors, list) else [])
    except (Unreadable, TooLarge) as refusal:
        return _page(refusal.message, status_of(refusal))
    years = context.write(lambda tx: calendars.load(tx, days, by=by.name))
    return pages.see_other(f"{ADDRESS}?year={years[-1]}&done=1")


def overview(reading: Reading) -> dict[str, Any]:
    """Return the years that are known, and what is said of one that is missing, empty for none."""
    missing = calendars.missing_year(reading)
    return {
        "years": [
            {
                "year": each.year,
                "address": f"{ADDRESS}?year={each.year}",
                "file": f"{ADDRESS}/{each.year}.csv",
                "at": "" if each.loaded_at is None else local_day(each.loaded_at),
            }
            for each in stored.years(reading)
        ],
        "missing": missing,
    }


def _page(said: str = "", status: int = 200, errors: list[dict[str, Any]] | None = None) -> Response:
    with context.database().reading() as reading:
        years = [each.year for each in stored.years(reading)]
        asked = request.args.get("year", type=int)
        year = asked if asked in years else (years[-1] if years else None)
        days = [] if year is None else stored.days(reading, year)
        values = {
            **overview(reading),
            "year": year,
            "days": [{"day": each.day.isoformat(), "kind": KIND_WORDS[each.kind], "name": each.name} for each in days],
            "off": sum(each.kind is DayKind.OFF for each in days),
            "worked": sum(each.kind is not DayKind.OFF for each in days),
            "said": said,
            "faults": [{**each, "column": COLUMNS.get(each["column"], "")} for each in errors or []],
            "done": bool(request.args.get("done")) and not said,
        }
        return tabs.show(reading, "admin/holidays.html", KEY, values, status)
