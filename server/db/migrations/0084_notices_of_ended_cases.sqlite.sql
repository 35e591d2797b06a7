-- What people were told of a case and have not read: once it has ended only its result is left to be read.
CREATE INDEX notice_of_case ON notice (record) WHERE read_at IS NULL;
