-- What our own field clients say still waits on them: shown to the office before somebody is moved.
ALTER TABLE phone_key ADD COLUMN unsent INTEGER;
ALTER TABLE phone_key ADD COLUMN unsent_at TEXT;
