-- Whose password it is (server/people/domain/passwords.py): their own, one that somebody gave them and that they have
-- to change, or a demonstration's. Passwords that are there stay good; a weak one is to be changed at the next sign-in.
ALTER TABLE person ADD COLUMN password_state TEXT NOT NULL DEFAULT 'own';

-- A session is a sign-in of a person on one device, with all the refresh tokens that follow each other in it.
-- token: id of the refresh token that may be exchanged next. predecessor: of the one that was exchanged for it; it is
-- taken once more while is_used is 0: nobody has shown that the answer with the successor arrived. Ids are no secrets:
-- tokens are signed. expires_at: when the last token runs out, after which the row is deleted.
CREATE TABLE sign_in_session (
  id           TEXT PRIMARY KEY,
  person       TEXT NOT NULL REFERENCES person (name),
  token        TEXT NOT NULL,
  predecessor  TEXT,
  is_used      INTEGER NOT NULL,
  created_at   TEXT NOT NULL,
  last_used_at TEXT NOT NULL,
  expires_at   TEXT NOT NULL,
  ended_at     TEXT,
  address      TEXT NOT NULL
) STRICT;
CREATE INDEX sign_in_session_person ON sign_in_session (person, created_at);
CREATE INDEX sign_in_session_expires_at ON sign_in_session (expires_at);

-- Tokens given before name no session: everybody signs in once more, and revoked_token is written no longer.
DELETE FROM revoked_token;
