-- A step keeps the category that it gave a case, so that a corrected case counts under the old one before that: NULL
-- where it left the category as it was. The first step of a case that was corrected keeps the one it began with.
ALTER TABLE case_step ADD COLUMN category TEXT;

CREATE TABLE category_correction (
  record   TEXT NOT NULL,
  version  INTEGER NOT NULL,
  at       TEXT NOT NULL,
  old      TEXT NOT NULL,
  category TEXT NOT NULL,
  PRIMARY KEY (record, version)
) STRICT, WITHOUT ROWID;
INSERT INTO category_correction (record, version, at, old, category)
SELECT record, version, received_at,
       COALESCE(json_extract(diff, '$.category[0]'), ''), COALESCE(json_extract(diff, '$.category[1]'), '')
  FROM revision
 WHERE version > 1 AND diff LIKE '%"category"%' AND json_type(diff, '$.category') = 'array'
   AND record IN (SELECT record FROM case_step);

UPDATE case_step
   SET category = (SELECT correction.category FROM category_correction AS correction
                    WHERE correction.record = case_step.record AND correction.version = case_step.version)
 WHERE record IN (SELECT record FROM category_correction);
UPDATE case_step
   SET category = (SELECT correction.old FROM category_correction AS correction
                    WHERE correction.record = case_step.record ORDER BY correction.version LIMIT 1)
 WHERE record IN (SELECT record FROM category_correction)
   AND version = (SELECT MIN(first.version) FROM case_step AS first WHERE first.record = case_step.record);
INSERT INTO case_step (record, version, at, action, status, category)
SELECT correction.record, correction.version, correction.at, 'categorise',
       (SELECT step.status FROM case_step AS step
         WHERE step.record = correction.record AND step.version < correction.version
         ORDER BY step.version DESC LIMIT 1),
       correction.category
  FROM category_correction AS correction
 WHERE NOT EXISTS (SELECT 1 FROM case_step AS step
                    WHERE step.record = correction.record AND step.version = correction.version);
UPDATE case_fact
   SET stepped_at = (SELECT MAX(step.at) FROM case_step AS step WHERE step.record = case_fact.id)
 WHERE id IN (SELECT record FROM category_correction);
DROP TABLE category_correction;
