-- What our own clients say of themselves, each for itself: several may use one key, or none and a sign-in.
CREATE TABLE field_client (
  person    TEXT NOT NULL,
  device    TEXT NOT NULL,
  program   TEXT NOT NULL,
  seen_at   TEXT NOT NULL,
  unsent    INTEGER NOT NULL,
  PRIMARY KEY (person, device)
) STRICT, WITHOUT ROWID;
ALTER TABLE phone_key DROP COLUMN unsent;
ALTER TABLE phone_key DROP COLUMN unsent_at;
