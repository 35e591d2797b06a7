-- As in SQLite: what the steps of one Beijing day moved in the sums, by town.
CREATE TABLE movement_day (
  day     BIGINT PRIMARY KEY,
  kept_at TEXT COLLATE "C" NOT NULL
);

CREATE TABLE movement_count (
  day BIGINT NOT NULL,
  period BIGINT NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  reports BIGINT NOT NULL DEFAULT 0, decided_reports BIGINT NOT NULL DEFAULT 0,
  registered_reports BIGINT NOT NULL DEFAULT 0, valid_reports BIGINT NOT NULL DEFAULT 0,
  rejected_reports BIGINT NOT NULL DEFAULT 0, merged_reports BIGINT NOT NULL DEFAULT 0,
  withdrawn_reports BIGINT NOT NULL DEFAULT 0, dated_reports BIGINT NOT NULL DEFAULT 0,
  late_reports BIGINT NOT NULL DEFAULT 0, registered BIGINT NOT NULL DEFAULT 0, void BIGINT NOT NULL DEFAULT 0,
  merged_cases BIGINT NOT NULL DEFAULT 0, spot_closed BIGINT NOT NULL DEFAULT 0, closed BIGINT NOT NULL DEFAULT 0,
  suspended BIGINT NOT NULL DEFAULT 0, transferred BIGINT NOT NULL DEFAULT 0, rectified BIGINT NOT NULL DEFAULT 0,
  closed_on_time BIGINT NOT NULL DEFAULT 0, dispatched BIGINT NOT NULL DEFAULT 0, handled BIGINT NOT NULL DEFAULT 0,
  handled_on_time BIGINT NOT NULL DEFAULT 0, handled_on_time_extended BIGINT NOT NULL DEFAULT 0,
  extended BIGINT NOT NULL DEFAULT 0, extended_handling_due BIGINT NOT NULL DEFAULT 0,
  once_fed_back BIGINT NOT NULL DEFAULT 0, checked BIGINT NOT NULL DEFAULT 0, reworked BIGINT NOT NULL DEFAULT 0,
  reworked_due BIGINT NOT NULL DEFAULT 0, site_closed BIGINT NOT NULL DEFAULT 0, drawn BIGINT NOT NULL DEFAULT 0,
  rechecked BIGINT NOT NULL DEFAULT 0, recheck_failed BIGINT NOT NULL DEFAULT 0, supervised BIGINT NOT NULL DEFAULT 0,
  supervised_closed BIGINT NOT NULL DEFAULT 0, reopened BIGINT NOT NULL DEFAULT 0,
  recurrent BIGINT NOT NULL DEFAULT 0, came_back BIGINT NOT NULL DEFAULT 0, late_returns BIGINT NOT NULL DEFAULT 0,
  filled_in_time BIGINT NOT NULL DEFAULT 0, relaxed BIGINT NOT NULL DEFAULT 0,
  filed_replies BIGINT NOT NULL DEFAULT 0, carried BIGINT NOT NULL DEFAULT 0,
  carried_closed BIGINT NOT NULL DEFAULT 0, carried_dropped BIGINT NOT NULL DEFAULT 0,
  handled_s BIGINT NOT NULL DEFAULT 0, lag_s BIGINT NOT NULL DEFAULT 0, dispatches BIGINT NOT NULL DEFAULT 0,
  sent_in_vain BIGINT NOT NULL DEFAULT 0, returns BIGINT NOT NULL DEFAULT 0,
  closed_in_period BIGINT NOT NULL DEFAULT 0, stock BIGINT NOT NULL DEFAULT 0, limits BIGINT NOT NULL DEFAULT 0,
  limits_closed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (day, period, path)
);

-- Closed cases by result, and cases by the seconds that their handling took; period: when they were registered.
CREATE TABLE movement_result (
  day BIGINT NOT NULL,
  period BIGINT NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (day, period, path, code)
);
CREATE TABLE movement_time (
  day BIGINT NOT NULL,
  period BIGINT NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  handled_s BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (day, period, path, handled_s)
);

-- Cases with a limit that had passed when the day began, as they stood then (n = -1) and when it ended (n = 1): whether
-- they were late depends on the instant of the count. Columns as of case_fact.
CREATE TABLE movement_state (
  day BIGINT NOT NULL,
  record TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  received_at TEXT COLLATE "C" NOT NULL,
  received_day BIGINT NOT NULL,
  decided_at TEXT COLLATE "C",
  registered_day BIGINT,
  running BIGINT NOT NULL,
  dispatches TEXT COLLATE "C" NOT NULL,
  fed_back_at TEXT COLLATE "C",
  handle_due_at TEXT COLLATE "C",
  close_due_at TEXT COLLATE "C",
  limit_day BIGINT,
  closed_day BIGINT,
  reworked BIGINT NOT NULL,
  extended BIGINT NOT NULL,
  PRIMARY KEY (day, record, n)
);

-- Cases that took a step on the day, and when they took its last.
CREATE TABLE movement_case (
  day BIGINT NOT NULL,
  stepped_at TEXT COLLATE "C" NOT NULL,
  record TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (day, stepped_at, record)
);
