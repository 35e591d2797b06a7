-- As in SQLite: what came of a write that its sender may send again.
CREATE TABLE write_result (
  id TEXT COLLATE "C" PRIMARY KEY,
  asked TEXT COLLATE "C" NOT NULL,
  result BYTEA NOT NULL,
  at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX write_result_at ON write_result (at);
