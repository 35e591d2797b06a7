-- The patrols that have changed since an instant: the premises inspected as of the past are today's less what they added.
CREATE INDEX record_patrols_changed ON record (updated_at) WHERE type = 'patrols';
