"""What a phone is given: forms, entity lists and their integrity answers."""
