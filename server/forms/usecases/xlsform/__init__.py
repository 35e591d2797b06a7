"""Converts an XLSForm in a child process, and translates the errors of pyxform and ODK Validate."""
