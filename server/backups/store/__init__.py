"""The files of backups: a folder of sets, and the photos that they share."""
