"""SQL of monthly reports."""
