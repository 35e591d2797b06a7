"""The command that lists the record types with their fields and actions."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sync.cli.opening import Command, format_option, opened, store_option
from sync.client import replica
from sync.client.failures import Refused
from sync.client.record_types import RecordTypes


@click.command("fields", cls=Command)
@click.argument("type", required=False)
@format_option
@store_option
def fields(type: str | None, format: str, store: Path) -> None:
    """List the ledgers; of TYPE, its fields and what can be done with a record. 台账和字段的名称。"""
    with opened(store) as device, device.reading():
        types = replica.record_types(device)
    if not types.titles:
        raise Refused("本机还不知道有哪些台账；请先 fieldsync pull · no ledgers here yet: fieldsync pull first")
    wrong = None if type is None else types.wrong_type(type)
    if wrong:
        raise Refused(wrong)
    found = _titles(types) if type is None else _names_of(types, type)
    if format == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for heading, names in found.items():
        click.echo(heading)
        for name, label in names.items():
            click.echo(f"  {name}  {label}")


def _titles(types: RecordTypes) -> dict[str, dict[str, str]]:
    return {"台账 ledgers": dict(sorted(types.titles.items()))}


def _names_of(types: RecordTypes, type: str) -> dict[str, dict[str, str]]:
    found = {"字段 fields": {"label": "名称", **types.fields.get(type, {})}}
    for heading, creates in (("新建 create --action", True), ("办理 act", False)):
        actions = {name: types.actions[name] for name in types.actions_for(type, creates=creates)}
        found[heading] = {name: " ".join((action.label, *action.inputs)) for name, action in actions.items()}
    return {heading: names for heading, names in found.items() if names}
