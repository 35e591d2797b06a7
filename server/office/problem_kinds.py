"""What the pages call the kinds of problems, in which order they list them, and what was done with what came in."""

from __future__ import annotations

from typing import NamedTuple

from server.problems.domain.problems import ProblemKind
from server.problems.domain.settlements import KIND_LABELS


class Word(NamedTuple):
    """How pages put a kind. title: of its problems; done: what was done with what came in, empty for its message."""

    title: str
    icon: str
    tone: str
    done: str


_PLAIN = {
    ProblemKind.CONFLICT: Word("两人填得不一样", "differ", "violet", "两个值都保留着；选定以前，显示后观察到的一个。"),
    ProblemKind.QUARANTINED: Word("暂存待核", "lock", "amber", "内容原样保存，没有写进台账。"),
    ProblemKind.RECORDED: Word("迟到的反馈", "clock", "amber", "内容留存在办理过程里，案件的结果不变。"),
    ProblemKind.AREA_UNKNOWN: Word("网格不明", "pin", "", "暂记在填报人的辖区；要改网格，请作废重录。"),
    ProblemKind.WAITING: Word("等上报件", "clock", "", "原始记录到了会自动合并，不用办理。"),
    ProblemKind.MISFIT: Word("填的内容不能用", "info", "amber", "其余内容已收下，这一项没有写进台账。"),
    ProblemKind.EDIT_DIFFERS: Word(
        "手机改过已发的表", "info", "amber", "第一次发来的已收下；改过的原样保存，没有写进台账。"
    ),
    ProblemKind.NOT_TAKEN: Word("没有收下", "info", "amber", "内容原样保存，没有写进台账。"),
    ProblemKind.UNREADABLE: Word("没有收下", "info", "amber", "内容原样保存，没有写进台账。"),
}
WORDS = {kind: _PLAIN.get(kind, Word(KIND_LABELS[kind], "info", "", "内容原样保存。")) for kind in ProblemKind}
ORDER = (*_PLAIN, *(kind for kind in ProblemKind if kind not in _PLAIN))
"""As the list shows them: what needs a decision first."""
