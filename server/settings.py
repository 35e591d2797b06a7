"""Reads the FIREGRID_* environment once, into one value that never changes while the process runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from server.errors import Invalid

Network = IPv4Network | IPv6Network

COUNTY_DIGITS = 6
"""Of the code of a county (GB/T 2260)."""

WAIT_S = 25
"""How long a request may wait: phones give up on an answer after 60 s (``openrosa.md`` section 0.2) and send again."""

ADVERTISED_BYTES = 1_000_000
"""So that on a weak link the record lands with its first photo; further photos come in further POSTs."""


NOT_IN_ADDRESSES = frozenset('?#@<>"\\^`{|}\x7f')
"""A server's address has no query, fragment or password; the rest stands in no URI (RFC 3986, section 2)."""


class OfferedSignIn(NamedTuple):
    """A sign-in that anybody may use: an invented person of a demonstration. role: its code."""

    role: str
    name: str
    password: str


class CountyDatabase(NamedTuple):
    """A database of PostgreSQL in which a county has a schema. url: with user and password. county: its code."""

    url: str
    county: str


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation differs from another.

    folder: the data folder. database: what keeps the county in its place, None for the folder itself.
    public_url: scheme, host and path prefix that phones use, without a slash at the
    end; None takes them from each request. hosts: further host names under which requests are answered where
    public_url is set. trusted_proxies: whose forwarded headers are believed.
    advertised_bytes: the size of one POST that phones are asked to keep to, in bytes; submission_bytes_max: what
    is taken at all; spool_bytes_max: what large bodies may hold on the disk together while they come in.
    access_minutes, refresh_days: life of sign-in tokens. metrics_networks: who may read /metrics.
    disk_free_bytes_min: the room on the disk below which the server is not ready, and takes no large bodies.
    wait_s: how long a request may wait before others are told to come back. fast_path: whether small submissions are
    answered past Flask and in the writer's thread (``server.fast_path``). office_idle_minutes: how long a person who
    does nothing stays signed in to the pages. sign_ins: what the sign-in page offers, on a demonstration alone.
    backup_folder: where backups are made while serving, None for nowhere; backup_times: at which times of the local
    day; backup_recipients: public keys of age that can open them, none for plain.
    webhook_hosts: whom webhooks may call, host names in lower case; none calls nobody. webhook_networks: networks that
    these may lie in though they are no public ones.
    report_title, report_unit: heading of the printed sheet of figures, and who hands it in; empty for the usual
    heading, and a blank to fill.
    """

    folder: Path
    database: CountyDatabase | None = None
    public_url: str | None = None
    hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    advertised_bytes: int = ADVERTISED_BYTES
    submission_bytes_max: int = 1_000_000_000
    spool_bytes_max: int = 2_000_000_000
    access_minutes: int = 30
    refresh_days: int = 30
    metrics_networks: tuple[Network, ...] = field(default=(ip_network("127.0.0.0/8"), ip_network("::1/128")))
    disk_free_bytes_min: int = 200_000_000
    wait_s: int = WAIT_S
    fast_path: bool = True
    office_idle_minutes: int = 30
    sign_ins: tuple[OfferedSignIn, ...] = ()
    report_title: str = ""
    report_unit: str = ""
    backup_folder: Path | None = None
    backup_times: tuple[time, ...] = (time(2, 30),)
    backup_recipients: tuple[str, ...] = ()
    webhook_hosts: tuple[str, ...] = ()
    webhook_networks: tuple[Network, ...] = ()


def described(settings: Settings) -> dict[str, str]:
    """Return what an auditor may know of settings by name: not the folder, nor what has passwords."""
    named = {each.name: getattr(settings, each.name) for each in fields(settings)}
    return {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in named.items()
        if name not in ("folder", "database", "sign_ins")
    }


def from_environment(folder: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that the environment states; ``folder`` wins over ``FIREGRID_DATA``.

    Raises Invalid that names the variable and its cure.
    """
    stated = os.environ if environment is None else environment
    plain = Settings(folder or Path(stated.get("FIREGRID_DATA") or "firegrid-data"))
    return Settings(
        folder=plain.folder,
        database=county_database(stated),
        public_url=_public_url(stated),
        hosts=tuple(name.lower() for name in _listed(stated, "FIREGRID_HOSTS")),
        trusted_proxies=_networks(stated, "FIREGRID_TRUSTED_PROXIES", plain.trusted_proxies),
        advertised_bytes=_number(stated, "FIREGRID_ADVERTISED_BYTES", plain.advertised_bytes),
        submission_bytes_max=_number(stated, "FIREGRID_SUBMISSION_BYTES_MAX", plain.submission_bytes_max),
        spool_bytes_max=_number(stated, "FIREGRID_SPOOL_BYTES_MAX", plain.spool_bytes_max),
        access_minutes=_number(stated, "FIREGRID_ACCESS_MINUTES", plain.access_minutes),
        refresh_days=_number(stated, "FIREGRID_REFRESH_DAYS", plain.refresh_days),
        metrics_networks=_networks(stated, "FIREGRID_METRICS_NETWORKS", plain.metrics_networks),
        disk_free_bytes_min=_number(stated, "FIREGRID_DISK_FREE_BYTES_MIN", plain.disk_free_bytes_min),
        wait_s=_number(stated, "FIREGRID_WAIT_S", plain.wait_s),
        fast_path=_switch(stated, "FIREGRID_FAST_PATH", plain.fast_path),
        office_idle_minutes=_number(stated, "FIREGRID_OFFICE_IDLE_MINUTES", plain.office_idle_minutes),
        report_title=stated.get("FIREGRID_REPORT_TITLE", "").strip(),
        report_unit=stated.get("FIREGRID_REPORT_UNIT", "").strip(),
        backup_folder=_folder(stated, "FIREGRID_BACKUP_DIR"),
        backup_times=_times(stated, "FIREGRID_BACKUP_AT", plain.backup_times),
        backup_recipients=_listed(stated, "FIREGRID_BACKUP_RECIPIENTS"),
        webhook_hosts=tuple(name.lower() for name in _listed(stated, "FIREGRID_WEBHOOK_HOSTS")),
        webhook_networks=_networks(stated, "FIREGRID_WEBHOOK_NETWORKS", plain.webhook_networks),
    )


