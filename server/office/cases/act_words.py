"""What forms of acts say beside the names of inputs: hints, confirmations, words of one act, what an outcome asks."""

from __future__ import annotations

HINTS = {
    "ask_void": "只用于登记错了，不能用于“改不了”；由上一级决定，决定之前照常计时。",
    "file_reply": "承办人的回复在纸上：照原样填，第一张附件须是回复件的扫描件或照片，其余是整改照片；代填的不能核查。",
    "review": "挂账每季度、移交每月核查一次：现场或电话问过、没有变化的，按一下即可；有变化的请写说明，或恢复处置。",
    "ask_transfer": "写明为什么要由外单位办、移交给谁；由上一级决定，决定之前照常计时。",
    "ask_major": "写明为什么可能是重大火灾隐患；由大队集体研究认定。",
    "mark_major": "须3人以上集体研究，写明三个人、文号和依据的判定标准。",
    "unmark_major": "整改完成或不再构成时销案；写明原因和文号，案件照常核查办结。",
    "split": "并错了可以拆开：拆开后回到“已立项”，另行派遣。",
}
"""What is to be known before an act."""

REOPENS = "办结后发现没改好，到{day}（含）可以重开。"

CONFIRMED = {"void": "确认作废：案件结束，不再计时，承办人手机上不再有它；作废后不能恢复。"}
"""Acts that cannot be taken back, each with what its author confirms before it is carried out."""

CONFIRM = "confirm"
NOT_CONFIRMED = "请先勾选确认，再提交。"

REASSIGN_WORD = "改派"
"""What assigning is called of a case that somebody has."""

WORDS = {
    ("assign", "due_on"): "处置期限",
    ("ask_extension", "until"): "想延到哪一天",
    ("ask_extension", "safeguard"): "这段时间怎么防火",
    ("ask_suspension", "until"): "想挂账到哪一天",
    ("ask_suspension", "safeguard"): "这段时间怎么防火",
    ("extend", "due_on"): "延到哪一天",
    ("suspend", "safeguard"): "期间防火措施",
    ("suspend", "leader"): "负责人",
    ("ask_suspension", "leader"): "负责人",
    ("ask_suspension", "plan"): "怎么整治",
    ("rework", "due_on"): "新期限",
    ("reopen", "reason"): "为什么重开",
    ("reopen", "due_on"): "新期限",
    ("transfer", "body"): "移交给",
    ("ask_transfer", "body"): "移交给",
}
"""What the form of an act calls an input, where that says more than ``LABELS``."""

OF_OUTCOME = {
    ("rework", "reason"): "rework",
    ("rework", "due_on"): "rework",
    ("site_check", "result_code"): "yes",
    ("site_check", "reason"): "no",
    ("site_check", "due_on"): "no",
}
"""Inputs that one outcome of a check asks for, and the other has no use for."""

NEEDED = {
    ("rework", "reason"): "没改好时必填",
    ("site_check", "result_code"): "整改好了时必填",
    ("site_check", "reason"): "没改好时必填",
    ("recheck", "note"): "没改好时必填",
}
"""Inputs that are needed with one outcome alone, and what stands beside them."""
