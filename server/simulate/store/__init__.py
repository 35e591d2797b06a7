"""What the simulation reads of the server's database, and the disk below it."""
