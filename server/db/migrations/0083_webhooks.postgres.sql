-- As in SQLite: whom the server tells by signed requests, what messages are signed with, and those not taken yet.
CREATE TABLE webhook (
  id TEXT COLLATE "C" PRIMARY KEY,
  url TEXT COLLATE "C" NOT NULL,
  kinds TEXT COLLATE "C" NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  ended_at TEXT COLLATE "C",
  after_seq BIGINT NOT NULL,
  failures BIGINT NOT NULL DEFAULT 0,
  retry_at TEXT COLLATE "C" NOT NULL DEFAULT '',
  problem TEXT COLLATE "C" NOT NULL DEFAULT ''
);
CREATE TABLE webhook_secret (
  id TEXT COLLATE "C" PRIMARY KEY,
  webhook TEXT COLLATE "C" NOT NULL REFERENCES webhook (id),
  secret TEXT COLLATE "C" NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL
);
CREATE TABLE webhook_delivery (
  webhook TEXT COLLATE "C" NOT NULL REFERENCES webhook (id),
  seq BIGINT NOT NULL,
  record TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  at TEXT COLLATE "C" NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  next_at TEXT COLLATE "C" NOT NULL,
  claimed_until TEXT COLLATE "C" NOT NULL DEFAULT '',
  is_dead BIGINT NOT NULL DEFAULT 0,
  problem TEXT COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (webhook, seq)
);
CREATE INDEX webhook_delivery_record ON webhook_delivery (webhook, record, seq) WHERE is_dead = 0;
