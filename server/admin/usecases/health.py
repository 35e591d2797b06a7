"""Says how a server is, for whoever looks after it: each finding with the command that cures it.

What makes a server ready is asked as ``/readyz`` asks it, and what is broken as ``firegrid check`` finds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from server import instants
from server.admin.store import backup_facts, usage
from server.admin.usecases import disk_room
from server.audit.usecases import daily_heads
from server.cases.usecases import calendars
from server.db.database import Database
from server.db.transactions import Reading
from server.errors import DiskUnwritable, Refusal, Unavailable
from server.forms.usecases import management
from server.instants import BEIJING, Instant
from server.webhooks.store import deliveries, webhooks

RATE_DAYS = 30
"""Over how many days the growth of the data is taken."""

ROWS_BYTES = 12_000
"""About what one submission adds to the database with its revisions and indexes (``docs/figures.md``)."""

FEW_DAYS = 90
"""A disk that will be full in fewer days is worth a warning: buying one takes a quarter."""

DAYS_MANY = 3_650

QUEUE_LONG = 50
"""So many writes that wait at once mean seconds for whoever comes last."""


class Mark(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    LOOK = "look"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about the server. what: its name. said: how it is, with ``values`` for its ``{names}``, each value as
    text. cure: what to do, empty where nothing is; a sentence of a rule where it is not said here.

    command: what to type for it, empty for none; ``DIR`` stands for the data folder.
    """

    what: str
    mark: Mark
    said: str
    cure: str = ""
    command: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


def require_ready(database: Database, disk_free_bytes_min: int) -> None:
    """Do nothing where the server can take work: the county can be written, the disk has room. Raises Unavailable."""
    if unwritable := disk_room.unwritable(database.folder):
        names = "、".join(unwritable)
        raise DiskUnwritable(f"数据目录里的 {names} 写不了：磁盘只读，或目录的权限不对；照片收不了，请检查。")
    free = disk_room.free_bytes(database.folder)
    if free < disk_free_bytes_min:
        raise Unavailable("磁盘空间不足，请清理或扩容。", disk_free_bytes=free)
    database.require_writable()


def facts(database: Database, disk_free_bytes_min: int) -> Iterator[str]:
    """Yield what whoever looks after a ready server should know, a line each: the last backup, a disk that fills."""
    last, now, dead = database.promptly(
        lambda reading: (backup_facts.last_backup(reading), reading.now, deliveries.counts(reading).dead)
    )
    if database.engine.is_in_folder:
        yield backup_line(last, now)
        if last.failure:
            yield f"backup failed: {last.failed_at}"
    if dead:
        yield f"webhooks: {dead} messages not delivered"
    free = disk_room.free_bytes(database.folder)
    if disk_room.is_low(free, disk_free_bytes_min):
        yield f"disk low: {free // 1_000_000} MB free"


def backup_line(last: backup_facts.LastBackup, now: Instant) -> str:
    """Return when the last backup was made and how old it is, in a line."""
    age = last.age(now)
    if age is None:
        return "last backup: never"
    return f"last backup: {last.finished_at}, {age.days} d {age.seconds // 3600} h ago"


def check_words(database: Database, reading: Reading) -> str:
    """Return what ``firegrid check`` says of backups at its end, in Chinese and English."""
    if database.engine.is_in_folder:
        return backup_words(backup_facts.last_backup(reading), reading.now)
    return "备份由数据库负责：pg_dump 或连续归档，附件目录 blobs 另存 · backups are those of the database"


def backup_words(last: backup_facts.LastBackup, now: Instant) -> str:
    """Return the same for people, in Chinese and English."""
    age = last.age(now)
    if age is None:
        said = "从未备份；请运行 firegrid backup"
    else:
        at = instants.parse(last.finished_at).astimezone(BEIJING)
        said = f"上次备份：{at:%Y-%m-%d %H:%M}（北京时间），{age.days} 天 {age.seconds // 3600} 小时前"
    return f"{said} · {backup_line(last, now)}"


def findings(database: Database, reading: Reading, disk_free_bytes_min: int) -> Iterator[Finding]:
    """Yield how the server is, from what matters most to what is only worth knowing."""
    yield _database(database, disk_free_bytes_min)
    yield _disk(database, reading, disk_free_bytes_min)
    yield _backup(reading) if database.engine.is_in_folder else _backup_of_database()
    yield _phones(reading)
    yield _queue(database.queue_length())
    yield _audit(reading, database.folder)
    yield _forms(reading)
    yield _holidays(reading)
    yield from _webhooks(reading)


def _webhooks(reading: Reading) -> Iterator[Finding]:
    """Yield how messages to other programs come through, where there are receivers."""
    found = webhooks.list_all(reading)
    if not found:
        return
    waiting, dead = deliveries.counts(reading)
    failing = [each for each in found if each.failures]
    values = {"count": str(len(found)), "waiting": str(waiting), "dead": str(dead)}
    if dead or failing:
        values["why"] = "；".join(dict.fromkeys(each.problem for each in failing)) or "—"
        said = "{count} 个接收方；{dead} 条没有送到、已停送，{waiting} 条待送。最近的原因：{why}"
        cure = "请接收方修好后，从没有送到的地方重发；列表里有编号。"
        mark = Mark.BAD if dead else Mark.LOOK
        yield Finding("外发通知", mark, said, cure, "firegrid webhook list --data DIR", values)
    else:
        yield Finding("外发通知", Mark.GOOD, "{count} 个接收方，{waiting} 条待送。", values=values)


