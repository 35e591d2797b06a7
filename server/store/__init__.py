"""The only place that speaks SQL and keeps bytes on disk."""
