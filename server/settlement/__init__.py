"""Settlement: how an officer sees a problem and settles it."""
