-- 检查N家 counts each place once in a period and opens into its patrols, which sums of days cannot say.
-- place: without spaces and signs, so that one place written in two ways is one. day: on which it was received.
DROP TABLE visit_count;
CREATE TABLE patrol_fact (
  id          TEXT PRIMARY KEY,
  received_at TEXT NOT NULL,
  path        TEXT NOT NULL,
  place       TEXT NOT NULL,
  premises    INTEGER NOT NULL,
  day         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX patrol_fact_day ON patrol_fact (day, path, place, premises, received_at);
