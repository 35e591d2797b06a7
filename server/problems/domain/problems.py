"""The kinds of problems: what only a person can settle, since a phone is never refused for a rule it cannot fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ProblemKind(StrEnum):
    """Why a problem was filed (待处理问题)."""

    CONFLICT = "conflict"
    MISFIT = "misfit"
    INVALID_AFTER_MERGE = "invalid_after_merge"
    AREA_UNKNOWN = "area_unknown"
    ENTITY_UNUSABLE = "entity_unusable"
    LABEL_MISSING = "label_missing"
    BASE_UNKNOWN = "base_unknown"
    DOT_REUSED = "dot_reused"
    RECORDED = "recorded"
    WAITING = "waiting"
    QUARANTINED = "quarantined"
    EDIT_DIFFERS = "edit_differs"
    COPY_DIFFERS = "copy_differs"
    FILE_DIFFERS = "file_differs"
    NOT_TAKEN = "not_taken"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to settle, before it is filed.

    path: where it belongs, so that the right office sees it. message: one Chinese sentence for the officer.
    detail: particulars for programs, JSON values only. kept_body: hash of a body that could not be taken.
    """

    kind: ProblemKind
    path: str
    message: str
    record: str | None = None
    type: str | None = None
    submission: str | None = None
    kept_body: str | None = None
    change: str | None = None
    author: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
