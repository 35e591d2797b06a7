"""Premises (场所): which field of a case names those it is about, and when they are closed down."""

from __future__ import annotations

from collections.abc import Mapping

TYPE = "premises"
"""The record type of premises."""

FIELD = "premises"
"""The field of a case that holds the id of the premises it is about; empty where nobody picked any."""

KIND = "premises_kind"
"""The field of premises that says of which kind they are (list ``premises_kinds``)."""

STATE, CLOSED_DOWN, WITHDRAWN = "premises_state", "closed_down", "withdrawn"
"""The field of premises that says whether they are in use, and its codes for closed down (已经关停) and for registered
by mistake (登记有误)."""


def is_gone(type: str, fields: Mapping[str, str]) -> bool:
    """Say whether a record is of premises that nobody is to visit: closed down, or registered by mistake.

    type: name of its record type. fields: as they stand.
    """
    return type == TYPE and fields.get(STATE) in (CLOSED_DOWN, WITHDRAWN)


def is_closed_down(type: str, fields: Mapping[str, str]) -> bool:
    """Say whether a record is of premises that are closed down: nobody is sent there to check any more.

    type: name of its record type. fields: as they stand.
    """
    return type == TYPE and fields.get(STATE) == CLOSED_DOWN
