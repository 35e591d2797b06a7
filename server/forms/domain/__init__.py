"""Rules of forms: pure functions and values, without SQL, network or clock."""
