"""Commands about cases and premises."""
