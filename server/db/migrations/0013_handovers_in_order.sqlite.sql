-- When its case was received stands beside each handing over, so that lists behind dispatches and returns are put in
-- order without looking at the cases. Neither that nor the path of a case ever changes.
ALTER TABLE case_handover RENAME TO case_handover_bare;
CREATE TABLE case_handover (
  day         INTEGER NOT NULL,
  record      TEXT NOT NULL,
  received_at TEXT NOT NULL,
  path        TEXT NOT NULL,
  PRIMARY KEY (day, record)
) STRICT, WITHOUT ROWID;
INSERT INTO case_handover (day, record, received_at, path)
SELECT bare.day, bare.record, fact.received_at, fact.path
  FROM case_handover_bare AS bare JOIN case_fact AS fact ON fact.id = bare.record
 ORDER BY bare.day, bare.record;
DROP TABLE case_handover_bare;
