"""Marks what is training (练习), so that nobody takes it for work and nothing of it is counted.

A whole data folder is for training or it is not: a mark on single records could be forgotten on one of them, and a
record could be moved. The setting is written when the folder is made, and no command takes it away. In such a folder

- the title of every form, ledger and phone project, the label of every record and every receipt number begin with
  ``MARK``, so that lists, exports, cards, photos' submissions and histories all say it;
- cases take their steps as ever, but the closure summary counts none of them: every figure is nought, no list behind
  a figure has a case, and the sentence for the report says why.
"""

from __future__ import annotations

from server.db.transactions import Reading, Transaction

MARK = "【练习】"
"""Before whatever is only practice."""

NOT_COUNTED = f"{MARK}练习数据，不计入统计。"
"""What a summary says instead of figures that somebody might report."""


def enable(tx: Transaction) -> None:
    """Make this a folder for training, for good: call it before anything else is written."""
    tx.sql.run("INSERT INTO setting (name, value) VALUES ('training', '1') ON CONFLICT (name) DO NOTHING")
    tx.configuration_changed()


def is_on(reading: Reading) -> bool:
    """Say whether all that this folder holds is practice; cached."""
    return reading.cached(("training",), _is_on)


def marked(text: str) -> str:
    """Return ``text`` with the mark before it, once."""
    return text if text.startswith(MARK) else f"{MARK}{text}"


def marked_if_on(reading: Reading, text: str) -> str:
    """Return ``text`` as this folder shows it: with the mark before it where all is practice."""
    return marked(text) if is_on(reading) else text


def _is_on(reading: Reading) -> bool:
    return bool(reading.sql.value("SELECT value = '1' FROM setting WHERE name = 'training'"))
