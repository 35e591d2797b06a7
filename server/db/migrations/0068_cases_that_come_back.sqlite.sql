-- When a case that somebody was given first reached their phone (server/cases/store/deliveries.py); since: when it was
-- given to them. Within some days from then it may be asked to be given back.
CREATE TABLE case_delivery (
  record       TEXT NOT NULL,
  assignee     TEXT NOT NULL,
  since        TEXT NOT NULL,
  delivered_at TEXT NOT NULL,
  PRIMARY KEY (record, assignee, since)
) STRICT, WITHOUT ROWID;

-- What the figures count of hazards that come back, and of returns that were asked for too late.
ALTER TABLE case_step ADD COLUMN recurs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_fact ADD COLUMN reopened INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_fact ADD COLUMN recurrent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_fact ADD COLUMN late_returns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN reopened INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN recurrent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN came_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN late_returns INTEGER NOT NULL DEFAULT 0;
