"""Rules of problems: pure functions and values, without SQL, network or clock."""
