"""Authenticate callers of the API: signed-in people by their tokens, phones and field clients by their keys."""

from __future__ import annotations

from flask import request

from server.errors import SignInRequired
from server.people.domain.actors import Actor
from server.web import context, session_tokens

FIELD_CLIENTS = "api-sync"
"""The blueprint of the field clients."""


def identify_caller() -> Actor:
    """Set whoever the Authorization header names as the caller of this request, and return them.

    Raises SignInRequired without a header, or when its token has run out; PasswordChangeRequired; KeyRefused for a bad
    phone key.
    """
    scheme, _, credential = request.headers.get("Authorization", "").strip().partition(" ")
    credential = credential.strip()
    if scheme.lower() == "key" and credential:
        return context.caller_by_key(credential, is_phone=request.blueprint != FIELD_CLIENTS)
    if scheme.lower() == "bearer" and credential:
        return context.set_caller(session_tokens.holder(credential))
    raise SignInRequired("请先登录，或在 Authorization 里带上密钥。")


def bearer_token() -> str:
    """Return the token of the Authorization header. Raises SignInRequired when it has none."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise SignInRequired("请先登录。")
    return token.strip()
