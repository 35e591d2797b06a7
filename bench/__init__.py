"""Measures how fast and how small Firegrid is, beside what the machine itself can do; run by ``make bench``."""
