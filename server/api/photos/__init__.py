"""The API of photos: uploads of them, and those that records have."""
