"""Keeps whether this data folder is for training (``domain/practice.py`` says what follows from it)."""

from __future__ import annotations

from server import training_mark
from server.db.transactions import Reading, Transaction


def begin(tx: Transaction) -> None:
    """Make this a folder for training, for good: call it before anything else is written."""
    tx.sql.run("INSERT INTO setting (name, value) VALUES ('training', '1') ON CONFLICT (name) DO NOTHING")
    tx.configuration_changed()


def is_on(reading: Reading) -> bool:
    """Say whether all that this folder holds is practice; remembered."""
    return reading.remembered(("training",), _is_on)


def shown(reading: Reading, text: str) -> str:
    """Return ``text`` as this folder shows it: with the mark before it where all is practice."""
    return training_mark.marked(text) if is_on(reading) else text


def _is_on(reading: Reading) -> bool:
    return bool(reading.sql.value("SELECT value = '1' FROM setting WHERE name = 'training'"))
