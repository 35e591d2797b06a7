"""Rules of staffing: pure functions and values."""
