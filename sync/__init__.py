"""What server and field client share (changes, merge), and the field client itself."""
