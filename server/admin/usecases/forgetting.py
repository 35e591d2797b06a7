"""Forgets a person: what the law lets people have deleted goes, what others need stays and says why.

《个人信息保护法》 art. 47: deleted is what is no longer needed; where that is technically hard, it is only kept and no
longer used. Who did what, when and in which role stays, since cases and figures rest on it; names and numbers go from
ledgers, history, what phones sent, what was rejected, files, contacts and the audit.

What is true if we die after each step: nothing, until the commit that holds all of them; then files are still on disk
that no row names (``unneeded_files``), and free space of the database has old pages (``db/compaction.py``). The command
may be given again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from server.admin.store import personal_traces, sent_traces
from server.admin.store.sent_traces import Placeholder
from server.admin.usecases import sent_forgetting
from server.admin.usecases.sent_forgetting import Answers
from server.audit.domain.entries import Entry
from server.audit.usecases import retention
from server.audit.usecases.recording import record
from server.changes.usecases import recording
from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.errors import Conflict, Invalid
from server.forms.domain.personal import Wanted
from server.forms.store import forms
from server.people.store import accounts
from server.records.store import label_search, records
from sync import registers

FORGOTTEN = "已删除姓名"
"""What a forgotten account is called."""

VALUE_CHARACTERS_MIN, NUMBER_DIGITS_MIN = 2, 7

KEPT_OF_ACCOUNT = (
    "用户名和岗位：记录、案件和审计里谁在何时以何岗位办了什么，统计和追责要用（第四十七条第二款，只保存不再使用）",
    "写在说明、备注里的名字：不是按字段填的，请用 --value 按记录删除",
    "备份、升级前的旧副本和已导出的文件：程序改不到，到期请管理员删除",
)
KEPT_OF_VALUES = (
    "版本号、时间、结论和统计：不含个人信息",
    "照片：只换掉答案声明为个人信息的（如证件照）；其他的可能是隐患的证据，要一并删除请加 --photos",
    "只在说明、备注里提到这个名字的其他记录：不能确定是同一个人（号码不论写在哪里都删）",
    "还没同步的手机和笔记本：同步后更新；里面还没交的表单交上来会重新保存，请交后再执行一次",
    "备份、升级前的旧副本和已导出的文件：程序改不到，到期请管理员删除",
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken out. counts: rows by table. records: ids of those that were rewritten."""

    counts: Counter[str] = field(default_factory=Counter)
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """Where a person is told of. records, submissions: ids. bodies: hashes of what was rejected.

    apart: table and key of changes, problems, contacts and exports under way. media: form and name of the files beside
    forms, which are only told: whoever made them has to publish others.
    """

    records: tuple[str, ...] = ()
    submissions: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    apart: tuple[tuple[str, str], ...] = ()
    media: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Files:
    """What happens to files of a person. placeholder: what stands in their place. all: not those of personal answers
    alone."""

    placeholder: Placeholder
    all: bool = False


def forget_account(tx: Transaction, name: str, *, by: str) -> Forgotten:
    """Take a closed account's display name, password, devices and addresses out, in the audit too.

    Raises NotFound, and Conflict while the account is open.
    """
    account = accounts.get(tx, name)
    if account.revoked_at is None:
        raise Conflict(f"账号“{name}”还在用；请先停用：firegrid user revoke {name}。", user=name)
    personal_traces.forget_account(tx, name, FORGOTTEN)
    words = {} if account.display in (FORGOTTEN, name) else {account.display: FORGOTTEN}
    entries = retention.forget(tx, words, by=by, about=name) if words else 0
    record(tx, Entry("user.forget", by, name))
    return Forgotten(Counter({"person": 1, "audit": entries}))


