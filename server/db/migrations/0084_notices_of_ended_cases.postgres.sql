-- As in SQLite: what people were told of a case and have not read.
CREATE INDEX notice_of_case ON notice (record) WHERE read_at IS NULL;
