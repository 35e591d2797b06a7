"""Pull and push for field clients, cursors and epochs."""
