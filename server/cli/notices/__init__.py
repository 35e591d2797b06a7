"""Commands about what is told: to people, and to other programs."""
