"""Use cases of backups: making a set, putting one back, and making them by schedule."""
