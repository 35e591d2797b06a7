-- Cases of last year that were taken over by a list (上年结转): a cohort of their own, none of this year's. None was kept before.
ALTER TABLE case_fact ADD COLUMN carried BIGINT NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN carried BIGINT NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN carried_closed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN carried_dropped BIGINT NOT NULL DEFAULT 0;
CREATE INDEX case_fact_carried ON case_fact (id) WHERE carried = 1;
