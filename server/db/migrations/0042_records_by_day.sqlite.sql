-- Which villages had a record of a type lately is counted from the index alone, instead of from a row each.
DROP INDEX record_type_path;
CREATE INDEX record_type_path ON record (type, path, created_at);
