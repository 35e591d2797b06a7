-- The audit as a chain: hash is over the entry and its predecessor's hash (server/audit). id: sixteen digits, which count
-- from 1 without gaps and have nothing to do with the county's seq. role, place: the duties that the actor held then.
ALTER TABLE audit ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN result TEXT NOT NULL DEFAULT 'done';
ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_action ON audit (action, id);

-- What an entry is about beside its subject: the objects in its detail.
CREATE TABLE audit_object (
  object TEXT NOT NULL,
  entry  TEXT NOT NULL,
  PRIMARY KEY (object, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_object_entry ON audit_object (entry);

-- The newest entry: one row, written with each entry, so that what was cut off at the end is missed.
CREATE TABLE audit_head (
  number INTEGER NOT NULL,
  hash   TEXT NOT NULL
) STRICT;
INSERT INTO audit_head (number, hash) VALUES (0, '');
