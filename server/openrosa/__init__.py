"""The phones' door: the OpenRosa protocol as unmodified ODK Collect speaks it."""
