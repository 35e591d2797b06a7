"""Rules of monthly reports: pure functions and values, without SQL, network or clock."""
