"""Rules of summaries: pure functions and values, without SQL, network or clock."""
