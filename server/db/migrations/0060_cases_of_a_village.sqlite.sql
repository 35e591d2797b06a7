-- The cases of a place that are open, or ended of late, whatever number it has had: what may be the same hazard, or was.
CREATE INDEX record_near ON record (path, closed_at, created_at) WHERE kind = 'case';
