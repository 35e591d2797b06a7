"""Carries out the steps of an import one by one, so that a row that is refused now keeps no other from its step."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from typing import TypeVar

from server.db.transactions import Transaction
from server.errors import ITEM_ERRORS, Refusal
from server.forms.domain import personal
from server.log import log

S = TypeVar("S")
R = TypeVar("R")

UNFORESEEN = "这一行存不下，原因已记在服务器日志里；请把这一行交给管理员查看，其余各行照常导入"
"""What is said of a row that fails otherwise than by a refusal; its step is undone, and the others go on."""


def each_alone(
    tx: Transaction, steps: Iterable[S], take: Callable[[S], R], line_of: Callable[[S], int]
) -> tuple[list[R], list[tuple[int, str]]]:
    """Return what ``take`` made of the steps that could be taken, and the line and message of each that could not.

    Each is taken in a savepoint of its own. line_of: the line of the file that a step comes from. What fails otherwise
    than by a refusal is logged with its cause.
    """
    made: list[R] = []
    refused: list[tuple[int, str]] = []
    for step in steps:
        try:
            with tx.savepoint():
                made.append(take(step))
        except Refusal as refusal:
            refused.append((line_of(step), refusal.message))
        except ITEM_ERRORS as error:
            _log(error, line_of(step))
            refused.append((line_of(step), UNFORESEEN))
    return made, refused


def _log(error: Exception, line: int) -> None:
    """Log why a row could not be stored: where in the program, and what was said, without numbers of people."""
    log.error(
        "row of an import not stored",
        row=line,
        problem=type(error).__name__,
        cause=personal.without_numbers(str(error)),
        where="".join(traceback.format_tb(error.__traceback__)),
    )
