-- Corrections of a hazard that leave its case a longer limit than its rule. None was kept before.
ALTER TABLE case_step ADD COLUMN relaxes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_fact ADD COLUMN relaxed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_count ADD COLUMN relaxed INTEGER NOT NULL DEFAULT 0;
