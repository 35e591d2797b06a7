"""The grid (网格): county, towns, villages and units, their codes and paths, and the files they come in."""
