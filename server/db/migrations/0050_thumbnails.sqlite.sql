-- Which photos have a small picture (thumbnails/ab/cd….jpg in the data folder, by the SHA-256 of the photo).
-- state: waiting for the process that draws them; made; damaged, where the photo cannot be read, or not to its end.
-- tries: how often that process died of it or took too long.
CREATE TABLE thumbnail (
  sha256   TEXT PRIMARY KEY,
  state    TEXT NOT NULL,
  tries    INTEGER NOT NULL DEFAULT 0,
  asked_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX thumbnail_waiting ON thumbnail (asked_at, sha256) WHERE state = 'waiting';

INSERT INTO thumbnail (sha256, state, tries, asked_at)
SELECT sha256, 'waiting', 0, MAX(received_at)
  FROM (SELECT sha256, received_at FROM submission_file WHERE media_type LIKE 'image/%'
        UNION ALL SELECT sha256, received_at FROM sent_file) AS file
 GROUP BY sha256;
