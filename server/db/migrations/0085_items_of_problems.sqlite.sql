-- The id that an item had on its device, in a column of its own: what stands in JSON is read by programs alone.
ALTER TABLE problem ADD COLUMN item TEXT;
UPDATE problem SET item = json_extract(detail, '$.id') WHERE kind = 'unreadable';
DROP INDEX problem_kept_item;
CREATE INDEX problem_kept_item ON problem (author, item) WHERE kind = 'unreadable' AND settled_at IS NULL;
