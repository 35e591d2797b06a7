-- Until when an order of the hotline is to be answered, where it names a day: lists are in this order, and mark what is late.
ALTER TABLE record ADD COLUMN reply_by TEXT;
UPDATE record SET reply_by = json_extract(fields, '$.reply_by')
 WHERE status IS NOT NULL
   AND json_extract(fields, '$.reply_by') GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]';
CREATE INDEX record_reply_by ON record (reply_by, born_seq) WHERE closed_at IS NULL AND reply_by IS NOT NULL;
