-- 期初在办 and 期间办结 count by the state of their own instants, also when a case was reopened later.
-- endings: 'at/undone/status' of each time that a registered case was closed, void or merged, joined by blanks; save the
-- closing that stands, which is closed_at. Most cases have none.
ALTER TABLE case_fact ADD COLUMN endings TEXT NOT NULL DEFAULT '';

CREATE TABLE case_ending (
  record      TEXT NOT NULL,
  position    INTEGER NOT NULL,
  status      TEXT NOT NULL,
  ended_day   INTEGER NOT NULL,
  undone_day  INTEGER,
  received_at TEXT NOT NULL,
  path        TEXT NOT NULL,
  PRIMARY KEY (record, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_ending_ended ON case_ending (ended_day, undone_day, status, path, received_at, record);
CREATE INDEX case_ending_undone ON case_ending (undone_day, ended_day, status, path, received_at, record)
  WHERE undone_day IS NOT NULL;
-- What is counted month by month, without what was undone in the same month.
CREATE INDEX case_ending_month ON case_ending (ended_day, undone_day, status, path)
  WHERE undone_day / 100 > ended_day / 100;

-- What a day adds to the stock of registered cases that have not ended; never changed by what happens on later days.
ALTER TABLE case_count ADD COLUMN stock INTEGER NOT NULL DEFAULT 0;
