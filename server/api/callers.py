"""Finds out who calls the API: a signed-in person by their access token, a phone or field client by its key."""

from __future__ import annotations

from flask import request

from server.api import tokens
from server.errors import SignInRequired
from server.people.domain.actors import Actor
from server.web import context

FIELD_CLIENTS = "api-sync"
"""The door of our own clients."""


def find() -> Actor:
    """Make whoever the Authorization header names the caller of this request, and return them.

    Raises SignInRequired without a header, or when its token has run out; KeyRefused for a bad phone key.
    """
    scheme, _, credential = request.headers.get("Authorization", "").strip().partition(" ")
    credential = credential.strip()
    if scheme.lower() == "key" and credential:
        return context.caller_by_key(credential, is_phone=request.blueprint != FIELD_CLIENTS)
    if scheme.lower() == "bearer" and credential:
        return context.set_caller(tokens.holder(credential, tokens.ACCESS))
    raise SignInRequired("请先登录，或在 Authorization 里带上密钥。", challenge=tokens.CHALLENGE)
