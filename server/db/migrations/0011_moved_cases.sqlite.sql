-- What has moved since an instant, so that the past is today's sums less what came later.
CREATE INDEX case_fact_moved ON case_fact (stepped_at, received_day);

-- When a case was received, and what a figure may ask of it, stand beside what it is found by: lists behind figures are
-- put in order and narrowed without looking at a row. No step writes more entries than before, only wider ones.
DROP INDEX case_fact_received;
DROP INDEX case_fact_registered;
DROP INDEX case_fact_closed;
DROP INDEX case_fact_unclosed;
DROP INDEX case_step_closing;
CREATE INDEX case_fact_received ON case_fact (received_day, received_at, path, status);
CREATE INDEX case_fact_registered ON case_fact (registered_day, received_at, path, status, extended, reworked)
  WHERE registered_day IS NOT NULL;
CREATE INDEX case_fact_closed ON case_fact (closed_day, received_at, registered_day, path)
  WHERE closed_day IS NOT NULL;
CREATE INDEX case_fact_unclosed ON case_fact (closed_day, registered_day, received_at, path)
  WHERE closed_day IS NULL AND registered_day IS NOT NULL;
