-- What lists of cases are narrowed to: the codes by which a case is classified (columns, since fields are JSON text).
ALTER TABLE record ADD COLUMN category TEXT;
ALTER TABLE record ADD COLUMN item TEXT;
ALTER TABLE record ADD COLUMN severity TEXT;
ALTER TABLE record ADD COLUMN source TEXT;
UPDATE record
   SET category = json_extract(fields, '$.category'), item = json_extract(fields, '$.item'),
       severity = json_extract(fields, '$.severity'), source = json_extract(fields, '$.source')
 WHERE status IS NOT NULL;
-- A rare code would otherwise be looked for among all cases that are over.
CREATE INDEX record_category ON record (category, born_seq) WHERE category IS NOT NULL;
CREATE INDEX record_item ON record (item, born_seq) WHERE item IS NOT NULL;
