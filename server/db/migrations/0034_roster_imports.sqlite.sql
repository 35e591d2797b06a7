-- A roster of people that was uploaded and looked at, and not imported yet, or imported within the last hours
-- (server/staffing/usecases/roster_import.py). person: who uploaded it, and alone may go on with it. content: its rows
-- as JSON. result: what importing them did, as JSON, NULL before. It holds names, and is deleted after expires_at.
CREATE TABLE roster_import (
  token      TEXT PRIMARY KEY,
  person     TEXT NOT NULL,
  file_name  TEXT NOT NULL,
  content    TEXT NOT NULL,
  result     TEXT,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX roster_import_expires_at ON roster_import (expires_at);
