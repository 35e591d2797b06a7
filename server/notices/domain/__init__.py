"""Rules of notices: who is told what of which act."""
