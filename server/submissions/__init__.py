"""Submissions: what a phone posted, kept byte for byte, with its attachments."""
