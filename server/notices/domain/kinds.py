"""Who is told what of which act: the dated table ``data/notices.csv``.

A row says that an act tells some people something. One act may tell several people several things; one person is told
each kind once. What is told is that something happened to a case: its id, its number and the act, and no words of
anybody.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from server import dated
from server.instants import Instant
from server.records.domain.status import WITH_HANDLER


class Recipients(StrEnum):
    """Whom an act tells.

    HANDLERS: all who have the case after it, co-handlers included; of a body, everybody who acts for it.
    NEW_HANDLERS: those of them who did not have it before. DISPATCHERS: who registered it or gave it to somebody.
    ASKER: who had made the request that the act decides. REPORTER: who reported the hazard.
    TOWN: the town that the case lies in, the brigade where no town has anybody.
    DECIDERS: who decides at the level above the one that an open request waits for.
    """

    HANDLERS = "handlers"
    NEW_HANDLERS = "new_handlers"
    DISPATCHERS = "dispatchers"
    ASKER = "asker"
    REPORTER = "reporter"
    TOWN = "town"
    DECIDERS = "deciders"


class Rule(NamedTuple):
    """An act that tells somebody something. kind: of the notice."""

    kind: str
    recipients: Recipients


class Kind(NamedTuple):
    """A kind of notice and what it is called."""

    code: str
    label: str
    label_en: str


KINDS = ("assigned", "returned", "overdue_soon", "escalated", "decided")
OF_HANDLERS = ("assigned", "returned", "overdue_soon")
"""Kinds that tell a handler to do something, which is over when somebody else has the case."""


def rules_of(act: str, status: str, at: Instant) -> tuple[Rule, ...]:
    """Return what an act tells whom. status: of the case after it, since a check on the spot may send it back."""
    told = "site_check_failed" if act == "site_check" and status in WITH_HANDLER else act
    return tuple(
        Rule(row["kind"], Recipients(row["recipients"])) for row in dated.rows_at("notices", at) if row["act"] == told
    )


def kinds_at(at: Instant) -> tuple[Kind, ...]:
    """Return the kinds of notices that there are on a day, in their order."""
    found = {row["kind"]: Kind(row["kind"], row["label"], row["label_en"]) for row in dated.rows_at("notices", at)}
    return tuple(found.values())


def told_ahead(at: Instant) -> timedelta:
    """Return how long before its limit a handler is told that a case falls due."""
    return timedelta(hours=max(int(row["ahead_hours"] or 0) for row in dated.rows_at("notices", at)))
