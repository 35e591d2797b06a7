-- What each person is told of cases (server/notices): of one case and kind the latest alone. action: the act that it
-- tells of; version: of the case by that act; seq: the place of the notice in the inbox; read_at: NULL until it is read.
-- Nothing of what anybody wrote is kept here.
CREATE TABLE notice (
  person  TEXT NOT NULL,
  record  TEXT NOT NULL,
  kind    TEXT NOT NULL,
  action  TEXT NOT NULL,
  version INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  at      TEXT NOT NULL,
  read_at TEXT,
  PRIMARY KEY (person, record, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_inbox ON notice (person, seq);
CREATE INDEX notice_unread ON notice (person, record) WHERE read_at IS NULL;

-- Of which limit of a case, or of a request on it, the server has told already. matter: the act that told, or the one
-- that asked; due_at: the limit.
CREATE TABLE told_limit (
  record TEXT NOT NULL,
  matter TEXT NOT NULL,
  due_at TEXT NOT NULL,
  PRIMARY KEY (record, matter)
) STRICT, WITHOUT ROWID;
