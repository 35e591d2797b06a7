"""The commands; each is imported when it is called, so that a short command starts fast."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import click

from server.cli.folder import Group
from sync import build

COMMANDS = {
    "init": "server.cli.init:init",
    "serve": "server.cli.serve:serve",
    "demo": "server.cli.demo:demo",
    "check": "server.cli.check:check",
    "backup": "server.cli.backup:backup",
    "restore": "server.cli.backup:restore",
    "copy": "server.cli.databases.copying:copy",
    "grid": "server.cli.grid:grid",
    "calendar": "server.cli.calendars:calendar",
    "recheck": "server.cli.cases.rechecks:recheck",
    "user": "server.cli.users:user",
    "body": "server.cli.users:body",
    "form": "server.cli.forms:form",
    "inbox": "server.cli.notices.inbox:inbox",
    "webhook": "server.cli.notices.webhooks:webhook",
    "carried": "server.cli.cases.list_imports:carried",
    "premises": "server.cli.cases.list_imports:premises",
    "ledger": "server.cli.ledgers:ledger",
    "move-address": "server.cli.move_address:move_address",
    "summary": "server.cli.summary_parts:summary",
    "figures": "server.cli.figures.monthly_reports:figures",
    "audit": "server.cli.audit:audit",
    "forget": "server.cli.forget:forget",
    "retention": "server.cli.forget:retention",
    "simulate": "server.cli.simulate:simulate",
}


class LazyGroup(Group):
    """A group that imports a command when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: Any = getattr(import_module(module), name)
        command: click.Command = found
        return command


@click.group(cls=LazyGroup)
@click.version_option(package_name="firegrid", prog_name="firegrid", message=build.version_message())
def main() -> None:
    """Firegrid 消防网格：离线优先的采集、派遣、处置、反馈、办结。"""
    os.umask(0o077)  # whatever a command makes, copies of the database too, is for its owner's eyes only
