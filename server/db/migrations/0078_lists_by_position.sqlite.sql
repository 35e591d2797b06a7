-- Cases with and without a position, newest first: of either there may be a few among a million.
CREATE INDEX record_placed ON record (placed, born_seq) WHERE kind = 'case';

-- The open cases of each status in the order of their limits, as before (0062), now with whether they have a position.
DROP INDEX record_status_due;
CREATE INDEX record_status_due ON record (
  status, COALESCE(due_at, '9999-12-31T23:59:59.999Z'), born_seq, path, category, item, severity, source, assignee,
  author, flags, label, case_no, id, due_at, closed_at, placed
) WHERE closed_at IS NULL AND status IS NOT NULL;
