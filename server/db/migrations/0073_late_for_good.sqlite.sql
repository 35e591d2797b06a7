-- How late the handlings and closings of a case were that a later act undid or gave a later limit: it stays late.
ALTER TABLE case_fact ADD COLUMN late_handling INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_fact ADD COLUMN late_closing INTEGER NOT NULL DEFAULT 0;
