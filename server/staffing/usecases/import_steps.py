"""Carries out the steps of an import one by one, so that a row that is refused now keeps no other from its step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from server.db.transactions import Transaction
from server.errors import ITEM_ERRORS, Refusal

S = TypeVar("S")
R = TypeVar("R")

UNFORESEEN = "这一行存不下"
"""What is said of a row that fails otherwise than by a refusal; its step is undone, and the others go on."""


def each_alone(
    tx: Transaction, steps: Iterable[S], take: Callable[[S], R], line_of: Callable[[S], int]
) -> tuple[list[R], list[tuple[int, str]]]:
    """Return what ``take`` made of the steps that could be taken, and the line and message of each that could not.

    Each is taken in a savepoint of its own. line_of: the line of the file that a step comes from.
    """
    made: list[R] = []
    refused: list[tuple[int, str]] = []
    for step in steps:
        try:
            with tx.savepoint():
                made.append(take(step))
        except (Refusal, *ITEM_ERRORS) as error:
            refused.append((line_of(step), error.message if isinstance(error, Refusal) else UNFORESEEN))
    return made, refused
