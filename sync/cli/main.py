"""The command ``fieldsync``; each subcommand is imported when it is called, so that a short one starts fast."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from sync import build

COMMANDS = {
    "login": "sync.cli.sign_in:login",
    "logout": "sync.cli.sign_in:logout",
    "pull": "sync.cli.push_pull:pull",
    "push": "sync.cli.push_pull:push",
    "sync": "sync.cli.push_pull:both",
    "status": "sync.cli.push_pull:status",
    "list": "sync.cli.records:list_",
    "show": "sync.cli.records:show",
    "fields": "sync.cli.record_types:fields",
    "create": "sync.cli.records:create",
    "edit": "sync.cli.records:edit",
    "act": "sync.cli.records:act",
    "attach": "sync.cli.files:attach",
    "answers": "sync.cli.files:answers_",
    "export-unsent": "sync.cli.files:export_unsent",
    "import-unsent": "sync.cli.files:import_unsent",
}


class LazyGroup(click.Group):
    """A group that imports a command when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=LazyGroup)
@click.version_option(package_name="firegrid", prog_name="fieldsync", message=build.version_message())
@click.option(
    "--store",
    type=click.Path(file_okay=False, path_type=Path),
    help="folder of this device's data; may stand after the command as well 本机数据目录，写在命令前后都可以",
)
def main(store: Path | None) -> None:
    """Firegrid 消防网格 离线采集：先存本机，有网再收发。

    Exit status 退出码: 0 done 完成; 1 refused 不能照办; 2 misuse 用法不对; 3 no connection 没连上（工作都在本机）;
    4 not signed in 没有登录.
    """
