"""Problems: what only a person can settle, and where it is kept."""
