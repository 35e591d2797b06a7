-- Cases of last year that were taken over by a list (上年结转): a cohort of their own, none of this year's. None was kept before.
ALTER TABLE case_fact ADD COLUMN carried INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN carried INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN carried_closed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN carried_dropped INTEGER NOT NULL DEFAULT 0;
CREATE INDEX case_fact_carried ON case_fact (id) WHERE carried = 1;
