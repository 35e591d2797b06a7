"""Administration: setup of a folder, housekeeping, invariants."""
