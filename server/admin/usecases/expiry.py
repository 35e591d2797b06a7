"""Takes out what is past its time, as the dated table ``data/retention.csv`` says; the audit has a table of its own.

《个人信息保护法》 art. 19: kept for as short a time as the purpose needs; GB/T 35273 §6.1: then deleted or made
anonymous. What answers say of premises and hazards stays: only what they say of private persons is masked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from server import dated, instants
from server.admin.store import personal_traces, sent_traces
from server.admin.usecases import forgetting, sent_forgetting
from server.admin.usecases.forgetting import FORGOTTEN, Files
from server.admin.usecases.person_traces import NUMBER_DIGITS_MIN, VALUE_CHARACTERS_MIN
from server.admin.usecases.sent_forgetting import Answers, Rewriting
from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.forms.domain import personal
from server.forms.domain.personal import Wanted

AT_ONCE = 500
"""How many submissions one transaction takes: more would block the writer."""

_SENT = ("answers", "submission")


@dataclass(frozen=True, slots=True)
class Due:
    """What is past its time of one kind. label, source: in words, as the table says. rows: how many."""

    kind: str
    label: str
    source: str
    days: int
    rows: int


def expired(reading: Reading) -> list[Due]:
    """Return what is past its time by ``data/retention.csv``, kinds without any included."""
    return [_due(reading, row) for row in dated.rows_at("retention", reading.now) if row["days"]]


def _due(reading: Reading, row: dated.Row) -> Due:
    kind, before = row["kind"], _before(reading, row)
    if kind == "account":
        rows = len(personal_traces.accounts_revoked_before(reading, before, FORGOTTEN))
    elif kind == "rejected":
        rows = len(sent_traces.due_bodies(reading, before))
    elif kind in _SENT:
        rows = sent_traces.count_due(reading, kind, before)
    else:
        rows = personal_traces.count_expired(reading, kind, before)
    return Due(kind, row["label"], row["source"], int(row["days"]), rows)


def _before(reading: Reading, row: dated.Row) -> instants.Instant:
    return instants.later(reading.now, -timedelta(days=int(row["days"])))


class Prepared(NamedTuple):
    """What becomes of what is past its time. submissions: by id. bodies: of what was rejected, by the hash it had."""

    submissions: Mapping[str, Rewriting]
    bodies: Mapping[str, bytes]


def prepare(reading: Reading) -> Prepared:
    """Read what is past its time and work out what becomes of it, of each kind as much as ``remove`` takes."""
    submissions: dict[str, Rewriting] = {}
    bodies: dict[str, bytes] = {}
    answers = Answers(reading)
    for row in dated.rows_at("retention", reading.now):
        if row["days"] and row["kind"] in _SENT:
            due = sent_traces.due(reading, row["kind"], _before(reading, row), AT_ONCE)
            submissions |= {each["id"]: _rewriting(reading, answers, each) for each in due}
        elif row["days"] and row["kind"] == "rejected":
            hashes = sent_traces.due_bodies(reading, _before(reading, row))[:AT_ONCE]
            bodies |= {hash: sent_forgetting.emptied(sent_traces.body(reading, hash)) for hash in hashes}
    return Prepared(submissions, bodies)


def remove(tx: Transaction, *, by: str, files: Files, prepared: Prepared) -> list[Due]:
    """Take out what is past its time, and return what that was; nothing when all has gone.

    At most AT_ONCE submissions and accounts of each kind: whoever calls it calls again until it returns nothing.
    prepared: what a reading has worked out just before, since taking submissions apart would block the writer for
    seconds; what has changed or come since is worked out here.
    """
    done = Counter[str]()
    for row in dated.rows_at("retention", tx.now):
        if row["days"]:
            done[row["kind"]] = _remove(tx, row["kind"], _before(tx, row), by, files, prepared)
    rows = {row["kind"]: row for row in dated.rows_at("retention", tx.now)}
    found = [
        Due(kind, rows[kind]["label"], rows[kind]["source"], int(rows[kind]["days"]), count)
        for kind, count in done.items()
        if count
    ]
    if found:
        record(tx, Entry("retention.apply", by, "retention", {each.kind: each.rows for each in found}))
    return found


def _remove(tx: Transaction, kind: str, before: instants.Instant, by: str, files: Files, prepared: Prepared) -> int:
    if kind == "account":
        names = personal_traces.accounts_revoked_before(tx, before, FORGOTTEN)[:AT_ONCE]
        for name in names:
            forgetting.forget_account(tx, name, by=by)
        return len(names)
    if kind == "rejected":
        return _empty_bodies(tx, sent_traces.due_bodies(tx, before)[:AT_ONCE], prepared.bodies)
    if kind in _SENT:
        return _mask_answers(tx, kind, before, files, prepared.submissions)
    count = personal_traces.count_expired(tx, kind, before)
    personal_traces.remove_expired(tx, kind, before)
    return count


def _mask_answers(
    tx: Transaction, kind: str, before: instants.Instant, files: Files, prepared: Mapping[str, Rewriting]
) -> int:
    answers = Answers(tx)
    found = sent_traces.due(tx, kind, before, AT_ONCE)
    for row in found:
        known = prepared.get(row["id"])
        rewriting = known if known is not None and known.is_of(tx, row) else _rewriting(tx, answers, row)
        sent_forgetting.rewrite(tx, rewriting, files.placeholder)
        sent_traces.mark_cleared(tx, row["id"])
    return len(found)


def _rewriting(reading: Reading, answers: Answers, row: Row) -> Rewriting:
    words = sorted(filter(_is_telling, answers.persons_in(row["form"], row["xml"])), key=len, reverse=True)
    without = _Without([Wanted(word) for word in words])
    named = answers.personal_files(row["form"], row["xml"])
    return sent_forgetting.rewriting_of(reading, row, without, named, answers.is_personal(row["form"]))


def _is_telling(word: str) -> bool:
    """Say whether a personal answer tells of somebody wherever it stands: ``无`` or ``12`` may be of anything."""
    digits_least = NUMBER_DIGITS_MIN
    return len(word) >= (digits_least if word.isdecimal() else VALUE_CHARACTERS_MIN)


class _Without:
    """Takes the values of personal answers out of a text, and every number that the net over free text finds."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        self._wanted = wanted

    def __call__(self, text: str) -> str:
        for each in self._wanted:
            text = each.taken_out_of(text)
        return personal.without_numbers(text)


def _empty_bodies(tx: Transaction, hashes: Sequence[str], prepared: Mapping[str, bytes]) -> int:
    for hash in hashes:
        sent_traces.rewrite_body(tx, hash, prepared.get(hash) or sent_forgetting.emptied(sent_traces.body(tx, hash)))
        sent_traces.delete_body_files(tx, hash)
        sent_traces.mark_body_cleared(tx, hash)
    return len(hashes)
