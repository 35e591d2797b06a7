-- How far each timer of the server has got (server/scheduler). done_until: the newest instant at which it was due and
-- done; moved on in the transaction that does it, so that one of several processes does it, and does it once.
CREATE TABLE timer (
  name       TEXT PRIMARY KEY,
  done_until TEXT NOT NULL
) STRICT;
