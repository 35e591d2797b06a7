"""Pictures, films and sounds as files: what they are, and copies without what their maker writes down beside them."""
