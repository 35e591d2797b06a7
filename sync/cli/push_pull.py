"""The commands push, pull, sync and status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sync.cli import messages
from sync.cli.opening import Command, connected, format_option, opened, photo_progress, progress, store_option
from sync.client import synchronization
from sync.client.failures import Refused
from sync.client.status import status_report
from sync.client.synchronization import PullResult, PushResult


@click.command(cls=Command)
@store_option
def push(store: Path) -> None:
    """Send what is unsent, oldest first. 发送未发送的工作。"""
    with connected(store) as (device, connection):
        _show_push(synchronization.push(device, connection, progress, photo_progress))


@click.command(cls=Command)
@store_option
def pull(store: Path) -> None:
    """Fetch what has changed at the server. 接收服务器上的变化。"""
    with connected(store) as (device, connection):
        _show_pull(synchronization.pull(device, connection, progress))


@click.command("sync", cls=Command)
@store_option
def both(store: Path) -> None:
    """Push, then pull. 先发后收。"""
    with connected(store) as (device, connection):
        sent, pulled = synchronization.exchange(device, connection, progress, photo_progress)
    _show_pull(pulled)
    _show_push(sent)


@click.command(cls=Command)
@format_option
@store_option
def status(format: str, store: Path) -> None:
    """Tell what is unsent, what became of the rest, what needs a look. 查看本机情况。"""
    with opened(store) as device:
        found = status_report(device)
    click.echo(json.dumps(found, ensure_ascii=False, indent=2) if format == "json" else _status(found))


def _show_push(sent: PushResult) -> None:
    if sent.is_restored:
        click.echo("服务器恢复过备份，本机保留的工作已重新送上 · the server was restored: kept work was offered again")
    total = sum(sent.verdicts.values())
    if total:
        click.echo(f"已送达 {total} 条：{messages.verdicts(sent.verdicts)} · {total} answered")
    elif not (sent.too_large or sent.photos.sent or sent.photos.troubles):
        click.echo("没有要发送的工作 · nothing to send")
    if sent.photos.sent:
        click.echo(f"已传到 {sent.photos.sent} 张照片 · {sent.photos.sent} photos uploaded")
    if sent.photos.troubles:
        told = "；".join(f"{name}：{why}" for name, why in sent.photos.troubles.items())
        raise Refused(f"有照片没有传到，仍在本机：{told} · photos not uploaded, still here")
    if sent.too_large:
        raise Refused(
            f"{len(sent.too_large)} 条太大，服务器不收，仍在本机：{'、'.join(sent.too_large)}"
            f" · too large for the server, still here: {len(sent.too_large)}"
        )


def _show_pull(pulled: PullResult) -> None:
    if pulled.is_restored:
        click.echo("服务器恢复过备份，请再发送一次 · the server was restored: push, and kept work is offered again")
    click.echo(f"已更新 {pulled.rows} 条，移出 {pulled.removed} 项 · {pulled.rows} updated, {pulled.removed} gone")
    if pulled.reread:
        click.echo(f"核对不符、已重新读取：{'、'.join(sorted({*pulled.reread}))} · read again after a check failed")


def _status(found: dict[str, Any]) -> str:
    waiting = found["unsent_records"]
    marks = f"，其中 {waiting} 条有未发送的内容 unsent in {waiting}" if waiting else ""
    lines = [
        f"未发送 unsent: {found['unsent']}",
        f"未上传的照片 photos to upload: {found['unsent_photos']}",
        f"已送达、待备份 sent, not yet durable: {found['sent_not_durable']}",
        f"结果 verdicts: {messages.verdicts(found['verdicts'])}",
        f"记录 records: {found['records']}" + marks,
        f"有冲突 conflicts: {len(found['conflicts'])}",
        f"移交中 being handed over: {len(found['handed_over'])}",
        f"上次联系 last contact: {found['last_contact_at'] or '从未 never'}",
        f"服务器 server: {found['server'] or '未登录 not signed in'}",
    ]
    lines += [f"替 {user} 留存 kept for {user}: {kept}" for user, kept in found["kept_for"].items()]
    lines += [f"! {messages.to_offer_again(user, number)}" for user, number in found["to_offer_again"].items()]
    lines += [f"! {each['id']} {each['trouble']}" for each in found["troubles"]]
    lines += [f"! {each['record']} {each['action']}：{each['problem']}" for each in found["problems"]]
    lines += [f"! {each['id']} {each['label']}：{'、'.join(each['fields'])}" for each in found["conflicts"]]
    return "\n".join(lines)
