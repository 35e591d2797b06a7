"""The rules of signing in as of a day: the dated table ``data/sign_in.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from server import dated
from server.instants import Instant


@dataclass(frozen=True, slots=True)
class SignInRules:
    """The rules in force on a day.

    failures_max: failed tries of one account from one address before that address is locked out of it, for
    ``locked_for``. known_failures_max: the same where the account signed in rightly from there within ``known_for``.
    address_failures_max: failed tries from one address under any names before it is locked out of every account that
    never signed in from there. account_failures_max: failed tries of one account from all addresses that it never
    signed in from before all of these are locked out of it. Each counts within ``locked_for``.
    password_length_min: in characters. verified_for: how long a correct Basic login is accepted without hashing again.
    """

    failures_max: int
    known_failures_max: int
    address_failures_max: int
    account_failures_max: int
    locked_for: timedelta
    password_length_min: int
    verified_for: timedelta
    known_for: timedelta


def at(instant: Instant) -> SignInRules:
    """Return the rules in force at ``instant``."""
    row = dated.rows_at("sign_in", instant)[0]
    return SignInRules(
        int(row["failures_max"]),
        int(row["known_failures_max"]),
        int(row["address_failures_max"]),
        int(row["account_failures_max"]),
        timedelta(minutes=int(row["locked_minutes"])),
        int(row["password_length_min"]),
        timedelta(minutes=int(row["verified_minutes"])),
        timedelta(days=int(row["address_days"])),
    )


def origin_of(address: str) -> str:
    """Return what counts as one address: an IPv4 address, the /64 of an IPv6 address, and anything else as it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address  # a Unix socket has none
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Network((parsed, 64), strict=False))
    return str(parsed)
