"""A county that does not exist, played against the real server and field client, to try every promise of sync."""
