"""Rules of people: pure functions and values, without SQL, network or clock."""
