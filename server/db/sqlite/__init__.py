"""SQLite as the engine of a county: one file in the data folder, one process that serves it."""
