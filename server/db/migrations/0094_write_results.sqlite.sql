-- What came of a write that its sender may send again (server/db/repeats): by a digest of the sender's id, so that
-- nobody finds the id here. asked: digest of what was asked for; result: sealed by a key that only the id gives, empty
-- where the sender has kept it.
CREATE TABLE write_result (
  id     TEXT PRIMARY KEY,
  asked  TEXT NOT NULL,
  result BLOB NOT NULL,
  at     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX write_result_at ON write_result (at);