def _database(database: Database, disk_free_bytes_min: int) -> Finding:
    size = _mb(database.engine.size())
    try:
        require_ready(database, disk_free_bytes_min)
    except Refusal as refusal:
        is_in_folder = database.engine.is_in_folder
        cure = (
            "先腾出磁盘空间，再核对数据。" if is_in_folder else "照左边说的做；还不行，请数据库管理员看数据库的日志。"
        )
        said = {"why": refusal.message}
        return Finding("数据库", Mark.BAD, "现在写不进去：{why}", cure, "firegrid check --data DIR", said)
    return Finding("数据库", Mark.GOOD, "能读能写，{size} MB。", values={"size": size})


def _disk(database: Database, reading: Reading, disk_free_bytes_min: int) -> Finding:
    """Say how long the disk of the data folder lasts, which holds files alone where the county is kept elsewhere."""
    free = disk_room.free_bytes(database.folder)
    since = instants.later(reading.now, -timedelta(days=RATE_DAYS))
    taken = usage.bytes_received(reading, since)
    if database.engine.is_in_folder:
        taken += usage.submissions_received(reading, since) * ROWS_BYTES
    a_day = taken / RATE_DAYS
    days = max(int((free - disk_free_bytes_min) / a_day), 0) if a_day else None
    values = {
        "free": f"{free / 1e9:.1f}",
        "span": str(RATE_DAYS),
        "rate": f"{max(a_day / 1e6, 0.1):.1f}",
        "days": str(days or 0),
    }
    if days is None:
        said = "空闲 {free} GB；近{span}天没有收到内容。"
    elif days > DAYS_MANY:
        said = "空闲 {free} GB；按近{span}天每天约 {rate} MB 算，还够十年以上。"
    else:
        said = "空闲 {free} GB；按近{span}天每天约 {rate} MB 算，还够 {days} 天。"
    if disk_room.is_low(free, disk_free_bytes_min) or (days is not None and days < FEW_DAYS):
        mark = Mark.BAD if free < 2 * disk_free_bytes_min else Mark.LOOK
        cure = "请扩容，或清理这块磁盘上别的文件；数据目录里的不要删。"
        return Finding("磁盘", mark, said, cure, "df -h DIR", values)
    return Finding("磁盘", Mark.GOOD, said, values=values)


def _backup(reading: Reading) -> Finding:
    last = backup_facts.last_backup(reading)
    age = last.age(reading.now)
    values = {
        "day": "" if age is None else instants.local_day(last.finished_at),
        "days": "" if age is None else str(age.days),
        "folder": last.folder,
        "why": last.failure,
    }
    if last.failure:
        said = "从未备份，试过没有做成：{why}" if age is None else "上次备份 {day}，{days} 天前；后来没有做成：{why}"
    else:
        said = "从未备份。" if age is None else "上次备份 {day}，{days} 天前，在 {folder}。"
    if not last.failure and not last.is_old(reading.now):
        return Finding("备份", Mark.GOOD, said, values=values)
    cure = "请现在备份一次，放到另一块磁盘上；并按部署手册设成每天自动备份。"
    command = f"firegrid backup {last.folder or 'BACKUPS'} --data DIR"
    return Finding("备份", Mark.LOOK, said, cure, command, values)


def _backup_of_database() -> Finding:
    said = "在数据库里，由数据库管理员备份：pg_dump，或连续归档；附件目录 blobs 另存一份。"
    return Finding("备份", Mark.GOOD, said)


def _phones(reading: Reading) -> Finding:
    today = datetime.fromisoformat(instants.local_day(reading.now)).replace(tzinfo=BEIJING)
    seen = usage.phones_seen(reading, instants.text(today))
    said = "{known} 台中今天连过 {since} 台；从未连接 {never} 台。"
    values = {"known": str(seen.known), "since": str(seen.since), "never": str(seen.never)}
    if not seen.never:
        return Finding("手机", Mark.GOOD, said, values=values)
    return Finding(
        "手机", Mark.LOOK, said, "请看“人员”里从未连接的，重发手机卡片。", "firegrid user list --data DIR", values
    )


def _queue(waiting: int) -> Finding:
    values = {"n": str(waiting)}
    if waiting >= QUEUE_LONG:
        cure = "稍候会自己消；一直这样请看日志。"
        return Finding("排队", Mark.LOOK, "{n} 项在等着写。", cure, "journalctl -u 'firegrid*' -n 100", values)
    return Finding("排队", Mark.GOOD, "{n} 项在等着写。" if waiting else "没有内容在等着写。", values=values)


def _audit(reading: Reading, folder: Path) -> Finding:
    broken = next(daily_heads.broken(reading, folder), None)
    if broken is not None:
        said, cure = "和每天记下的对不上：{why}", "请保全现场，告诉审计员。"
        return Finding("审计链", Mark.BAD, said, cure, "firegrid check --data DIR", {"why": str(broken)})
    return Finding("审计链", Mark.GOOD, "和每天记下的一致。")


def _forms(reading: Reading) -> Finding:
    found = next(management.unopenable(reading), None)
    if found is not None:
        form, fault = found
        said, values = "手机打不开 {form}：{why}", {"form": form, "why": fault.message}
        return Finding("表单", Mark.BAD, said, fault.cure, f"firegrid form bring-back {form} --data DIR", values)
    return Finding("表单", Mark.GOOD, "在用的表单和名单手机都打得开。")


def _holidays(reading: Reading) -> Finding:
    missing = calendars.missing_year(reading)
    if missing is None:
        return Finding("放假安排", Mark.GOOD, "今年的已载入，工作日照它计算。")
    said, values = "{year}年的放假安排还没有载入，工作日先按周一至周五计算。", {"year": str(missing)}
    cure = "请到“代码和时限”的“放假安排”里载入。"
    return Finding("放假安排", Mark.LOOK, said, cure, "firegrid calendar load FILE --data DIR", values)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"
