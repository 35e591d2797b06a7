"""The SQL of the audit."""
