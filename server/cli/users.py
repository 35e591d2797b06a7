"""The ``user`` and ``body`` commands: people with their duties, passwords and phone keys, and who can be given work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from server import instants
from server.cli import rosters, sign_ins
from server.cli.folder import Group, data_option, opened, opened_to_write, with_data
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import BEGINNING, FOREVER, Instant
from server.people.domain import roles
from server.people.domain.actors import Actor, Duty, Role
from server.people.domain.people import Body, Person, Phone
from server.people.store import bodies, people
from server.people.usecases import password_rules, phone_keys
from server.staffing.usecases import enrolment

FORMATS = ("url", "qr", "png", "svg", "json")
PAGE = 500


class InstantType(click.ParamType[Instant]):
    """An instant in ISO 8601; without an offset it is Beijing time, a bare date the beginning of that day."""

    name = "instant"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Instant:
        try:
            return instants.text(instants.parse(value))
        except (ValueError, OverflowError):
            self.fail(f"“{value}”不是时间；请写成 2026-05-15 或 2026-05-15T08:00。", param, ctx)


class RoleType(click.ParamType[str]):
    """A role by its code or its name; its parameter is the code."""

    name = "role"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        found = roles.find(value, instants.text(datetime.now(UTC)))
        if found is None:
            self.fail(f"没有“{value}”这个角色；可选：{'、'.join(role.value for role in Role)}，或中文名。", param, ctx)
        return found.role.value


_FROM = click.option("--from", "starts_at", type=InstantType(), metavar="INSTANT", help="Beijing time 起始时间")


@click.group(cls=Group)
def user() -> None:
    """Add people, give them phones and duties, move and revoke them 人员."""


@user.command()
@click.argument("name")
@click.option("--role", required=True, type=RoleType(), metavar="ROLE", help="code or Chinese name 角色代码或中文名")
@click.option("--area", required=True, metavar="CODE", help="code of the grid area 网格代码")
@click.option("--body", metavar="CODE", help="organisation they act for 责任主体代码")
@click.option("--display", metavar="NAME", help="shown name 显示名")
@_FROM
@sign_ins.PASSWORD
@data_option
def add(
    name: str,
    role: str,
    area: str,
    body: str | None,
    display: str | None,
    starts_at: Instant | None,
    password: str | None,
    data: Path,
) -> None:
    """Add the person NAME with a first duty. Without --from the duty is open at its start."""
    from server.cli import phone_card

    card = phone_card.stated_before(with_data(f"user key {name} --format qr", data), data)
    with opened_to_write(data) as database:
        with database.reading() as reading:
            described = roles.get(role, reading.now)
            rules = password_rules.of(reading, name, display or name)
        hashed = None if password is None else rules.hashed(password)
        added = database.write(
            lambda tx: enrolment.add_user(
                tx,
                name,
                role=described.role,
                area=area,
                body=body,
                display=display,
                starts_at=starts_at or BEGINNING,
                password_hash=hashed,
                by=sign_ins.BY,
            )
        )
        with database.reading() as reading:
            for duty in added.duties:
                click.echo(f"已添加 {added.name}（{added.display}）：{_duty_text(reading, duty)}")
    if described.acts_for_body and body is None:
        click.echo(f"注意：{described.label}没有指明责任主体（--body），只能看到直接派给本人的案件。", err=True)
    if hashed is None:
        click.echo(f"发手机二维码：{card}", err=True)
        click.echo(f"设登录密码：{with_data(f'user password {name} --phone-keys keep', data)}", err=True)


@user.command(name="list")
@data_option
def list_(data: Path) -> None:
    """List everyone with role, area, dates of duty, and each phone's last contact and app version."""
    with opened(data) as database, database.reading() as reading:
        for person in _everyone(reading):
            for line in _shown(reading, person):
                click.echo(line)


user.add_command(sign_ins.password)
user.add_command(rosters.template)
user.add_command(rosters.import_)
user.add_command(rosters.cards)
user.add_command(sign_ins.unlock)
user.add_command(sign_ins.sign_out)
user.add_command(sign_ins.list_sessions)


@user.command()
@click.argument("name")
@click.option("--format", "form", type=click.Choice(FORMATS), default="url", show_default=True, help="输出格式")
@click.option("--replace", "lost", is_flag=True, help="refuse every earlier key at once: phone lost 手机丢失")
@data_option
def key(name: str, form: str, lost: bool, data: Path) -> None:
    """Print a new phone key for NAME: URL, QR code for Collect, or Collect's settings as JSON. Shown this once.

    Earlier keys stay good, unless --replace says that the phone was lost.
    """
    from server.cli import phone_card
    from server.people.usecases.setup_card import setup_card as card_of

    give = enrolment.replace_phone_key if lost else phone_keys.issue
    public_url = phone_card.public_url(data)
    with opened_to_write(data) as database:
        token = database.write(lambda tx: give(tx, name, by=sign_ins.BY))
        with database.reading() as reading:
            card = card_of(reading, people.actor(reading, name), f"{public_url}/key/{token}")
    phone_card.write(card, form)
    for line in phone_card.warnings(public_url, data):
        click.echo(line, err=True)


