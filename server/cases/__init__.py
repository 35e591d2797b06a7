"""Cases: the workflow table, guards, effects, deadlines, and what each reader may do."""
