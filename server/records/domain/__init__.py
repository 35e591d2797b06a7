"""Rules of records: pure functions and values, without SQL, network or clock."""
