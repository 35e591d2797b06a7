"""Issue and replace phone keys: long random tokens, shown once, stored as a hash (``design.md`` section 5)."""

from __future__ import annotations

import secrets

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Transaction
from server.errors import Conflict
from server.people.store import accounts, people

TOKEN_BYTES = 32
"""256 bits, 43 URL-safe characters: nobody guesses one, so one fast hash at rest is enough."""


def issue(tx: Transaction, name: str, *, by: str) -> str:
    """Return a new phone key for the person ``name``; keys given before stay good. It is shown this once.

    Raises NotFound, and Conflict when the account is revoked.
    """
    _require_good_account(tx, name)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    key_id = people.add_key(tx, name, token)
    record(tx, Entry("phone_key.issue", by, name, {"key": key_id}))
    return token


def replace(tx: Transaction, name: str, *, by: str) -> str:
    """Return a new phone key for ``name``; every key given before is refused from now on: the phone was lost.

    Raises NotFound, and Conflict when the account is revoked.
    """
    _require_good_account(tx, name)
    ended = people.end_keys(tx, name)
    record(tx, Entry("phone_key.end", by, name, {"ended": ended}))
    return issue(tx, name, by=by)


def _require_good_account(tx: Transaction, name: str) -> None:
    if accounts.get(tx, name).revoked_at is not None:
        raise Conflict(f"用户“{name}”已停用，不能再发手机密钥；需要时请另建用户。", user=name)
