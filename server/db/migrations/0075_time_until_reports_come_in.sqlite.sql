-- When a hazard was discovered, as a device with a sound clock says, and how long its report took to come in.
ALTER TABLE case_step ADD COLUMN discovered_at TEXT;
ALTER TABLE case_fact ADD COLUMN discovered_at TEXT;
ALTER TABLE case_count ADD COLUMN dated_reports INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN late_reports INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN lag_s INTEGER NOT NULL DEFAULT 0;
