"""Says how what is only practice is marked, so that no reader takes it for work and nothing of it ever counts.

A whole data folder is for training or it is not: a mark on single records could be forgotten on one of them, and a
record could be moved. The setting is written when the folder is made, and no command takes it away. In such a folder

- the title of every form, ledger and phone project, the label of every record and every receipt number begin with
  ``MARK``, so that lists, exports, cards, photos' submissions and histories all say it;
- cases take their steps as ever, but the closure summary counts none of them: every figure is nought, no list behind
  a figure has a case, and the sentence for the report says why.
"""

from __future__ import annotations

MARK = "【练习】"
"""Before whatever is only practice."""

NOT_COUNTED = f"{MARK}练习数据，不计入统计。"
"""What a summary says instead of figures that somebody might report."""


def marked(text: str) -> str:
    """Return ``text`` with the mark before it, once."""
    return text if text.startswith(MARK) else f"{MARK}{text}"
