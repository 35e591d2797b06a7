-- When a feedback was written as its device says, and how many came late that were written in time. None was kept before.
ALTER TABLE case_step ADD COLUMN written_at TEXT;
ALTER TABLE case_fact ADD COLUMN written_at TEXT;
ALTER TABLE case_count ADD COLUMN filled_in_time INTEGER NOT NULL DEFAULT 0;
