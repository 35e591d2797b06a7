"""The commands that list, show and change records without a connection."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import click

from sync.cli import messages
from sync.cli.opening import Command, format_option, opened, opened_or_new, store_option
from sync.client import records, replica
from sync.client.device import Device
from sync.client.failures import Refused
from sync.client.record_types import RecordTypes

_DECIDED_MAX = 20

_SAVED = "已存本机，等待发送 · kept here, to be sent"


@click.command("list", cls=Command)
@click.argument("type", required=False)
@click.option("--area", help="code of an area and all below it 网格代码")
@click.option("--q", help="part of the label 名称里的字")
@click.option("--todo", is_flag=True, help="only cases in which something is yours to do 只看待我办理的")
@format_option
@store_option
def list_(type: str | None, area: str | None, q: str | None, todo: bool, format: str, store: Path) -> None:
    """List records as they look here: the server's, with your own pending edits. 列出记录。"""
    with opened(store) as device:
        found = records.list_views(device, type)
    wanted = [
        each
        for each in found
        if (not area or _inside(each.area, area))
        and (not q or q.lower() in each.label.lower())
        and (not todo or (each.base or {}).get("todo"))
    ]
    if format == "json":
        click.echo(json.dumps([messages.record_json(each) for each in wanted], ensure_ascii=False, indent=2))
        return
    for each in wanted:
        click.echo(messages.record_line(each))
    if not wanted:
        click.echo("没有记录 · no records", err=True)


@click.command(cls=Command)
@click.argument("record")
@format_option
@store_option
def show(record: str, format: str, store: Path) -> None:
    """Show a record, and what became of what was done to it here; RECORD is its id, or how it begins. 查看一条记录。"""
    with opened(store) as device, device.reading():
        found = records.get(device, record)
        decided = records.decided_changes(device, found, _DECIDED_MAX)
        labels = replica.record_types(device).fields.get(found.type, {})
    if format == "json":
        shown = {**messages.record_json(found), "answered": [messages.change_json(each) for each in decided]}
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join([messages.record_page(found, labels), *(messages.change_line(each) for each in decided)]))


@click.command(cls=Command)
@click.argument("type")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--area", help="code of the grid area 网格代码")
@click.option("--action", default="create", show_default=True, help="cases begin by report or spot_close 案件用 report")
@click.option("--id", "record", type=click.UUID, help="UUID of the record, made when left out 记录编号")
@store_option
def create(type: str, values: Sequence[str], area: str | None, action: str, record: object | None, store: Path) -> None:
    """Begin a record of TYPE. 新建记录。"""
    given = pairs(values)
    with opened_or_new(store) as device, device.writing():
        _require_area(device, area)
        _require_known(replica.record_types(device), type, action, given, creates=True)
        id = records.create(
            device, type, given, action=action, area=area, record=None if record is None else str(record)
        )
    click.echo(id)
    click.echo(_SAVED, err=True)


@click.command(cls=Command)
@click.argument("record")
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...")
@store_option
def edit(record: str, values: Sequence[str], store: Path) -> None:
    """Change fields of a record; NAME= empties one. 修改记录。"""
    given = pairs(values)
    with opened(store) as device, device.writing():
        seen = records.get(device, record)
        is_new = records.edit(device, seen, given)
        unchanged = {name for name, value in given.items() if value == (seen.shown(name) or "")}
        _require_known(replica.record_types(device), seen.type, "edit", given, unchanged=unchanged)
    click.echo(_SAVED if is_new else "内容没有变化 · nothing to change", err=True)


@click.command(cls=Command)
@click.argument("record")
@click.argument("action")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@store_option
def act(record: str, action: str, values: Sequence[str], store: Path) -> None:
    """Take a step of the workflow, such as accept or feedback; the server judges it. 办理：受理、反馈等。"""
    given = pairs(values)
    with opened(store) as device, device.writing():
        seen = records.get(device, record)
        records.act(device, seen, action, given)
        _require_known(replica.record_types(device), seen.type, action, given)
    click.echo(_SAVED, err=True)


def _require_known(
    types: RecordTypes,
    type: str,
    action: str,
    given: Mapping[str, str],
    *,
    creates: bool = False,
    unchanged: Collection[str] = (),
) -> None:
    """Raise Refused that names all that the server is known not to take: record type, action, fields, their values.

    unchanged: fields that show their value already, so that it is not sent.
    """
    wrong = [types.wrong_type(type), None if action == "edit" else types.wrong_action(type, action, creates=creates)]
    if not any(wrong):
        for name, value in given.items():
            why = None if name in unchanged else types.wrong_value(type, name, value, action)
            wrong.append(types.wrong_field(type, name, action) or (why and f"{name}：{why}"))
    faults = [each for each in wrong if each]
    if faults:
        raise Refused("\n".join([*faults, "什么也没有保存 · nothing was kept"]))


def _require_area(device: Device, code: str | None) -> None:
    """Raise Refused unless the area is in force, or no area is known yet."""
    known = replica.areas(device)
    if code is None or not known or code in known:
        return
    alike = "、".join(get_close_matches(code, sorted(known)))
    near = f"（相近的有：{alike}）" if alike else ""
    raise Refused(
        f"本机没有网格 {code}，什么也没有保存；请核对代码{near}，或先 fieldsync pull"
        f" · no area {code} here; nothing was kept"
    )


def pairs(values: Sequence[str]) -> dict[str, str]:
    """Read ``NAME=VALUE`` words. Raises UsageError (misuse) when one is not, Refused when a name stands twice."""
    given: dict[str, str] = {}
    for each in values:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise click.UsageError(f"“{each}”应写成 字段=内容 · {each!r} is not NAME=VALUE")
        if name in given:
            raise Refused(f"字段 {name} 写了两次 · {name} stands twice")
        given[name] = value
    return given


def _inside(area: str | None, outer: str) -> bool:
    """Return whether one code is at or below another. Counties end in six zeros, towns in three."""
    if len(outer) == 12:
        outer = outer[:6] if outer.endswith("000000") else outer[:9] if outer.endswith("000") else outer
    return area is not None and area.startswith(outer)
