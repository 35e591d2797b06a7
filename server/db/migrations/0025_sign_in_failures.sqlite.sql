-- Failed sign-ins by account and address, and where each account signed in rightly before: a stranger's failures lock
-- out strangers, and nobody else. account: the first half of the SHA-256 of the name that was typed.
CREATE TABLE sign_in_failure (
  account TEXT NOT NULL,
  address TEXT NOT NULL,
  is_known INTEGER NOT NULL,
  failed_at TEXT NOT NULL
) STRICT;
CREATE INDEX sign_in_failure_account ON sign_in_failure (account, failed_at);
CREATE INDEX sign_in_failure_address ON sign_in_failure (address, failed_at);
CREATE INDEX sign_in_failure_failed_at ON sign_in_failure (failed_at);
CREATE TABLE sign_in_address (
  person TEXT NOT NULL REFERENCES person (name),
  address TEXT NOT NULL,
  succeeded_at TEXT NOT NULL,
  PRIMARY KEY (person, address)
) STRICT;
