"""Tells which ledgers there are and what may be written in them, so that nobody must guess the names."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sync.cli.opening import Command, format_option, opened, store_option
from sync.client import replica
from sync.client.failures import Refused
from sync.client.record_types import Ledgers


@click.command("fields", cls=Command)
@click.argument("type", required=False)
@format_option
@store_option
def fields(type: str | None, format: str, store: Path) -> None:
    """List the ledgers; of TYPE, its fields and what can be done with a record. 台账和字段的名称。"""
    with opened(store) as device, device.reading():
        known = replica.ledgers(device)
    if not known.titles:
        raise Refused("本机还不知道有哪些台账；请先 fieldsync pull · no ledgers here yet: fieldsync pull first")
    wrong = None if type is None else known.wrong_type(type)
    if wrong:
        raise Refused(wrong)
    found = _ledgers(known) if type is None else _of(known, type)
    if format == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for part, names in found.items():
        click.echo(part)
        for name, said in names.items():
            click.echo(f"  {name}  {said}")


def _ledgers(known: Ledgers) -> dict[str, dict[str, str]]:
    return {"台账 ledgers": dict(sorted(known.titles.items()))}


def _of(known: Ledgers, type: str) -> dict[str, dict[str, str]]:
    parts = {"字段 fields": {"label": "名称", **known.fields.get(type, {})}}
    for part, begins in (("新建 create --action", True), ("办理 act", False)):
        acts = {name: known.acts[name] for name in known.fitting(type, begins=begins)}
        parts[part] = {name: " ".join((act.label, *act.inputs)) for name, act in acts.items()}
    return {part: names for part, names in parts.items() if names}
