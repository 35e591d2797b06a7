"""Rules of cases: pure functions and values, without SQL, network or clock."""
