"""Lists beside a form: what they hold, what the form asks of them, and whether the two fit."""
