-- What the steps of one Beijing day moved in the sums, by town, for each day of two months: a past instant is today's sums
-- less what has moved since, without reading the cases that moved. Days are kept once they are over; a day counts as
-- kept when movement_day says so, and others are found case by case. Keys: day, of the steps; period, the day to which
-- a sum belongs; path, of the town.
CREATE TABLE movement_day (
  day     INTEGER PRIMARY KEY,
  kept_at TEXT NOT NULL
) STRICT;

CREATE TABLE movement_count (
  day INTEGER NOT NULL,
  period INTEGER NOT NULL,
  path TEXT NOT NULL,
  reports INTEGER NOT NULL DEFAULT 0, decided_reports INTEGER NOT NULL DEFAULT 0,
  registered_reports INTEGER NOT NULL DEFAULT 0, valid_reports INTEGER NOT NULL DEFAULT 0,
  rejected_reports INTEGER NOT NULL DEFAULT 0, merged_reports INTEGER NOT NULL DEFAULT 0,
  withdrawn_reports INTEGER NOT NULL DEFAULT 0, dated_reports INTEGER NOT NULL DEFAULT 0,
  late_reports INTEGER NOT NULL DEFAULT 0, registered INTEGER NOT NULL DEFAULT 0, void INTEGER NOT NULL DEFAULT 0,
  merged_cases INTEGER NOT NULL DEFAULT 0, spot_closed INTEGER NOT NULL DEFAULT 0, closed INTEGER NOT NULL DEFAULT 0,
  suspended INTEGER NOT NULL DEFAULT 0, transferred INTEGER NOT NULL DEFAULT 0, rectified INTEGER NOT NULL DEFAULT 0,
  closed_on_time INTEGER NOT NULL DEFAULT 0, dispatched INTEGER NOT NULL DEFAULT 0,
  handled INTEGER NOT NULL DEFAULT 0, handled_on_time INTEGER NOT NULL DEFAULT 0,
  handled_on_time_extended INTEGER NOT NULL DEFAULT 0, extended INTEGER NOT NULL DEFAULT 0,
  extended_handling_due INTEGER NOT NULL DEFAULT 0, once_fed_back INTEGER NOT NULL DEFAULT 0,
  checked INTEGER NOT NULL DEFAULT 0, reworked INTEGER NOT NULL DEFAULT 0, reworked_due INTEGER NOT NULL DEFAULT 0,
  site_closed INTEGER NOT NULL DEFAULT 0, drawn INTEGER NOT NULL DEFAULT 0, rechecked INTEGER NOT NULL DEFAULT 0,
  recheck_failed INTEGER NOT NULL DEFAULT 0, supervised INTEGER NOT NULL DEFAULT 0,
  supervised_closed INTEGER NOT NULL DEFAULT 0, reopened INTEGER NOT NULL DEFAULT 0,
  recurrent INTEGER NOT NULL DEFAULT 0, came_back INTEGER NOT NULL DEFAULT 0, late_returns INTEGER NOT NULL DEFAULT 0,
  filled_in_time INTEGER NOT NULL DEFAULT 0, relaxed INTEGER NOT NULL DEFAULT 0,
  filed_replies INTEGER NOT NULL DEFAULT 0, carried INTEGER NOT NULL DEFAULT 0,
  carried_closed INTEGER NOT NULL DEFAULT 0, carried_dropped INTEGER NOT NULL DEFAULT 0,
  handled_s INTEGER NOT NULL DEFAULT 0, lag_s INTEGER NOT NULL DEFAULT 0, dispatches INTEGER NOT NULL DEFAULT 0,
  sent_in_vain INTEGER NOT NULL DEFAULT 0, returns INTEGER NOT NULL DEFAULT 0,
  closed_in_period INTEGER NOT NULL DEFAULT 0, stock INTEGER NOT NULL DEFAULT 0, limits INTEGER NOT NULL DEFAULT 0,
  limits_closed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (day, period, path)
) STRICT, WITHOUT ROWID;

-- Closed cases by result, and cases by the seconds that their handling took; period: when they were registered.
CREATE TABLE movement_result (
  day INTEGER NOT NULL,
  period INTEGER NOT NULL,
  path TEXT NOT NULL,
  code TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (day, period, path, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE movement_time (
  day INTEGER NOT NULL,
  period INTEGER NOT NULL,
  path TEXT NOT NULL,
  handled_s INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (day, period, path, handled_s)
) STRICT, WITHOUT ROWID;

-- Cases as they stood when the day began (n = -1) and when it ended (n = 1), each state that has a limit which had passed
-- when the day began: whether they were late depends on the instant of the count. Columns as of case_fact.
CREATE TABLE movement_state (
  day INTEGER NOT NULL,
  record TEXT NOT NULL,
  n INTEGER NOT NULL,
  path TEXT NOT NULL,
  received_at TEXT NOT NULL,
  received_day INTEGER NOT NULL,
  decided_at TEXT,
  registered_day INTEGER,
  running INTEGER NOT NULL,
  dispatches TEXT NOT NULL,
  fed_back_at TEXT,
  handle_due_at TEXT,
  close_due_at TEXT,
  limit_day INTEGER,
  closed_day INTEGER,
  reworked INTEGER NOT NULL,
  extended INTEGER NOT NULL,
  PRIMARY KEY (day, record, n)
) STRICT, WITHOUT ROWID;

-- Cases that took a step on the day, and when they took its last.
CREATE TABLE movement_case (
  day INTEGER NOT NULL,
  stepped_at TEXT NOT NULL,
  record TEXT NOT NULL,
  path TEXT NOT NULL,
  PRIMARY KEY (day, stepped_at, record)
) STRICT, WITHOUT ROWID;
