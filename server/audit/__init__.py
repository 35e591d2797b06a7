"""Who signed in, who was refused, who took data away, who looked at whose, and who changed rights or configuration."""
