"""What is done with monthly reports: drawn up, kept, compared with today, corrected, written as files."""
