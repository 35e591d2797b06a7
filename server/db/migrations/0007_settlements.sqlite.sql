-- What officers decide about problems, and each person's own items.

-- settlement: JSON of domain.settlements.Settlement, NULL while nobody has decided anything.
ALTER TABLE problem ADD COLUMN settlement TEXT;
CREATE INDEX problem_kept_body ON problem (kept_body) WHERE kept_body IS NOT NULL;
CREATE INDEX problem_unreadable ON problem (author, seq) WHERE kind = 'unreadable';

-- Only what came in no submission: what phones post costs no further index.
CREATE INDEX change_author ON change (author, received_at, id) WHERE submission IS NULL;
CREATE INDEX kept_body_author ON kept_body (author, received_at, sha256);
