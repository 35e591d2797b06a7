"""Names the errors that belong to one item, so that a stuck one never holds up another (``sync.md`` section 7)."""

from __future__ import annotations

from server.errors import Refusal

UNWRITABLE = (Refusal, ValueError, LookupError, TypeError, AttributeError, RuntimeError)
"""What is wrong with one item or record is so the next time too; what is wrong with the database is no such error."""
