"""Rules of submissions: pure functions and values, without SQL, network or clock."""
