-- Who has used a phone, by the id that it tells (server/phones/usecases/handed_phones.py). seen_at: when it last came with a
-- key of this person; compared_at: when the rows on it were last compared with what others were shown on it;
-- '' for somebody new who has not been looked at yet.
CREATE TABLE phone_holder (
  device      TEXT NOT NULL,
  person      TEXT NOT NULL,
  seen_at     TEXT NOT NULL,
  compared_at TEXT NOT NULL,
  PRIMARY KEY (device, person)
) STRICT, WITHOUT ROWID;
