-- Led by the type, without which the planner takes the index of all records of a type and reads every patrol.
DROP INDEX record_patrols_changed;
CREATE INDEX record_patrols_changed ON record (type, updated_at) WHERE type = 'patrols';
