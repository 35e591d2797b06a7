-- Whether a step set a later limit than its rule: an extension, whatever the act (ADR 0055). None did before this was kept,
-- save for the act that extends, which is one by its name.
ALTER TABLE case_step ADD COLUMN extends INTEGER NOT NULL DEFAULT 0;
