-- The ledger of what was decided about requests, newest first: without it a page of it reads the whole history.
CREATE INDEX revision_decision ON revision (seq)
 WHERE action IN ('decline_extension', 'decline_return', 'decline_suspension', 'extend', 'return', 'suspend');
