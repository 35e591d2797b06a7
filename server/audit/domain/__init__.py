"""The rules of the audit: what an entry says, which events there are, and how entries are chained."""
