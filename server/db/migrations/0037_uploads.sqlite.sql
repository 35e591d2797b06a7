-- Photos of changes that come apart from them, by upload or with a page's form (sync.md section 6).

-- Which contents changes name (their attachments), whether these are in or not; what none names may be deleted.
CREATE TABLE change_file (
  sha256 TEXT NOT NULL,
  change TEXT NOT NULL,
  PRIMARY KEY (sha256, change)
) STRICT, WITHOUT ROWID;

-- Whole contents that came apart from a submission, by who sent them: a hash alone, which anybody may read in a history,
-- opens nothing that somebody else has sent. media_type: as the bytes say.
CREATE TABLE sent_file (
  sha256      TEXT NOT NULL,
  author      TEXT NOT NULL,
  size        INTEGER NOT NULL,
  media_type  TEXT NOT NULL,
  received_at TEXT NOT NULL,
  PRIMARY KEY (sha256, author)
) STRICT, WITHOUT ROWID;
CREATE INDEX sent_file_received_at ON sent_file (received_at);

-- An upload under way (tus 1.0), its bytes in a file of its own up to received. key_id: of the device, NULL for a
-- signed-in person. metadata: Upload-Metadata as it came. stated_sha256: what the client says that all of it is; sha256:
-- what it is, once all is there. completed_at: when it was kept.
CREATE TABLE upload (
  id            TEXT PRIMARY KEY,
  author        TEXT NOT NULL,
  key_id        TEXT,
  size          INTEGER NOT NULL,
  received      INTEGER NOT NULL,
  metadata      TEXT NOT NULL,
  stated_sha256 TEXT,
  sha256        TEXT,
  created_at    TEXT NOT NULL,
  expires_at    TEXT NOT NULL,
  completed_at  TEXT
) STRICT;
CREATE INDEX upload_author ON upload (author);
CREATE INDEX upload_expires_at ON upload (expires_at);