def find(reading: Reading, values: Sequence[str], spared: Collection[str] = ()) -> Places:
    """Return where one of ``values`` stands or ever stood: as a personal answer or field, or as all that one says.

    values: names and numbers; a number is found however it was written, and one that is nobody else's in any text.
    spared: ids of what tells of somebody else of the same name. Raises Invalid for a value too short to be told from
    other texts.
    """
    if not values or any(map(_is_short, values)):
        message = f"要删除的姓名至少{VALUE_CHARACTERS_MIN}个字，号码至少{NUMBER_DIGITS_MIN}位，请写全。"
        raise Invalid(message)
    wanted = [Wanted(value) for value in values]
    return Places(
        tuple(each for each in _records(reading, wanted) if each not in spared),
        tuple(each for each in sent_forgetting.submissions_telling(reading, wanted) if each not in spared),
        tuple(each for each in sent_forgetting.bodies_telling(reading, wanted) if each not in spared),
        tuple(each for each in _apart(reading, wanted) if each[1] not in spared),
        tuple(personal_traces.media_naming(reading, lambda content: _is_in_media(content, wanted))),
    )


def _is_short(value: str) -> bool:
    plain = value.strip()
    return len(plain) < (NUMBER_DIGITS_MIN if plain.isdecimal() else VALUE_CHARACTERS_MIN)


def _is_in_media(content: bytes, wanted: Sequence[Wanted]) -> bool:
    text = content.decode(errors="replace")
    return any(each.may_stand_in(content) and each.taken_out_of(text) != text for each in wanted)


def _records(reading: Reading, wanted: Sequence[Wanted]) -> list[str]:
    found: dict[str, None] = {}
    types = forms.catalogue(reading).types
    for each in wanted:
        for parts in each.parts:
            for row in personal_traces.records_naming(reading, *parts):
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
    for name in ("fields", "registers", "diff", "received", "case_state"):
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


def forget_values(
    tx: Transaction, values: Sequence[str], *, by: str, files: Files | None = None, spared: Collection[str] = ()
) -> Forgotten:
    """Mask names and numbers of a private person wherever ``find`` finds them.

    There they go everywhere: fields, labels, notes, history, problems, answers. Each record gets one revision more, so
    that phones and laptops take it anew. files: None leaves files as they are. Raises Invalid.
    """
    words = sorted({value.strip() for value in values}, key=len, reverse=True)
    wanted = [Wanted(word) for word in words]
    places, counts = find(tx, words, spared), Counter[str]()

    def without(text: str) -> str:
        for each in wanted:
            text = each.taken_out_of(text)
        return text

    _forget_sent(tx, places, without, files, counts)
    for id in places.records:
        counts.update(personal_traces.rewrite_record(tx, id, without))
        found = records.find_for_writing(tx, id)
        if found is not None:
            recording.apply_by_server(tx, found, "renew", "")
    if places.records:
        label_search.empty(tx)
    for table, key in places.apart:
        counts[table] += personal_traces.rewrite_apart(tx, table, key, without)
    parts = [each for one in wanted for each in one.parts]
    counts["audit"] = retention.forget_texts(tx, parts, without, by=by)
    told = {"records": len(places.records), **{name: count for name, count in counts.items() if count}}
    record(tx, Entry("user.forget", by, "records", told, objects=places.records))
    return Forgotten(counts, places.records)


def _forget_sent(
    tx: Transaction, places: Places, without: sent_forgetting.OfText, files: Files | None, counts: Counter[str]
) -> None:
    """Take what is forgotten out of submissions, of every version of them, and out of what was rejected."""
    answers = Answers(tx)
    written = [id for record in places.records for id in sent_traces.of_record(tx, record)]
    for row in sent_traces.of_roots(tx, [*places.submissions, *written]):
        gone: Collection[str] = ()
        if files is not None:
            is_all = files.all and row["id"] in places.submissions
            gone = sent_traces.files_of(tx, row["id"]) if is_all else answers.personal_files(row["form"], row["xml"])
        placeholder = Placeholder("", 0, "") if files is None else files.placeholder
        changed, files_gone = sent_forgetting.forget_submission(tx, row, without, gone, placeholder)
        counts.update({"submission": changed, "file": files_gone})
    for hash in places.bodies:
        changed, files_gone = sent_forgetting.forget_body(tx, hash, without, with_files=files is not None)
        counts.update({"kept_body": changed, "file": files_gone})
