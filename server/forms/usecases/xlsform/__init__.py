"""Converts an XLSForm in a child process, and words what pyxform and ODK Validate complain of."""
