-- The sheet of a month as it was filed (server/monthly_reports). month: '2026-04'; as_of: the instant of its count;
-- content: the sheet in canonical form; sha256: of its bytes. Nothing of it ever changes.
CREATE TABLE monthly_report (
  month     TEXT PRIMARY KEY,
  as_of     TEXT NOT NULL,
  content   TEXT NOT NULL,
  sha256    TEXT NOT NULL,
  frozen_at TEXT NOT NULL,
  frozen_by TEXT NOT NULL
) STRICT;

-- Corrections 更正表 of filed sheets, each appended. number: counts from 1 within a month; content: in canonical form,
-- with the hash of the sheet or correction before it.
CREATE TABLE monthly_report_correction (
  month   TEXT NOT NULL REFERENCES monthly_report (month),
  number  INTEGER NOT NULL,
  content TEXT NOT NULL,
  sha256  TEXT NOT NULL,
  made_at TEXT NOT NULL,
  made_by TEXT NOT NULL,
  PRIMARY KEY (month, number)
) STRICT, WITHOUT ROWID;
