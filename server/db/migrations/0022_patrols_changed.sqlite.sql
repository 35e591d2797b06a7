-- The patrols that have changed since an instant: the premises inspected as of the past are today's less what they added.
-- Led by the type, without which the planner takes the index of all records of a type and reads every patrol.
CREATE INDEX record_patrols_changed ON record (type, updated_at) WHERE type = 'patrols';
