-- At which public address phones find the server, as it was moved from one to another: each step stays, the newest says
-- how it is now. url: the address of new cards, empty for none; old_url: one that is answered beside it, empty for none.
CREATE TABLE address_step (
    number INTEGER PRIMARY KEY,
    step TEXT NOT NULL,
    url TEXT NOT NULL,
    old_url TEXT NOT NULL,
    made_at TEXT NOT NULL,
    made_by TEXT NOT NULL
);
-- By which address a phone came when it was last in contact (last_seen_at).
ALTER TABLE phone_key ADD COLUMN address TEXT;
