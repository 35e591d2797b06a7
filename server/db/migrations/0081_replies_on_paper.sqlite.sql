-- Feedback that came on paper and was typed by somebody else (代填). None was kept before.
ALTER TABLE case_fact ADD COLUMN filed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN filed_replies INTEGER NOT NULL DEFAULT 0;
