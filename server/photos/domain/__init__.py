"""Rules of photos: pure functions and values, without SQL, network or clock."""
