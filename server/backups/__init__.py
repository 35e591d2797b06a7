"""Backups: sets of everything in a data folder, made while it is served, and put back as a folder of its own."""
