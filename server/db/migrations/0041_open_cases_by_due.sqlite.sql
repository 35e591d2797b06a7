-- The open cases of each status in the order of their limits: lists by limit read the first rows of each, and sort nothing.
CREATE INDEX record_status_due ON record (status, COALESCE(due_at, '9999-12-31T23:59:59.999Z'), born_seq)
 WHERE closed_at IS NULL AND status IS NOT NULL;
