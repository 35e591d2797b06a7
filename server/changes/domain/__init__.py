"""Rules of changes: pure functions and values, without SQL, network or clock."""
