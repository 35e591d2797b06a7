"""Makes hazards by the hundred thousand, as a county would have them after eighteen months."""
