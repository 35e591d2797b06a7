"""PostgreSQL as the engine of a county: one schema, whatever number of processes serves it."""
