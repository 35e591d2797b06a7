"""Says how a server is, for whoever looks after it: each finding with the command that cures it.

What makes a server ready is asked as ``/readyz`` asks it, and what is broken as ``firegrid check`` finds it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from server import instants
from server.admin.store import usage
from server.audit.usecases import daily_heads
from server.db.database import Database
from server.db.folder import FILE_NAME
from server.db.transactions import Reading
from server.errors import Refusal, Unavailable
from server.forms.usecases import management
from server.instants import BEIJING

RATE_DAYS = 30
"""Over how many days the growth of the data is taken."""

ROWS_BYTES = 12_000
"""About what one submission adds to the database with its revisions and indexes (``docs/figures.md``)."""

FEW_DAYS = 90
"""A disk that will be full in fewer days is worth a warning: buying one takes a quarter."""

QUEUE_LONG = 50
"""So many writes that wait at once mean seconds for whoever comes last."""


class Mark(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    LOOK = "look"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about the server. what: its name. said: how it is. cure: what to do, empty where nothing is.

    command: what to type for it, empty for none; ``DIR`` stands for the data folder.
    """

    what: str
    mark: Mark
    said: str
    cure: str = ""
    command: str = ""


def require_ready(database: Database, disk_free_bytes_min: int) -> None:
    """Do nothing where the server can take work: a real write, and room on the disk. Raises Unavailable if not."""
    free = shutil.disk_usage(database.folder).free
    if free < disk_free_bytes_min:
        raise Unavailable("磁盘空间不足，请清理或扩容。", disk_free_bytes=free)
    database.write(lambda tx: tx.sql.run("UPDATE counter SET value = value WHERE name = 'seq'"))


def findings(database: Database, reading: Reading, disk_free_bytes_min: int) -> Iterator[Finding]:
    """Yield how the server is, from what matters most to what is only worth knowing."""
    yield _database(database, disk_free_bytes_min)
    yield _disk(database.folder, reading, disk_free_bytes_min)
    yield Finding(
        "备份",
        Mark.LOOK,
        "没有备份记录：本系统还不记录备份。",
        "请按部署手册每天复制一次数据，放到另一台机器上，并核对。",
        "sqlite3 DIR/firegrid.db \"VACUUM INTO 'COPY/firegrid.db'\" && cp -a DIR/blobs DIR/secret COPY/ && "
        "firegrid check --data COPY",
    )
    yield _phones(reading)
    yield _queue(database.queue_length())
    yield _audit(reading, database.folder)
    yield _forms(reading)


def _database(database: Database, disk_free_bytes_min: int) -> Finding:
    size = _mb((database.folder / FILE_NAME).stat().st_size)
    try:
        require_ready(database, disk_free_bytes_min)
    except Refusal as refusal:
        cure = "先腾出磁盘空间，再核对数据。"
        return Finding("数据库", Mark.BAD, f"现在写不进去：{refusal.message}", cure, "firegrid check --data DIR")
    return Finding("数据库", Mark.GOOD, f"能读能写，{size} MB。")


def _disk(folder: Path, reading: Reading, disk_free_bytes_min: int) -> Finding:
    free = shutil.disk_usage(folder).free
    since = instants.later(reading.now, -timedelta(days=RATE_DAYS))
    taken = usage.bytes_received(reading, since) + usage.submissions_received(reading, since) * ROWS_BYTES
    a_day = taken / RATE_DAYS
    left = f"按近{RATE_DAYS}天每天约 {max(a_day / 1e6, 0.1):.1f} MB 算，还够" if a_day else "近30天没有收到内容"
    days = int((free - disk_free_bytes_min) / a_day) if a_day else None
    how_long = "" if days is None else ("十年以上" if days > 3650 else f" {max(days, 0)} 天")
    said = f"空闲 {free / 1e9:.1f} GB；{left}{how_long}。"
    if free < disk_free_bytes_min or (days is not None and days < FEW_DAYS):
        mark = Mark.BAD if free < 2 * disk_free_bytes_min else Mark.LOOK
        return Finding("磁盘", mark, said, "请扩容，或清理这块磁盘上别的文件；数据目录里的不要删。", "df -h DIR")
    return Finding("磁盘", Mark.GOOD, said)


def _phones(reading: Reading) -> Finding:
    today = datetime.fromisoformat(instants.local_day(reading.now)).replace(tzinfo=BEIJING)
    seen = usage.phones_seen(reading, instants.text(today))
    said = f"{seen.known} 台中今天连过 {seen.since} 台；从未连接 {seen.never} 台。"
    cure = "请看“人员”里从未连接的，重发手机卡片。" if seen.never else ""
    return Finding(
        "手机", Mark.LOOK if seen.never else Mark.GOOD, said, cure, "firegrid user list" if seen.never else ""
    )


def _queue(waiting: int) -> Finding:
    if waiting >= QUEUE_LONG:
        return Finding(
            "排队",
            Mark.LOOK,
            f"{waiting} 项在等着写。",
            "稍候会自己消；一直这样请看日志。",
            "journalctl -u firegrid -n 100",
        )
    return Finding("排队", Mark.GOOD, f"{waiting} 项在等着写。" if waiting else "没有内容在等着写。")


def _audit(reading: Reading, folder: Path) -> Finding:
    broken = next(daily_heads.broken(reading, folder), None)
    if broken is not None:
        return Finding(
            "审计链", Mark.BAD, f"和每天记下的对不上：{broken}", "请保全现场，告诉审计员。", "firegrid check --data DIR"
        )
    return Finding("审计链", Mark.GOOD, "和每天记下的一致。")


def _forms(reading: Reading) -> Finding:
    found = next(management.unopenable(reading), None)
    if found is not None:
        form, fault = found
        return Finding(
            "表单", Mark.BAD, f"手机打不开 {form}：{fault.message}", fault.cure, f"firegrid form bring-back {form}"
        )
    return Finding("表单", Mark.GOOD, "在用的表单和名单手机都打得开。")


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"
