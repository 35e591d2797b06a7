"""Rules of grid: pure functions and values, without SQL, network or clock."""
