-- Decisions on transfers are in the ledger too; told by OR, as before (0044, 0055).
DROP INDEX revision_decision;
CREATE INDEX revision_decision ON revision (seq)
 WHERE (action = 'decline_extension' OR action = 'decline_major' OR action = 'decline_return'
        OR action = 'decline_suspension' OR action = 'decline_transfer' OR action = 'decline_void' OR action = 'extend'
        OR action = 'mark_major' OR action = 'return' OR action = 'suspend' OR action = 'transfer' OR action = 'void');
