"""The flags by which the server marks a record, with what people read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Flag(StrEnum):
    """A mark of a record (``domain.md`` section 2.2), by its name on the wire.

    CLOCK_SUSPECT: a device whose clock was off wrote it, so that its claimed times mean little.
    INVALID_AFTER_MERGE: a merge left a value that its form would not take (``sync.md`` section 3).
    """

    CLOCK_SUSPECT = "clock_suspect"
    INVALID_AFTER_MERGE = "invalid_after_merge"
    RETURN_PENDING = "return_pending"
    EXTENSION_PENDING = "extension_pending"
    SUSPENSION_PENDING = "suspension_pending"
    TRANSFER_PENDING = "transfer_pending"
    VOID_PENDING = "void_pending"
    MAJOR_PENDING = "major_pending"
    SUPERVISED_1 = "supervised_1"
    SUPERVISED_2 = "supervised_2"
    SUPERVISED_3 = "supervised_3"
    MAJOR = "major"
    REWORKED = "reworked"
    EVIDENCE_MISSING = "evidence_missing"
    JOINT_MEETING = "joint_meeting"
    RECHECK_DUE = "recheck_due"
    RECHECK_FAILED = "recheck_failed"
    RETURN_LATE = "return_late"
    RECURRENCE = "recurrence"


FLAGS_OF_ANY_RECORD = frozenset({Flag.CLOCK_SUSPECT, Flag.INVALID_AFTER_MERGE})
"""All others are flags of cases, and follow from their workflow."""

LABELS: Mapping[str, str] = {
    Flag.CLOCK_SUSPECT: "手机时间不准",
    Flag.INVALID_AFTER_MERGE: "合并后不合表单要求",
    Flag.RETURN_PENDING: "申请退回待定",
    Flag.EXTENSION_PENDING: "申请延期待定",
    Flag.SUSPENSION_PENDING: "申请挂账待定",
    Flag.TRANSFER_PENDING: "申请移交待定",
    Flag.VOID_PENDING: "申请作废待定",
    Flag.MAJOR_PENDING: "申请认定重大待定",
    Flag.SUPERVISED_1: "1级督办",
    Flag.SUPERVISED_2: "2级督办",
    Flag.SUPERVISED_3: "3级督办",
    Flag.MAJOR: "重大隐患",
    Flag.REWORKED: "返工",
    Flag.EVIDENCE_MISSING: "缺少佐证",
    Flag.JOINT_MEETING: "需要会商",
    Flag.RECHECK_DUE: "待回访",
    Flag.RECHECK_FAILED: "回访不合格",
    Flag.RETURN_LATE: "退回申请超窗",
    Flag.RECURRENCE: "反弹",
}
