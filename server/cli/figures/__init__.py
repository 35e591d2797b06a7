"""The ``figures`` commands."""
