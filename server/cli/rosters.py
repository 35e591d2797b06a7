"""The ``user`` commands for many people at once: template, import of a roster, phone cards of an area."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from server.cli.folder import Command, data_option, opened, opened_to_write, with_data
from server.db.transactions import Reading
from server.errors import Conflict, Invalid, NotFound
from server.grid.domain.areas import Level
from server.grid.store import areas
from server.people.domain.actors import Actor, Duty, Role
from server.staffing.domain.roster_plan import Kind
from server.staffing.domain.roster_rows import TITLES
from server.staffing.usecases import card_printing, roster_files, roster_import
from server.staffing.usecases.roster_import import DryRun

BY = "command"
_COUNTS = {Kind.NEW: "新增", Kind.MOVED: "换岗", Kind.SAME: "没变"}


def administrator(reading: Reading) -> Actor:
    """Return whoever has the data folder as the county's administrator. Raises NotFound before there is a grid."""
    county = next((area for area in areas.whole_grid(reading).values() if area.level is Level.COUNTY), None)
    if county is None:
        raise NotFound("数据目录里还没有网格；请先用 firegrid grid load 读入网格文件。")
    return Actor(BY, BY, reading.now, (Duty(Role.COUNTY_ADMIN, county.code),))


@click.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
def template(file: Path, data: Path) -> None:
    """Write an empty roster to FILE (.xlsx), with the roles and towns to choose from."""
    with opened(data) as database, database.reading() as reading:
        content = roster_import.template(reading, administrator(reading))
    file.write_bytes(content)
    click.echo(f"模板已写到 {file}；填好后：{with_data(f'user import {file} --dry-run', data)}")


@click.command(name="import", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="only look: nobody is added 只核对")
@data_option
def import_(file: Path, dry_run: bool, data: Path) -> None:
    """Import the good rows of the roster FILE (.xlsx or CSV); each bad one is told with its cure.

    The same roster again adds nobody.
    """
    if file.stat().st_size > roster_files.FILE_BYTES_MAX:
        raise Invalid(f"{file.name} 太大，不像是花名册；请核对文件。", field="file")
    roster = roster_files.read(file.read_bytes())
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = administrator(reading)
        token = database.write(lambda tx: roster_import.keep(tx, roster, file.name, by=by))
        if not dry_run:
            database.write(lambda tx: roster_import.carry_out(tx, token, by=by))
        with database.reading() as reading:
            found = roster_import.get(reading, token, by=by)
    _tell(found)
    if roster_import.shown_faults(found):
        raise click.exceptions.Exit(1)


@click.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--area", metavar="CODE", help="code of the grid area 网格代码")
@click.option("--not-moved", "unmoved", is_flag=True, help="whose phone still uses the old address 还没搬到新地址的")
@click.option("--replace", "lost", is_flag=True, help="refuse every earlier key of theirs at once 旧卡立即失效")
@data_option
def cards(file: Path, area: str | None, unmoved: bool, lost: bool, data: Path) -> None:
    """Write phone cards with new keys to FILE (.pdf, A4, eight on a page): for everyone in the area CODE, or not moved.

    Earlier cards stay good, unless --replace says otherwise. The file holds keys: print it, then delete it.
    """
    from server.cli import phone_card
    from server.staffing.usecases import card_pdf

    if area is None and not unmoved:
        raise click.UsageError("请用 --area 写网格代码，或加 --not-moved · needs --area or --not-moved")

    url = phone_card.public_url(data)
    refused = list(phone_card.warnings(url, data))
    if refused:
        for line in refused:
            click.echo(line, err=True)
        raise click.exceptions.Exit(1)
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = administrator(reading)
            names = _cardholders(reading, area, by, unmoved=unmoved)
        # Opened before the keys are made: where it cannot be written, everybody keeps the card they have.
        file.touch(mode=0o600)
        with file.open("r+b") as written:
            made = database.write(_maker(names, url, lost, by))
            written.write(card_pdf.of(made))
            written.truncate()
    click.echo(f"{len(made)} 张卡片写到 {file}。里面有每个人的钥匙：打印后请删除。")


def _batched(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield names as many at a time as one sheet may have."""
    for start in range(0, len(names), card_printing.CARDS_MAX):
        yield names[start : start + card_printing.CARDS_MAX]


def _cardholders(reading: Reading, area: str | None, by: Actor, *, unmoved: bool) -> list[str]:
    """Return who is given a card: everyone in an area, those alone whose phone has not moved, or those of the county.

    Raises NotFound where there is nobody, and Conflict where all have their new card already.
    """
    place = None if area is None else areas.get(reading, area).place
    inside = None if place is None else [each.name for each in card_printing.cardholders(reading, place, (), by=by)]
    if not unmoved:
        if not inside:
            raise NotFound(f"{area} 里没有可以发卡的人；请先加人或导入。", area=area)
        return inside
    left = {
        name: card_at
        for name, card_at in card_printing.unmoved_cardholders(reading, by=by).items()
        if inside is None or name in inside
    }
    names = [name for name, card_at in left.items() if card_at is None]
    if not left:
        raise NotFound("没有要补发的：手机都已用新地址来过，或没有在搬的公开地址。")
    if not names:
        raise Conflict(f"剩下的 {len(left)} 人都已有新卡，只是还没扫；要补印，请不加 --not-moved，按 --area 做。")
    return [each.name for each in card_printing.cardholders(reading, None, names, by=by)]


def _maker(names: Sequence[str], url: str, lost: bool, by: Actor) -> Callable[[Any], Any]:
    """Return what makes all cards at once: where one cannot be made, nobody's earlier card is refused."""
    return lambda tx: [
        card for some in _batched(names) for card in card_printing.make(tx, some, url, batch="", replace=lost, by=by)
    ]


def _tell(found: DryRun) -> None:
    for note in found.notes:
        click.echo(f"注意：{note}", err=True)
    for each in roster_import.shown_faults(found):
        place = " ".join(filter(None, (f"第{each.line}行", TITLES[each.column], " ".join(each.value.split()))))
        click.echo(f"{place}：{each.reason}；{each.cure}", err=True)
    done = found.done
    counts = {kind: len(found.plan.of(kind) if done is None else done[kind.value]) for kind in Kind}
    bad = len({each.line for each in found.plan.faults}) if done is None else roster_import.not_imported(done)
    told = "，".join(f"{_COUNTS[kind]} {count}" for kind, count in counts.items())
    click.echo(f"{'只核对，没有导入：' if done is None else ''}{told}，要改 {bad} 行。")
