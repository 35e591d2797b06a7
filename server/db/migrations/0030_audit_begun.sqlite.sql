-- Exports under way (server/audit/usecases/exports.py): noted before the first byte leaves, an entry of the audit after.
CREATE TABLE audit_begun (
  id      TEXT PRIMARY KEY,
  at      TEXT NOT NULL,
  action  TEXT NOT NULL,
  actor   TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail  TEXT NOT NULL,
  address TEXT NOT NULL
) STRICT;

-- Failed sign-ins by minute, address and name, until the minute is over and they are counted into one entry of the audit
-- for each address. account: empty for a name that nobody has: what strangers type may be anything, a password too.
CREATE TABLE audit_sign_in_failure (
  minute  TEXT NOT NULL,
  address TEXT NOT NULL,
  account TEXT NOT NULL,
  tries   INTEGER NOT NULL,
  PRIMARY KEY (minute, address, account)
) STRICT, WITHOUT ROWID;
