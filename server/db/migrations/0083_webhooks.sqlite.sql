-- Whom the server tells by signed requests that something has happened (server/webhooks). kinds: wanted, with blanks
-- between, empty for all; after_seq: up to where revisions were looked at; failures, retry_at: while it does not answer.
CREATE TABLE webhook (
  id         TEXT PRIMARY KEY,
  url        TEXT NOT NULL,
  kinds      TEXT NOT NULL,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL,
  ended_at   TEXT,
  after_seq  INTEGER NOT NULL,
  failures   INTEGER NOT NULL DEFAULT 0,
  retry_at   TEXT NOT NULL DEFAULT '',
  problem    TEXT NOT NULL DEFAULT ''
) STRICT;

-- What messages are signed with: one, or two while it is replaced. As long as it signs it has to be here whole.
CREATE TABLE webhook_secret (
  id         TEXT PRIMARY KEY,
  webhook    TEXT NOT NULL REFERENCES webhook (id),
  secret     TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

-- Messages that are to be sent, or were given up (is_dead); what was taken is gone. claimed_until: while one is being
-- sent, empty otherwise.
CREATE TABLE webhook_delivery (
  webhook       TEXT NOT NULL REFERENCES webhook (id),
  seq           INTEGER NOT NULL,
  record        TEXT NOT NULL,
  kind          TEXT NOT NULL,
  at            TEXT NOT NULL,
  attempts      INTEGER NOT NULL DEFAULT 0,
  next_at       TEXT NOT NULL,
  claimed_until TEXT NOT NULL DEFAULT '',
  is_dead       INTEGER NOT NULL DEFAULT 0,
  problem       TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (webhook, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_delivery_record ON webhook_delivery (webhook, record, seq) WHERE is_dead = 0;
