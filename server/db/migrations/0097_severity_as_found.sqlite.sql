-- A hazard is a major one where the brigade's finding stands, whatever its report says.
UPDATE record SET severity = 'suspected_major' WHERE severity = 'major';
UPDATE record SET severity = 'major' WHERE status IS NOT NULL AND flags <> '' AND flags || '|' LIKE '%|major|%';
