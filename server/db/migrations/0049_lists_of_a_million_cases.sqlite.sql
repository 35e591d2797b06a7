-- The open cases of each status in the order of their limits, as before (0041), with their area: how many of a town
-- there are is counted without looking at their rows.
DROP INDEX record_status_due;
CREATE INDEX record_status_due ON record (status, COALESCE(due_at, '9999-12-31T23:59:59.999Z'), born_seq, path)
 WHERE closed_at IS NULL AND status IS NOT NULL;

-- What few cases have, so that it is found among a million ended ones: a flag, a severity above the usual one, a request.
CREATE INDEX record_flagged ON record (born_seq) WHERE flags <> '';
CREATE INDEX record_severe ON record (severity, born_seq) WHERE severity <> 'general';
CREATE INDEX record_requested ON record (born_seq) WHERE flags LIKE '%|%_pending%';
