"""The API of staffing: rosters and cards, hand-overs of cases, changes of the grid with the duties in it."""
