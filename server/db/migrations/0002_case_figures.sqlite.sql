-- What the closure summary is read from: the facts of each case, the steps that made them, and sums over both.

-- Never written: the steps below say what it would have said, and what it would not (limits, result codes).
DROP TABLE status_spell;

-- Appended, never rewritten: facts as of any instant are the steps until then, one after the other.
CREATE TABLE case_step (
  record        TEXT NOT NULL,
  version       INTEGER NOT NULL,
  at            TEXT NOT NULL,
  action        TEXT NOT NULL,
  status        TEXT NOT NULL,
  handle_due_at TEXT,
  close_due_at  TEXT,
  result_code   TEXT,
  PRIMARY KEY (record, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_step_closing ON case_step (at) WHERE status IN ('closed', 'spot_closed');

-- The facts as they stand. Days are numbers of Beijing days, 20260401, and months 202604.
-- dispatches: 'sent/returned' of each, joined by blanks. stepped_at: of the newest step.
-- running: registered, and its clocks run. handled_s: of a case in its cohort whose feedback stands.
CREATE TABLE case_fact (
  id                TEXT PRIMARY KEY,
  path              TEXT NOT NULL,
  category          TEXT NOT NULL,
  received_at       TEXT NOT NULL,
  status            TEXT NOT NULL,
  decided_at        TEXT,
  registered_at     TEXT,
  dispatches        TEXT NOT NULL,
  first_fed_back_at TEXT,
  fed_back_at       TEXT,
  handle_due_at     TEXT,
  close_due_at      TEXT,
  closed_at         TEXT,
  held_since        TEXT,
  held_s            INTEGER NOT NULL,
  checked           INTEGER NOT NULL,
  reworked          INTEGER NOT NULL,
  extended          INTEGER NOT NULL,
  result_code       TEXT,
  stepped_at        TEXT NOT NULL,
  received_day      INTEGER NOT NULL,
  registered_day    INTEGER,
  registered_month  INTEGER,
  closed_day        INTEGER,
  running           INTEGER NOT NULL,
  handled_s         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX case_fact_received ON case_fact (received_day, path);
CREATE INDEX case_fact_registered ON case_fact (registered_day, path) WHERE registered_day IS NOT NULL;
CREATE INDEX case_fact_closed ON case_fact (closed_day, path) WHERE closed_day IS NOT NULL;
CREATE INDEX case_fact_unclosed ON case_fact (registered_day) WHERE closed_day IS NULL AND registered_day IS NOT NULL;
-- Lateness is read from these two alone, however many cases there have been.
CREATE INDEX case_fact_undecided ON case_fact (received_day, path, category, received_at) WHERE decided_at IS NULL;
CREATE INDEX case_fact_running ON case_fact (
  registered_day, path, category, close_due_at, handle_due_at, fed_back_at, dispatches, reworked, extended
) WHERE running = 1;
-- In the order of length within a month, so that a median is found by its place.
CREATE INDEX case_fact_handled ON case_fact (registered_month, handled_s, path, category, registered_day)
  WHERE handled_s IS NOT NULL;

-- On which days a case was sent to a handler or came back.
CREATE TABLE case_handover (
  day    INTEGER NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (day, record)
) STRICT, WITHOUT ROWID;

-- Sums of contributions (domain/closure_parts.py): months by category and over all ('*'), days over all.
-- period: 202604 for a month, 20260401 for a day.
CREATE TABLE case_count (
  period                   INTEGER NOT NULL,
  category                 TEXT NOT NULL,
  path                     TEXT NOT NULL,
  reports                  INTEGER NOT NULL,
  decided_reports          INTEGER NOT NULL,
  registered_reports       INTEGER NOT NULL,
  valid_reports            INTEGER NOT NULL,
  rejected_reports         INTEGER NOT NULL,
  merged_reports           INTEGER NOT NULL,
  withdrawn_reports        INTEGER NOT NULL,
  registered               INTEGER NOT NULL,
  void                     INTEGER NOT NULL,
  merged_cases             INTEGER NOT NULL,
  spot_closed              INTEGER NOT NULL,
  closed                   INTEGER NOT NULL,
  suspended                INTEGER NOT NULL,
  transferred              INTEGER NOT NULL,
  rectified                INTEGER NOT NULL,
  closed_on_time           INTEGER NOT NULL,
  dispatched               INTEGER NOT NULL,
  handled                  INTEGER NOT NULL,
  handled_on_time          INTEGER NOT NULL,
  handled_on_time_extended INTEGER NOT NULL,
  extended                 INTEGER NOT NULL,
  extended_handling_due    INTEGER NOT NULL,
  once_fed_back            INTEGER NOT NULL,
  checked                  INTEGER NOT NULL,
  reworked                 INTEGER NOT NULL,
  reworked_due             INTEGER NOT NULL,
  handled_s                INTEGER NOT NULL,
  dispatches               INTEGER NOT NULL,
  sent_in_vain             INTEGER NOT NULL,
  returns                  INTEGER NOT NULL,
  closed_in_period         INTEGER NOT NULL,
  PRIMARY KEY (category, period, path)
) STRICT, WITHOUT ROWID;

-- Closed cases by result code, in the same cells.
CREATE TABLE case_result (
  period   INTEGER NOT NULL,
  category TEXT NOT NULL,
  path     TEXT NOT NULL,
  code     TEXT NOT NULL,
  n        INTEGER NOT NULL,
  PRIMARY KEY (category, period, path, code)
) STRICT, WITHOUT ROWID;

-- How many handled cases of a month and a town took between bucket and bucket + 1 quarters of a day.
CREATE TABLE case_pace (
  month  INTEGER NOT NULL,
  town   TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  n      INTEGER NOT NULL,
  PRIMARY KEY (month, town, bucket)
) STRICT, WITHOUT ROWID;

-- Premises that patrols looked at.
CREATE TABLE visit_count (
  period   INTEGER NOT NULL,
  path     TEXT NOT NULL,
  premises INTEGER NOT NULL,
  PRIMARY KEY (period, path)
) STRICT, WITHOUT ROWID;

-- Cases of before were born and not moved since: there was no other step to take.
INSERT INTO case_step (record, version, at, action, status)
SELECT record.id, 1, record.created_at, revision.action, record.status
  FROM record JOIN revision ON revision.record = record.id AND revision.version = 1
 WHERE record.kind = 'case' AND record.status IS NOT NULL;
