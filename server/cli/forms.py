"""The ``form`` commands: publish a form with its files, list forms, close and reopen them, export them and answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from kobo_forms.export import to_xlsx
from server.cli.answers import answers
from server.cli.folder import Group, data_option, opened, opened_to_write, with_data
from server.db.transactions import Reading
from server.errors import FormRefused
from server.forms.domain.definitions import ON_TRIAL, Allowance
from server.forms.store import forms
from server.forms.store.forms import Form
from server.forms.usecases import publications
from server.forms.usecases import publish as publishing
from server.forms.usecases.publications import Upload
from server.forms.usecases.publish import Published
from server.instants import local_day

BY = "command"
STATES = {"open": "启用", "closing": "停发（仍接收）", "closed": "停用"}


@click.group(cls=Group, name="form")
def form() -> None:
    """Publish, list, close and export forms 表单."""


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_ALLOW = click.option(
    "--allow",
    "allowed",
    type=click.Choice([each.value for each in Allowance]),
    multiple=True,
    help="what is refused otherwise: several-entities (KoboCollect cannot open the form), encryption (answers unread)",
)


@form.command()
@click.argument("file", type=_FILE)
@click.argument("media", type=_FILE, nargs=-1)
@click.option("--draft", is_flag=True, help="for the phones of the testers alone, marked and never counted 试用")
@click.option("--tester", "testers", metavar="NAME", multiple=True, help="whose phone gets the draft; may be repeated")
@_ALLOW
@data_option
def publish(
    file: Path, media: tuple[Path, ...], draft: bool, testers: tuple[str, ...], allowed: tuple[str, ...], data: Path
) -> None:
    """Publish FILE (.xlsx, .xls, .md, .csv or XForm .xml) with the MEDIA files that it needs."""
    attachments = {path.name: path.read_bytes() for path in media}
    insisted = tuple(map(Allowance, allowed))
    if testers and not draft:
        raise click.UsageError("--tester 只用于试用版；请加上 --draft。")
    upload = Upload(file.read_bytes(), file.name, attachments, insisted)
    with _faults_told(), opened_to_write(data) as database:
        if draft:
            done = publications.publish_draft(database, upload, testers, BY)
        else:
            done = publications.publish(database, upload, BY)
    _warn(done)
    what = "已发布" if done.added else "早已发布，内容没有变化"
    files = f"；已放入 {'、'.join(sorted(attachments))}" if attachments else ""
    click.echo(f"{done.form_id} 版本 {done.version}（{done.title}）{what}{files}。")
    if draft:
        live = done.form_id.removesuffix(ON_TRIAL)
        click.echo(f"只在 {'、'.join(sorted(set(testers)))} 的手机上；试好后正式发布：")
        again = "".join(f" --allow {each}" for each in insisted)
        click.echo(f"  {with_data(f'form release {live}{again}', data)}")


@form.command()
@click.argument("form_id", metavar="ID")
@_ALLOW
@data_option
def release(form_id: str, allowed: tuple[str, ...], data: Path) -> None:
    """Publish the draft of the form ID for everyone, and take it off the testers' lists."""
    with _faults_told(), opened_to_write(data) as database:
        done = publications.release(database, form_id, BY, tuple(map(Allowance, allowed)))
    _warn(done)
    click.echo(f"{done.form_id} 版本 {done.version}（{done.title}）已正式发布；试用版不再下发。")


@form.command("bring-back")
@click.argument("form_id", metavar="ID")
@data_option
def bring_back(form_id: str, data: Path) -> None:
    """Bring back what the last publication of the form ID replaced: its version, under a new number, or its lists."""
    with _faults_told(), opened_to_write(data) as database:
        replaced, done = publications.bring_back(database, form_id, BY)
    _warn(done)
    if replaced.version is not None:
        click.echo(f"{form_id} 的版本 {replaced.version} 已作为版本 {done.version} 恢复；手机会更新到它。")
    if replaced.media:
        click.echo(f"{form_id} 的 {'、'.join(sorted(replaced.media))} 已恢复为替换前的内容。")


