-- Closed cases that a week's draw has chosen to be checked again (server/changes/usecases/recheck_draws.py). week: '2026-W48';
-- town: path of the town whose pool it was; stratum: 'spot', 'site' or 'checked'; waits: 1 until somebody has done so or
-- the case is taken up again.
CREATE TABLE recheck (
  record   TEXT NOT NULL,
  week     TEXT NOT NULL,
  town     TEXT NOT NULL,
  path     TEXT NOT NULL,
  stratum  TEXT NOT NULL,
  drawn_at TEXT NOT NULL,
  due_at   TEXT NOT NULL,
  waits    INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (record, week)
) STRICT, WITHOUT ROWID;
CREATE INDEX recheck_week ON recheck (week, town);
CREATE INDEX recheck_waiting ON recheck (due_at, record) WHERE waits = 1;

-- What the figures count of it, and of supervision and checks on the spot.
ALTER TABLE case_fact ADD COLUMN site_closed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_fact ADD COLUMN drawn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_fact ADD COLUMN rechecked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_fact ADD COLUMN recheck_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_fact ADD COLUMN supervised INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN site_closed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN drawn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN rechecked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN recheck_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN supervised INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN supervised_closed INTEGER NOT NULL DEFAULT 0;
