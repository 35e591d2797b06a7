"""SQL and files of photos."""
