-- Only items that were no change are looked up by the change they claimed to be; all others are found by their record.
DROP INDEX problem_change;
CREATE INDEX problem_item ON problem (change) WHERE change IS NOT NULL AND record IS NULL;
