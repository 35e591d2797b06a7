"""The ``fieldsync`` command."""
