"""Rules of timers: when each is due."""
