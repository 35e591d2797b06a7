-- Who writes under the id of a device (server/changes/store/devices.py). origin: the bare id for its first author,
-- id/author for any other. shared_from: the counter from which on more than one hand writes under it, else NULL.
-- doubted: whether doubted_write has rows of it.
CREATE TABLE device_origin (
  origin      TEXT PRIMARY KEY,
  author      TEXT NOT NULL,
  shared_from INTEGER,
  doubted     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Writes that do not follow the one before (since), while a counter between the two has not come in.
CREATE TABLE doubted_write (
  origin     TEXT NOT NULL,
  origin_seq INTEGER NOT NULL,
  record     TEXT NOT NULL,
  since      INTEGER NOT NULL,
  PRIMARY KEY (origin, origin_seq, record)
) STRICT, WITHOUT ROWID;

-- A change names the one that it builds on; of those that are in already that is not known.
ALTER TABLE revision ADD COLUMN after TEXT;

-- A counter of a device is used once over all records. Phones' submissions count within their record.
CREATE INDEX revision_dot ON revision (origin, origin_seq) WHERE submission IS NULL;

INSERT INTO device_origin (origin, author)
SELECT origin, author
  FROM (SELECT origin, author, ROW_NUMBER() OVER (PARTITION BY origin ORDER BY seq) AS place
          FROM revision
         WHERE submission IS NULL AND origin NOT IN ('office', 'server') AND origin NOT LIKE '%#%') AS written
 WHERE place = 1;
