"""Commands about what keeps a county."""
