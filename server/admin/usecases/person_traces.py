"""Finds every place in which a person is told of: ledgers, history, what was sent or rejected, contacts, the audit.

All is read for as long as that takes, while phones go on writing; ``with_newer`` then looks through what has come in
since, which is little enough to do so in the transaction that takes it out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson

from server.admin.store import personal_traces, sent_traces
from server.admin.usecases import sent_forgetting
from server.audit.usecases import retention
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import Invalid
from server.forms.domain.personal import Wanted
from server.forms.store import forms
from sync import registers

VALUE_CHARACTERS_MIN, NUMBER_DIGITS_MIN = 2, 7


class Mark(NamedTuple):
    """How far a reading has looked: the county's ``seq``, the newest entry of the audit, all that was rejected."""

    seq: int = 0
    entry: str = ""
    bodies: frozenset[str] = frozenset()


_BEGINNING = Mark()


@dataclass(frozen=True, slots=True)
class Places:
    """Where a person is told of. records, submissions: ids. bodies: hashes of what was rejected.

    wrote: ids of the submissions that wrote ``records``. apart: table and key of changes, problems, contacts and
    exports under way. entries: ids of the audit's. media: form and name of the files beside forms, which are only told:
    whoever made them has to publish others. until: what was looked through.
    """

    records: tuple[str, ...] = ()
    submissions: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    apart: tuple[tuple[str, str], ...] = ()
    entries: tuple[str, ...] = ()
    media: tuple[tuple[str, str], ...] = ()
    until: Mark = _BEGINNING


def find(reading: Reading, values: Sequence[str], spared: Collection[str] = ()) -> Places:
    """Return where one of ``values`` stands or ever stood: as a personal answer or field, or as all that one says.

    values: names and numbers; a number is found however it was written, and one that is nobody else's in any text.
    spared: ids of what tells of somebody else of the same name. Raises Invalid for a value too short to be told from
    other texts.
    """
    require_long(values)
    wanted = wanted_of(values)
    found = _found(reading, wanted, spared, _BEGINNING)
    wrote = [id for record in found.records for id in sent_traces.of_record(reading, record)]
    until = Mark(
        int(reading.sql.value("SELECT value FROM counter WHERE name = 'seq'")),
        retention.newest(reading),
        frozenset(sent_traces.bodies(reading)),
    )
    media = personal_traces.media_naming(reading, lambda content: _is_in_media(content, wanted))
    return replace(found, wrote=tuple(wrote), media=tuple(media), until=until)


def require_long(values: Sequence[str]) -> None:
    """Do nothing for names and numbers that can be told from other texts. Raises Invalid."""
    if not values or any(map(_is_short, values)):
        message = f"要删除的姓名至少{VALUE_CHARACTERS_MIN}个字，号码至少{NUMBER_DIGITS_MIN}位，请写全。"
        raise Invalid(message)


def with_newer(reading: Reading, found: Places, wanted: Sequence[Wanted], spared: Collection[str]) -> Places:
    """Return what ``find`` found in an earlier reading, together with what has come in since."""
    newer = _found(reading, wanted, spared, found.until)
    about = sent_forgetting.submissions_about(reading, (*found.records, *newer.records), found.until.seq)
    wrote = [id for record in newer.records for id in sent_traces.of_record(reading, record)]
    wrote += [each for each in about if each not in spared]
    return Places(
        records=tuple(dict.fromkeys((*found.records, *newer.records))),
        submissions=tuple(dict.fromkeys((*found.submissions, *newer.submissions))),
        wrote=tuple(dict.fromkeys((*found.wrote, *wrote))),
        bodies=(*found.bodies, *newer.bodies),
        apart=newer.apart,
        entries=(*found.entries, *newer.entries),
        media=found.media,
    )


def wanted_of(values: Sequence[str]) -> list[Wanted]:
    """Return what is looked for, the longest first: a name may be the beginning of another."""
    return [Wanted(word) for word in sorted({value.strip() for value in values}, key=len, reverse=True)]


def _found(reading: Reading, wanted: Sequence[Wanted], spared: Collection[str], since: Mark) -> Places:
    """Return what tells of a person behind a mark. What stands apart is little, and is looked through whole."""
    telling = sent_forgetting.submissions_telling(reading, wanted, since.seq)
    bodies = sent_forgetting.bodies_telling(reading, wanted, since.bodies)
    return Places(
        records=tuple(each for each in _records(reading, wanted, since.seq) if each not in spared),
        submissions=tuple(each for each in telling if each not in spared),
        bodies=tuple(each for each in bodies if each not in spared),
        apart=tuple(each for each in _apart(reading, wanted) if each[1] not in spared),
        entries=retention.telling(reading, [each for one in wanted for each in one.parts], since.entry),
    )


def _is_short(value: str) -> bool:
    plain = value.strip()
    return len(plain) < (NUMBER_DIGITS_MIN if plain.isdecimal() else VALUE_CHARACTERS_MIN)


def _is_in_media(content: bytes, wanted: Sequence[Wanted]) -> bool:
    text = content.decode(errors="replace")
    return any(each.may_stand_in(content) and each.taken_out_of(text) != text for each in wanted)


def _records(reading: Reading, wanted: Sequence[Wanted], since: int) -> list[str]:
    found: dict[str, None] = {}
    types = forms.catalogue(reading).types
    for each in wanted:
        for parts in each.parts:
            for row in personal_traces.records_naming(reading, since, *parts):
                declared = types[row["type"]].personal
                if row["id"] not in found and (
                    any(map(each.is_told_by, _values(row, declared))) or any(map(each.stands_in, _texts(row)))
                ):
                    found[row["id"]] = None
    return list(found)


def _values(row: Row, names: Collection[str]) -> set[str]:
    """Return everything that a row tells of these fields of its record, now and in one revision."""
    told: set[Any] = set()
    fields, diff, received = (orjson.loads(row[name]) for name in ("fields", "diff", "received"))
    heads = registers.from_json(row["registers"])
    for name in names:
        told |= {fields.get(name), *diff.get(name, ()), *_write(received, name)}
        told |= {head.value for head in heads.get(name, registers.EMPTY).heads}
    return {value.strip() for value in told if isinstance(value, str)}


def _write(received: Any, name: str) -> Iterator[Any]:
    written = received.get(name)
    if isinstance(written, list):
        yield from written
    elif written is not None:
        yield written


def _texts(row: Row) -> Iterator[str]:
    yield from (row[name] for name in ("label", "office_note") if row[name])
    for name in ("fields", "registers", "diff", "received", "attachments", "case_state"):
        if row[name]:
            yield from personal_traces.texts_in(orjson.loads(row[name]))


def _apart(reading: Reading, wanted: Sequence[Wanted]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for each in wanted:
        for parts in each.parts:
            for table, key, texts in personal_traces.apart_naming(reading, *parts):
                if any(map(each.stands_in, texts)):
                    found[table, key] = None
    return list(found)
