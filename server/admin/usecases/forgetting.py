"""Forgets a person: what the law lets people have deleted goes, what others need stays and says why.

《个人信息保护法》 art. 47: deleted is what is no longer needed; where that is technically hard, it is only kept and no
longer used. Who did what, when and in which role stays, since cases and figures rest on it; names and numbers go from
live tables, from history, from what phones sent and from the audit.

What is true if we die after each step: nothing, until the commit that holds all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from server import dated, instants
from server.admin.store import personal_traces
from server.audit.domain.entries import Entry
from server.audit.usecases import retention
from server.audit.usecases.recording import record
from server.changes.usecases import recording
from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.errors import Conflict, Invalid
from server.forms.domain import personal
from server.forms.store import forms
from server.people.store import accounts
from server.records.store import records
from sync import registers

FORGOTTEN = "已删除姓名"
"""What a forgotten account is called."""

VALUE_CHARACTERS_MIN = 2

KEPT_OF_ACCOUNT = (
    "用户名和岗位：记录、案件和审计里谁在何时以何岗位办了什么，统计和追责要用（第四十七条第二款，只保存不再使用）",
    "写在说明、备注里的名字：不是按字段填的，请用 --value 按记录删除",
    "备份里的副本：到期随备份删除",
)
KEPT_OF_VALUES = (
    "版本号、时间、结论和统计：不含个人信息",
    "照片和附件：没有逐张辨认；如需删除请先找到提交",
    "没有存进台账的表单答案、没有收下的提交：没有逐份查找，请按表单导出后核对",
    "只在说明、备注里写了这个名字的其他记录：不能确定是同一个人；备份里的副本：到期随备份删除",
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was, or in a dry run would be, taken out. counts: by table. records: ids. kept: what stays, and why."""

    counts: Counter[str] = field(default_factory=Counter)
    records: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def forget_account(tx: Transaction, name: str, *, by: str) -> Forgotten:
    """Take a closed account's display name, password, devices and addresses out, in the audit too.

    Raises NotFound, and Conflict while the account is open.
    """
    account = accounts.get(tx, name)
    if account.revoked_at is None:
        raise Conflict(f"账号“{name}”还在用；请先停用：firegrid user revoke {name}。", user=name)
    personal_traces.forget_account(tx, name, FORGOTTEN)
    words = {} if account.display in (FORGOTTEN, name) else {account.display: FORGOTTEN}
    entries = retention.forget(tx, words, by=by) if words else 0
    record(tx, Entry("user.forget", by, name))
    return Forgotten(Counter({"person": 1, "audit": entries}), (), KEPT_OF_ACCOUNT)


def find(reading: Reading, values: Sequence[str]) -> list[str]:
    """Return the ids of the records in whose personal fields one of ``values`` stands now or ever stood.

    values: names and numbers; a number is found however it was written. Raises Invalid for one too short to be told
    from other texts.
    """
    short = [value for value in values if len(value.strip()) < VALUE_CHARACTERS_MIN]
    if short or not values:
        raise Invalid(f"要删除的姓名或号码至少{VALUE_CHARACTERS_MIN}个字，请写全。")
    found: dict[str, None] = {}
    for wanted in map(personal.Wanted, values):
        for parts in wanted.parts:
            for row in personal_traces.records_naming(reading, *parts):
                if row["id"] not in found and any(map(wanted.is_told_by, _personal_values(reading, row))):
                    found[row["id"]] = None
    return list(found)


def _personal_values(reading: Reading, row: Row) -> set[str]:
    """Return everything that a row tells of the personal fields of its record, now and in one revision."""
    declared = forms.catalogue(reading).types[row["type"]].personal
    told: set[Any] = set()
    fields, diff, received = (orjson.loads(row[name]) for name in ("fields", "diff", "received"))
    heads = registers.from_json(row["registers"])
    for name in declared:
        told |= {fields.get(name), *diff.get(name, ()), *_write(received, name)}
        told |= {head.value for head in heads.get(name, registers.EMPTY).heads}
    return {value.strip() for value in told if isinstance(value, str)}


def _write(received: Any, name: str) -> Iterator[Any]:
    written = received.get(name)
    if isinstance(written, list):
        yield from written
    elif written is not None:
        yield written


def forget_values(tx: Transaction, values: Sequence[str], *, by: str) -> Forgotten:
    """Mask names and numbers of a private person in every record that names them in a personal field.

    In these records they go everywhere: fields, labels, notes, history, problems, submissions. Each gets one revision
    more, so that phones and laptops take it anew. Raises Invalid.
    """
    words = sorted({value.strip() for value in values}, key=len, reverse=True)
    ids, counts, wanted = find(tx, words), Counter[str](), [personal.Wanted(word) for word in words]

    def without(text: str) -> str:
        for each in wanted:
            text = each.taken_out_of(text)
        return text

    for id in ids:
        counts.update(personal_traces.rewrite_record(tx, id, without))
        found = records.find_for_writing(tx, id)
        if found is not None:
            recording.apply_by_server(tx, found, "renew", "")
    counts["audit"] = retention.forget(tx, dict.fromkeys(words, personal.MASK), by=by)
    record(tx, Entry("user.forget", by, "records", {"records": len(ids)}, objects=tuple(ids)))
    return Forgotten(counts, tuple(ids), KEPT_OF_VALUES)


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
    else:
        rows = personal_traces.count_expired(reading, kind, before)
    return Due(kind, row["label"], row["source"], int(row["days"]), rows)


def _before(reading: Reading, row: dated.Row) -> instants.Instant:
    return instants.later(reading.now, -timedelta(days=int(row["days"])))


def remove_expired(tx: Transaction, *, by: str) -> list[Due]:
    """Take out what is past its time, and return what that was; the audit prunes itself by a table of its own."""
    found = [each for each in expired(tx) if each.rows]
    for row in dated.rows_at("retention", tx.now):
        if row["kind"] == "account" and row["days"]:
            for name in personal_traces.accounts_revoked_before(tx, _before(tx, row), FORGOTTEN):
                forget_account(tx, name, by=by)
        elif row["days"]:
            personal_traces.remove_expired(tx, row["kind"], _before(tx, row))
    if found:
        record(tx, Entry("retention.apply", by, "retention", {each.kind: each.rows for each in found}))
    return found
