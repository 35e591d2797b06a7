"""The closure summary: figures, rollups, tables, and the cases behind each figure."""
