-- What is taken out of submissions, at somebody's request or with time (server/admin/usecases/forgetting.py).
-- sent_sha256: of the bytes as they came in, once others are kept, so that a repeat is still known for the same.
-- cleared_at: when the answers were masked since their time was over.
ALTER TABLE submission ADD COLUMN sent_sha256 TEXT;
ALTER TABLE submission ADD COLUMN cleared_at TEXT;
ALTER TABLE kept_body ADD COLUMN cleared_at TEXT;

-- Files that no row names any more: they are deleted when no server runs that could just be receiving the same again.
CREATE TABLE blob_to_delete (
  sha256   TEXT PRIMARY KEY,
  asked_at TEXT NOT NULL
) STRICT;
