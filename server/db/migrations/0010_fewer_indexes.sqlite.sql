-- Ids of phones are random, so every index over them costs a page of its own in each commit. What another index answers
-- goes: record_pull finds by path, record_pull_author by author, the key of revision all of a record's revisions.
DROP INDEX record_path;
DROP INDEX record_author;
DROP INDEX revision_origin;

-- What waits for a record is asked with every change, so it has an index of its own, nearly always empty.
DROP INDEX change_record;
CREATE INDEX change_waiting ON change (record) WHERE verdict = 'waiting';

-- Looked for only where something waits or was set aside.
DROP INDEX change_submission;
CREATE INDEX change_kept ON change (submission) WHERE body IS NOT NULL;

-- A first version is found by its own id, which is its root; only edits need to be found by another's.
DROP INDEX submission_root;
CREATE INDEX submission_edits ON submission (form, root) WHERE deprecates IS NOT NULL;
