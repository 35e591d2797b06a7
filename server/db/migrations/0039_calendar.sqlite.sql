-- Holidays and working weekends that the county loaded (server/cases/usecases/calendars.py). A year that is here
-- replaces the same year of server/data/calendar_days.csv as a whole. kind: 'off' or 'working'. name: of the holiday.
CREATE TABLE calendar_year (
  year      INTEGER PRIMARY KEY,
  loaded_at TEXT NOT NULL,
  loaded_by TEXT NOT NULL
) STRICT;
CREATE TABLE calendar_day (
  day  TEXT PRIMARY KEY,
  year INTEGER NOT NULL REFERENCES calendar_year (year),
  kind TEXT NOT NULL,
  name TEXT NOT NULL
) STRICT;
