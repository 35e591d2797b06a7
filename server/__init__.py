"""Firegrid's server: one process and one file that merge what comes from the field and lose nothing."""
