-- On which day the closing limit of a case passes, for what fell due in a period: NULL where none counts.
ALTER TABLE case_fact ADD COLUMN limit_day INTEGER;
CREATE INDEX case_fact_limit ON case_fact (limit_day, path, category, close_due_at, closed_day) WHERE limit_day IS NOT NULL;
ALTER TABLE case_count ADD COLUMN limits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN limits_closed INTEGER NOT NULL DEFAULT 0;

-- How many seconds a report took to come in, beside the day on which it did: medians are read from the index alone.
ALTER TABLE case_fact ADD COLUMN lag_s INTEGER;
DROP INDEX case_fact_received;
CREATE INDEX case_fact_received ON case_fact (received_day, path, lag_s, category);