def machine(environment: Mapping[str, str] | None = None) -> str | None:
    """Return the name that is to be used in place of this machine's own id; None for the id."""
    stated = os.environ if environment is None else environment
    return stated.get("FIREGRID_MACHINE", "").strip() or None


def county_database(environment: Mapping[str, str] | None = None) -> CountyDatabase | None:
    """Return the database that is to keep the county, None where its data folder does.

    Raises Invalid for an address of anything but PostgreSQL, for an empty one beside the code of a county, and where
    that code is missing or none.
    """
    stated = os.environ if environment is None else environment
    url, county = stated.get("FIREGRID_DATABASE", "").strip(), stated.get("FIREGRID_COUNTY", "").strip()
    if not url:
        if county and "FIREGRID_DATABASE" in stated:
            message = (
                "FIREGRID_DATABASE 是空的；请写数据库地址，用数据目录里的 SQLite 时它和 FIREGRID_COUNTY 都不要设置。"
            )
            raise Invalid(message, field="FIREGRID_DATABASE")
        return None
    if not url.startswith(("postgresql://", "postgres://")):
        message = (
            "FIREGRID_DATABASE 应如 postgresql://用户:密码@主机:5432/数据库名；用数据目录里的 SQLite 时不要设置它。"
        )
        raise Invalid(message, field="FIREGRID_DATABASE")
    if not (len(county) == COUNTY_DIGITS and county.isascii() and county.isdigit()):
        message = f"FIREGRID_COUNTY“{county}”应为六位县级行政区划代码，如 130630：每个县在数据库里各有一个 schema。"
        raise Invalid(message, field="FIREGRID_COUNTY")
    return CountyDatabase(url, county)


def public_url(value: str, name: str) -> str:
    """Return an address that phones can be given, without a slash at the end. name: of what states it.

    Raises Invalid for what is no address of a server.
    """
    try:
        parts = urlsplit(value)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that hold no address, a port that is no number
        is_one = False
    if not is_one or any(mark in NOT_IN_ADDRESSES or mark <= " " for mark in value):
        raise Invalid(f"{name}“{value}”不是网址；应如 https://fire.example.org 。", field=name)
    return value.rstrip("/")


def _public_url(stated: Mapping[str, str]) -> str | None:
    value = stated.get("FIREGRID_PUBLIC_URL", "").strip()
    return public_url(value, "FIREGRID_PUBLIC_URL") if value else None


def _folder(stated: Mapping[str, str], name: str) -> Path | None:
    value = stated.get(name, "").strip()
    return Path(value) if value else None


def _listed(stated: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in stated.get(name, "").split(",") if part.strip())


def _times(stated: Mapping[str, str], name: str, default: tuple[time, ...]) -> tuple[time, ...]:
    try:
        found = tuple(sorted(_time(part) for part in _listed(stated, name)))
    except ValueError:
        raise Invalid(
            f"{name}“{stated[name]}”应为一天里的时刻（北京时间，不写时区），如 02:30，可用逗号写几个。", field=name
        ) from None
    return found or default


def _time(text: str) -> time:
    """Return a time of the local day. Raises ValueError, also for one with a zone, which would be none of that day."""
    found = time.fromisoformat(text)
    if found.tzinfo is not None:
        raise ValueError(text)
    return found


def _number(stated: Mapping[str, str], name: str, default: int) -> int:
    value = stated.get(name, "").strip()
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise Invalid(f"{name}“{value}”应为正整数。", field=name)
    return int(value)


def _switch(stated: Mapping[str, str], name: str, default: bool) -> bool:
    value = stated.get(name, "").strip()
    if value not in ("", "on", "off"):
        raise Invalid(f"{name}“{value}”应为 on 或 off。", field=name)
    return value == "on" if value else default


def _networks(stated: Mapping[str, str], name: str, default: tuple[Network, ...]) -> tuple[Network, ...]:
    if name not in stated:
        return default
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in stated[name].split(",") if part.strip())
    except ValueError:
        raise Invalid(
            f"{name}“{stated[name]}”应为以逗号分隔的网址或网段，如 127.0.0.1,10.0.0.0/8 。", field=name
        ) from None
