-- The same rows as before (0033), told by OR: for IN with more than two values SQLite fills a table in memory at each
-- insert into revision, which a push of 400 changes paid 400 times.
DROP INDEX revision_decision;
CREATE INDEX revision_decision ON revision (seq)
 WHERE (action = 'decline_extension' OR action = 'decline_return' OR action = 'decline_suspension'
        OR action = 'extend' OR action = 'return' OR action = 'suspend');

-- Files that changes announce: lists count those of each row, and almost no revision has any.
CREATE INDEX revision_files ON revision (record) WHERE attachments IS NOT NULL;
