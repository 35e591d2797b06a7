"""What a set says of itself, and which sets are kept: pure functions and values."""
