-- The cases that have moved since an instant, as before (0011), now with where they are and whether they were extended.
DROP INDEX case_fact_moved;
CREATE INDEX case_fact_moved ON case_fact (stepped_at, received_day, path, extended);