@user.command()
@click.argument("name")
@click.option("--area", required=True, metavar="CODE", help="code of the new grid area 新网格代码")
@_FROM
@data_option
def move(name: str, area: str, starts_at: Instant | None, data: Path) -> None:
    """Move NAME to another area: the present duty ends, the same role begins there, now or at --from."""
    with opened_to_write(data) as database:
        duty = database.write(lambda tx: enrolment.move_user(tx, name, area=area, at=starts_at, by=sign_ins.BY))
        with database.reading() as reading:
            click.echo(f"已调动 {name}：{_duty_text(reading, duty)}")


@user.command()
@click.argument("name")
@data_option
def revoke(name: str, data: Path) -> None:
    """Close the account NAME at once: duties end, phone keys and sign-ins are refused from now on."""
    with opened_to_write(data) as database:
        database.write(lambda tx: enrolment.revoke_user(tx, name, by=sign_ins.BY))
    click.echo(f"{name} 已停用：岗位结束，手机密钥和登录立即失效。")


@click.group(cls=Group)
def body() -> None:
    """Register organisations that can be given work 责任主体."""


@body.command(name="add")
@click.argument("code")
@click.option("--name", required=True, metavar="N", help="名称")
@click.option("--kind", required=True, metavar="K", help="code of data/body_kinds.csv, such as department 类别")
@click.option("--area", required=True, metavar="CODE", help="code of the grid area 网格代码")
@click.option("--contact", default="", help="whom to ask there 联系人")
@data_option
def add_body(code: str, name: str, kind: str, area: str, contact: str, data: Path) -> None:
    """Register the organisation CODE."""
    with opened_to_write(data) as database:
        added = database.write(
            lambda tx: enrolment.add_body(tx, code, name=name, kind=kind, area=area, contact=contact, by=sign_ins.BY)
        )
    click.echo(f"已登记责任主体 {added.code} {added.name}")


@body.command()
@click.argument("code")
@click.option("--name", required=True, metavar="N", help="新名称")
@_FROM
@data_option
def rename(code: str, name: str, starts_at: Instant | None, data: Path) -> None:
    """Give the organisation CODE another name, now or from --from; the old name stays on record."""
    with opened_to_write(data) as database:
        renamed = database.write(lambda tx: enrolment.rename_body(tx, code, name=name, at=starts_at, by=sign_ins.BY))
    click.echo(f"责任主体 {renamed.code} 现名 {renamed.name}")


@body.command(name="list")
@data_option
def list_bodies(data: Path) -> None:
    """List the organisations as they stand now."""
    with opened(data) as database, database.reading() as reading:
        for each in _every_body(reading):
            click.echo("  ".join((each.code, each.name, each.kind, each.area)))


def _whole_county(reading: Reading) -> Scope:
    """Return the scope of whoever has the data folder: everything in it."""
    return Scope(places=tuple(area.place for area in areas.whole_grid(reading).values() if area.parent is None))


def _everyone(reading: Reading) -> Iterator[Person]:
    scope, after = _whole_county(reading), ""
    while page := list(people.list_people(reading, scope, after, PAGE)):
        yield from page
        after = page[-1].name


def _every_body(reading: Reading) -> Iterator[Body]:
    scope, after = _whole_county(reading), ""
    while page := list(bodies.list_bodies(reading, scope, after, PAGE)):
        yield from page
        after = page[-1].code


def _shown(reading: Reading, person: Person) -> Iterator[str]:
    states = [_state(person, reading.now)]
    if person.locked_until is not None and person.locked_until > reading.now:
        states.append(f"登录锁定到 {_minute(person.locked_until)}")
    yield "  ".join((person.name, person.display, *states))
    for duty in person.duties:
        yield f"    {_duty_text(reading, duty)}"
    for phone in person.phones:
        yield f"    {_phone(phone)}"


def _state(person: Person, now: Instant) -> str:
    if person.revoked_at is not None:
        return f"已停用（{_minute(person.revoked_at)}）"
    return "在岗" if Actor(person.name, person.display, now, person.duties).current else "不在岗"


def _duty_text(reading: Reading, duty: Duty) -> str:
    label = roles.label(duty.role, reading.now)
    since = "起始不限" if duty.starts_at == BEGINNING else f"自 {_minute(duty.starts_at)}"
    until = "" if duty.ends_at == FOREVER else f"到 {_minute(duty.ends_at)}"
    place = f"{duty.area} {areas.full_name(reading, duty.area)}"
    return "  ".join(filter(None, ("岗位", f"{duty.role.value} {label}", place, duty.body, since, until)))


def _phone(phone: Phone) -> str:
    contact = f"最近联系 {_minute(phone.last_seen_at)}" if phone.last_seen_at else "尚未联系"
    ended = f"密钥已停用（{_minute(phone.revoked_at)}）" if phone.revoked_at else ""
    parts = ("手机", f"发放 {_minute(phone.created_at)}", contact, phone.app_version, phone.device, ended)
    return "  ".join(filter(None, parts))


def _minute(instant: Instant) -> str:
    return instants.parse(instant).astimezone(instants.BEIJING).strftime("%Y-%m-%d %H:%M")
