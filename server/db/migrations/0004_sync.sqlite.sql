-- What pulls are answered from: the rows of a bucket in the order in which they changed.

-- check_value: the first 48 bits of sha256('<id>:<version>'); summed up, it says whether two holders have equal rows.
ALTER TABLE record ADD COLUMN check_value INTEGER NOT NULL DEFAULT 0;
CREATE INDEX record_pull ON record (path, seq, check_value);
CREATE INDEX record_pull_author ON record (author, seq);

-- gone_seq: when the thirty days after a hand had a case were over, so that pulls tell it like any other change.
ALTER TABLE case_hand ADD COLUMN gone_seq INTEGER;
CREATE INDEX case_hand_going ON case_hand (until) WHERE gone_seq IS NULL;

CREATE INDEX problem_change ON problem (change) WHERE change IS NOT NULL;
