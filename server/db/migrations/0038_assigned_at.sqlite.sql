-- Since when a case is with whoever has it: what nobody has taken for a day is looked for (an index would cost each write
-- more than looking at the few cases that wait to be taken).
ALTER TABLE record ADD COLUMN assigned_at TEXT;
UPDATE record
   SET assigned_at = json_extract(case_state, '$.facts.dispatches[#-1][0]')
 WHERE status IS NOT NULL;
