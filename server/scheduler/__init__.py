"""What the server does by itself when its time has come: the timers, and what each has got up to."""
