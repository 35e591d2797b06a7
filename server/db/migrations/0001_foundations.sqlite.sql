-- Foundations: grid, people, forms, submissions, records with their history, problems.
-- Instants are ISO-8601 UTC text with milliseconds, so text order is time order.

CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- One row a county: seq follows commit order because it is taken inside the writing transaction.
CREATE TABLE counter (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;

CREATE TABLE area (
  code       TEXT PRIMARY KEY,
  path       TEXT NOT NULL UNIQUE,
  level      TEXT NOT NULL,
  parent     TEXT REFERENCES area (code),
  name       TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to   TEXT NOT NULL,
  successor  TEXT REFERENCES area (code)
) STRICT;
CREATE INDEX area_parent ON area (parent, code);

-- Dated: a renamed body gets a new row under the same code.
CREATE TABLE body (
  code       TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to   TEXT NOT NULL,
  name       TEXT NOT NULL,
  kind       TEXT NOT NULL,
  area       TEXT NOT NULL REFERENCES area (code),
  contact    TEXT NOT NULL,
  PRIMARY KEY (code, valid_from)
) STRICT;

CREATE TABLE person (
  name          TEXT PRIMARY KEY,
  display       TEXT NOT NULL,
  password_hash TEXT,
  created_at    TEXT NOT NULL,
  revoked_at    TEXT,
  failures      INTEGER NOT NULL DEFAULT 0,
  locked_until  TEXT
) STRICT;

CREATE TABLE duty (
  id        TEXT PRIMARY KEY,
  person    TEXT NOT NULL REFERENCES person (name),
  role      TEXT NOT NULL,
  area      TEXT NOT NULL REFERENCES area (code),
  body      TEXT,
  starts_at TEXT NOT NULL,
  ends_at   TEXT NOT NULL
) STRICT;
CREATE INDEX duty_person ON duty (person, starts_at);
CREATE INDEX duty_area ON duty (area);

CREATE TABLE phone_key (
  id           TEXT PRIMARY KEY,
  person       TEXT NOT NULL REFERENCES person (name),
  token_hash   TEXT NOT NULL UNIQUE,
  created_at   TEXT NOT NULL,
  revoked_at   TEXT,
  last_seen_at TEXT,
  device       TEXT,
  app_version  TEXT
) STRICT;
CREATE INDEX phone_key_person ON phone_key (person, created_at);

CREATE TABLE revoked_token (
  jti        TEXT PRIMARY KEY,
  expires_at TEXT NOT NULL
) STRICT;

CREATE TABLE form (
  id         TEXT PRIMARY KEY,
  title      TEXT NOT NULL,
  version    TEXT NOT NULL,
  state      TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

-- Every version ever published is accepted for ever.
CREATE TABLE form_version (
  form         TEXT NOT NULL REFERENCES form (id),
  version      TEXT NOT NULL,
  published_at TEXT NOT NULL,
  published_by TEXT,
  xml          BLOB NOT NULL,
  md5          TEXT NOT NULL,
  source       BLOB,
  source_type  TEXT,
  definition   TEXT NOT NULL,
  PRIMARY KEY (form, version)
) STRICT;

CREATE TABLE form_media (
  form    TEXT NOT NULL REFERENCES form (id),
  name    TEXT NOT NULL,
  content BLOB NOT NULL,
  md5     TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (form, name)
) STRICT;

CREATE TABLE code (
  list        TEXT NOT NULL,
  code        TEXT NOT NULL,
  label       TEXT NOT NULL,
  label_en    TEXT NOT NULL,
  active_from TEXT NOT NULL,
  active_to   TEXT NOT NULL,
  extra       TEXT NOT NULL,
  position    INTEGER NOT NULL,
  PRIMARY KEY (list, code, active_from)
) STRICT;

-- One row a version of a submission: the first version's instance id names the logical submission (root).
CREATE TABLE submission (
  id           TEXT PRIMARY KEY,
  form         TEXT NOT NULL,
  form_version TEXT NOT NULL,
  instance_id  TEXT NOT NULL,
  root         TEXT NOT NULL,
  deprecates   TEXT,
  current      INTEGER NOT NULL,
  seq          INTEGER NOT NULL UNIQUE,
  receipt      TEXT NOT NULL,
  author       TEXT NOT NULL,
  path         TEXT NOT NULL,
  received_at  TEXT NOT NULL,
  device       TEXT,
  user_agent   TEXT,
  instance_name TEXT,
  review_state TEXT,
  xml          BLOB NOT NULL,
  files_expected INTEGER NOT NULL,
  files_present  INTEGER NOT NULL,
  UNIQUE (form, instance_id)
) STRICT;
CREATE INDEX submission_root ON submission (form, root);
CREATE INDEX submission_author ON submission (author, seq);
CREATE INDEX submission_path ON submission (path, seq);

-- The first copy of a name is never overwritten: another content under the same name is another row.
-- carried: taken over from the version that this edit replaced, and served only while nothing newer came.
CREATE TABLE submission_file (
  submission  TEXT NOT NULL REFERENCES submission (id),
  name        TEXT NOT NULL,
  sha256      TEXT NOT NULL,
  size        INTEGER NOT NULL,
  media_type  TEXT NOT NULL,
  expected    INTEGER NOT NULL,
  carried     INTEGER NOT NULL,
  received_at TEXT NOT NULL,
  PRIMARY KEY (submission, name, sha256)
) STRICT;
CREATE INDEX submission_file_sha256 ON submission_file (sha256);

-- Bodies that could be read but not taken (404, 409), kept once by the hash of their bytes.
CREATE TABLE kept_body (
  sha256      TEXT PRIMARY KEY,
  form        TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  reason      TEXT NOT NULL,
  author      TEXT NOT NULL,
  received_at TEXT NOT NULL,
  xml         BLOB NOT NULL
) STRICT;

CREATE TABLE kept_file (
  body       TEXT NOT NULL REFERENCES kept_body (sha256),
  name       TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  size       INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  PRIMARY KEY (body, name, sha256)
) STRICT;

CREATE TABLE record (
  id         TEXT PRIMARY KEY,
  type       TEXT NOT NULL,
  kind       TEXT NOT NULL,
  area       TEXT NOT NULL,
  path       TEXT NOT NULL,
  label      TEXT NOT NULL,
  version    INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  born_seq   INTEGER NOT NULL UNIQUE,
  status     TEXT,
  stage      TEXT,
  case_no    TEXT,
  assignee   TEXT,
  author     TEXT NOT NULL,
  due_at     TEXT,
  closed_at  TEXT,
  month      TEXT,
  conflicted INTEGER NOT NULL,
  flags      TEXT NOT NULL,
  fields     TEXT NOT NULL,
  registers  TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX record_type_path ON record (type, path);
CREATE INDEX record_path ON record (path, born_seq);
CREATE INDEX record_assignee ON record (assignee, born_seq) WHERE assignee IS NOT NULL;
CREATE INDEX record_author ON record (author, born_seq);
-- One leads each list (store/record_lists.py): in the order of the list, so that the first page is at hand.
CREATE INDEX record_type_born ON record (type, born_seq);
CREATE INDEX record_status ON record (status, born_seq) WHERE status IS NOT NULL;
CREATE INDEX record_stage ON record (stage, born_seq) WHERE stage IS NOT NULL;
CREATE INDEX record_open ON record (born_seq, due_at) WHERE closed_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX record_conflicted ON record (born_seq) WHERE conflicted = 1;

CREATE TABLE revision (
  record       TEXT NOT NULL,
  version      INTEGER NOT NULL,
  seq          INTEGER NOT NULL UNIQUE,
  change       TEXT NOT NULL,
  action       TEXT NOT NULL,
  author       TEXT NOT NULL,
  verdict      TEXT NOT NULL,
  diff         TEXT NOT NULL,
  received     TEXT NOT NULL,
  base_version INTEGER,
  origin       TEXT NOT NULL,
  origin_seq   INTEGER NOT NULL,
  made_at      TEXT,
  observed_at  TEXT NOT NULL,
  received_at  TEXT NOT NULL,
  form         TEXT,
  form_version TEXT,
  submission   TEXT,
  PRIMARY KEY (record, version)
) STRICT;
CREATE INDEX revision_origin ON revision (record, origin, origin_seq);
CREATE INDEX revision_submission ON revision (submission) WHERE submission IS NOT NULL;

-- The stored verdict that every retry returns again. body holds the change while it waits or is quarantined.
CREATE TABLE change (
  id          TEXT PRIMARY KEY,
  record      TEXT NOT NULL,
  type        TEXT NOT NULL,
  author      TEXT NOT NULL,
  content     TEXT NOT NULL,
  verdict     TEXT NOT NULL,
  version     INTEGER,
  conflicts   TEXT NOT NULL,
  problem     TEXT,
  submission  TEXT,
  received_at TEXT NOT NULL,
  body        TEXT
) STRICT;
CREATE INDEX change_record ON change (record);
CREATE INDEX change_open ON change (verdict, record) WHERE verdict IN ('waiting', 'quarantined');
CREATE INDEX change_submission ON change (submission) WHERE submission IS NOT NULL;

CREATE TABLE status_spell (
  record  TEXT NOT NULL,
  status  TEXT NOT NULL,
  from_at TEXT NOT NULL,
  to_at   TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (record, version)
) STRICT;

-- Newest revision seq of a bucket, raised on enter and leave alike: an unchanged list costs no query over rows.
CREATE TABLE bucket (
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  seq  INTEGER NOT NULL,
  PRIMARY KEY (type, name)
) STRICT;

CREATE TABLE problem (
  id          TEXT PRIMARY KEY,
  seq         INTEGER NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  path        TEXT NOT NULL,
  record      TEXT,
  type        TEXT,
  submission  TEXT,
  kept_body   TEXT,
  change      TEXT,
  author      TEXT,
  message     TEXT NOT NULL,
  detail      TEXT NOT NULL,
  created_at  TEXT NOT NULL,
  settled_at  TEXT,
  settled_by  TEXT
) STRICT;
CREATE INDEX problem_open ON problem (path, seq) WHERE settled_at IS NULL;
CREATE INDEX problem_record ON problem (record) WHERE record IS NOT NULL;
CREATE INDEX problem_submission ON problem (submission) WHERE submission IS NOT NULL;

-- Who did what to configuration and who looked: appended, never rewritten.
CREATE TABLE audit (
  id      TEXT PRIMARY KEY,
  at      TEXT NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail  TEXT NOT NULL
) STRICT;
CREATE INDEX audit_subject ON audit (subject, at);
