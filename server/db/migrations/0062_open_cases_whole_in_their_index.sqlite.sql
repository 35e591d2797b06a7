-- The open cases of each status in the order of their limits, as before (0049), now with all that lists of them are
-- narrowed to and searched by: they are counted, and passed over, without looking at their rows.
DROP INDEX record_status_due;
CREATE INDEX record_status_due ON record (
  status, COALESCE(due_at, '9999-12-31T23:59:59.999Z'), born_seq, path, category, item, severity, source, assignee,
  author, flags, label, case_no, id, due_at, closed_at
) WHERE closed_at IS NULL AND status IS NOT NULL;
