"""Stores submissions that were rejected, once by content, so that a refusal never loses a worker's answers."""

from __future__ import annotations

from collections.abc import Iterable

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.submissions.domain.submissions import Attachment

_INSERT = (
    inserting("kept_body", ("sha256", "form", "instance_id", "reason", "author", "received_at", "xml"))
    + " ON CONFLICT (sha256) DO NOTHING"
)
_INSERT_FILE = (
    inserting("kept_file", ("body", "name", "sha256", "size", "media_type", "declared_type"))
    + " ON CONFLICT (body, name, sha256) DO NOTHING"
)


def add(tx: Transaction, sha256: str, *, form: str, instance_id: str, reason: str, author: str, xml: bytes) -> bool:
    """Store a rejected submission under the hash of its bytes; return whether it is new."""
    values = {
        "sha256": sha256,
        "form": form,
        "instance_id": instance_id,
        "reason": reason,
        "author": author,
        "received_at": tx.now,
        "xml": xml,
    }
    return tx.sql.run(_INSERT, values) == 1


def add_attachments(tx: Transaction, body: str, files: Iterable[Attachment]) -> None:
    """Store the attachments of a rejected submission; the same file twice is one."""
    tx.sql.run_each(_INSERT_FILE, [{"body": body, **file._asdict()} for file in files])


def settle_problems(tx: Transaction, sha256: str) -> None:
    """Settle the problems about a submission that has now been accepted after all (an edit after its original)."""
    tx.sql.put(
        """
        UPDATE problem SET settled_at = :at, settled_by = 'server'
         WHERE kept_body = :sha256 AND settled_at IS NULL
        """,
        {"at": tx.now, "sha256": sha256},
    )


def xml_of(reading: Reading, sha256: str) -> bytes | None:
    """Return the bytes of a rejected submission; the caller has found its problem inside a scope."""
    content = reading.sql.value("SELECT xml FROM kept_body WHERE sha256 = :sha256", {"sha256": sha256})
    return None if content is None else bytes(content)


def form_of(reading: Reading, sha256: str) -> str:
    """Return the id of the form that a body names, empty for none."""
    found = reading.sql.value("SELECT form FROM kept_body WHERE sha256 = :sha256", {"sha256": sha256})
    return found or ""


def attachments_of(reading: Reading, sha256: str) -> list[Attachment]:
    """Return the attachments of a rejected submission."""
    columns = ", ".join(Attachment._fields)
    rows = reading.sql.each(f"SELECT {columns} FROM kept_file WHERE body = :body ORDER BY name", {"body": sha256})
    return [Attachment(**row) for row in rows]