@form.command(name="list")
@data_option
def list_(data: Path) -> None:
    """List every form with its state, version, day of publication and ledger."""
    with opened(data) as database, database.reading() as reading:
        for line in _table(forms.catalogue(reading).forms.values()):
            click.echo(line)


@form.command()
@click.argument("form_id", metavar="ID")
@data_option
def close(form_id: str, data: Path) -> None:
    """Take the form ID off the phones' lists; what is still sent is kept as a problem for the office."""
    with opened_to_write(data) as database:
        database.write(lambda tx: publishing.close(tx, form_id, BY))
    click.echo(f"{form_id} 已停用；手机不再列出它。")


@form.command("wind-down")
@click.argument("form_id", metavar="ID")
@data_option
def wind_down(form_id: str, data: Path) -> None:
    """Take the form ID off the phones' lists, but take what phones still hold of it."""
    with opened_to_write(data) as database:
        database.write(lambda tx: publishing.wind_down(tx, form_id, BY))
    click.echo(f"{form_id} 不再下发；手机上已填的仍可发送。")


@form.command()
@click.argument("form_id", metavar="ID")
@data_option
def reopen(form_id: str, data: Path) -> None:
    """List the form ID on the phones again."""
    with opened_to_write(data) as database:
        database.write(lambda tx: publishing.reopen(tx, form_id, BY))
    click.echo(f"{form_id} 重新启用；手机会再次列出它。")


@form.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@data_option
def export(folder: Path, data: Path) -> None:
    """Write every form into DIR as it was published: its spreadsheet, its XForm, and its files in ID-media."""
    with opened(data) as database, database.reading() as reading:
        published = (each for each in forms.catalogue(reading).forms.values() if not each.id.endswith(ON_TRIAL))
        for known in published:
            for path, content in _files(reading, known):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
                click.echo(str(folder / path))


form.add_command(answers)


@contextmanager
def _faults_told() -> Iterator[None]:
    """Answer a refused form line by line, with exit status 1."""
    try:
        yield
    except FormRefused as refused:
        for line in faults(refused):
            click.echo(line, err=True)
        raise click.exceptions.Exit(1) from None


def _warn(done: Published) -> None:
    for warning in done.warnings:
        click.echo(f"注意：{warning}", err=True)


def faults(refused: FormRefused) -> Iterator[str]:
    """Yield the refusal as lines for a terminal: one of summary, then two for each fault, with place and cure."""
    errors: Any = refused.data["errors"]
    yield f"firegrid: 表单不能发布，共 {len(errors)} 处问题："
    for error in errors:
        row = f"第 {error['row']} 行" if error["row"] else ""
        place = " ".join(str(part) for part in (error["file"] or error["sheet"], row, error["column"]) if part)
        yield f"  {place or '表单'}：{error['message']}"
        yield f"    → {error['cure']}"


def _table(known: Iterable[Form]) -> Iterator[str]:
    for each in known:
        ledger = " ".join(each.current.definition.datasets) or "-"
        day = local_day(each.current.published_at)
        yield f"{each.id}\t{each.version}\t{STATES[each.state]}\t{day}\t{ledger}\t{each.title}"


def _files(reading: Reading, known: Form) -> Iterator[tuple[Path, bytes]]:
    source, kind = forms.source(reading, known.id, known.version)
    name = known.id  # what a form is published under that states no id is the name of its file
    if kind != ".xml":
        identity = {"form_id": known.id, "version": known.version}
        yield (Path(f"{name}.xlsx"), to_xlsx(source, identity)) if kind == ".md" else (Path(f"{name}{kind}"), source)
    yield Path(f"{name}.xml"), forms.xml(reading, known.id, known.version)
    for media, content in forms.stored_media(reading, known.id).items():
        yield Path(f"{name}-media") / media, content
