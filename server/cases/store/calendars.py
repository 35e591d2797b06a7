"""The calendars that the county loaded: the years, and the days that differ from their weekday."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from server.cases.domain.calendars import Calendar, CalendarDay, DayKind, calendar_of, shipped_days
from server.db.transactions import Reading, Transaction
from server.instants import Instant


class CalendarYear(NamedTuple):
    """A year whose holidays are known. loaded_at, loaded_by: None for one that comes with the product."""

    year: int
    loaded_at: Instant | None
    loaded_by: str | None


def calendar(reading: Reading) -> Calendar:
    """Return the county's calendar; cached until the configuration changes. It is the same for everybody."""
    return reading.cached("calendar", _calendar)


def years(reading: Reading) -> tuple[CalendarYear, ...]:
    """Return the years whose holidays are known, in order."""
    shipped = {each.day.year: CalendarYear(each.day.year, None, None) for each in shipped_days()}
    rows = reading.sql.rows("SELECT year, loaded_at, loaded_by FROM calendar_year")
    loaded = {row["year"]: CalendarYear(row["year"], row["loaded_at"], row["loaded_by"]) for row in rows}
    return tuple(year for _, year in sorted((shipped | loaded).items()))


def days(reading: Reading, year: int) -> tuple[CalendarDay, ...]:
    """Return the days of a year that differ from their weekday, in order; none for a year that is not known."""
    if reading.sql.value("SELECT 1 FROM calendar_year WHERE year = :year", {"year": year}) is None:
        return tuple(each for each in shipped_days() if each.day.year == year)
    sql = "SELECT day, kind, name FROM calendar_day WHERE year = :year ORDER BY day"
    return tuple(_day(row) for row in reading.sql.rows(sql, {"year": year}))


def replace(tx: Transaction, loaded: Iterable[CalendarDay], by: str) -> None:
    """Replace every year that the days name, as a whole. by: user name, or ``command``."""
    found = tuple(loaded)
    for year in sorted({each.day.year for each in found}):
        tx.sql.put("DELETE FROM calendar_day WHERE year = :year", {"year": year})
        tx.sql.put(
            "INSERT INTO calendar_year (year, loaded_at, loaded_by) VALUES (:year, :at, :by) "
            "ON CONFLICT (year) DO UPDATE SET loaded_at = excluded.loaded_at, loaded_by = excluded.loaded_by",
            {"year": year, "at": tx.now, "by": by},
        )
    for each in found:
        tx.sql.put(
            "INSERT INTO calendar_day (day, year, kind, name) VALUES (:day, :year, :kind, :name)",
            {"day": each.day.isoformat(), "year": each.day.year, "kind": str(each.kind), "name": each.name},
        )
    tx.configuration_changed()


def _calendar(reading: Reading) -> Calendar:
    rows = reading.sql.rows("SELECT day, kind, name FROM calendar_day")
    known = reading.sql.rows("SELECT year FROM calendar_year")
    return calendar_of([_day(row) for row in rows], [row["year"] for row in known])


def _day(row: dict[str, str]) -> CalendarDay:
    return CalendarDay(date.fromisoformat(row["day"]), DayKind(row["kind"]), row["name"])
