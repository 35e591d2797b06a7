"""SQL of timers."""
