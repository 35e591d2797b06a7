"""The server calls listed hosts alone, at the address that it has judged, and no other network than it is told to."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest

from server import instants
from server.errors import Invalid
from server.webhooks.domain import addresses, messages, retries
from server.webhooks.domain.addresses import AddressRefused
from server.webhooks.usecases import sending
from tests.webhooks.receiver import receiving

PUBLIC = addresses.parsed("https://dispatch.example.org/hook?a=1")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "240.0.0.1", "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "2001:0:7f00:1::", "::127.0.0.1", "ff02::1", "fec0::1",
    ],
)  # fmt: skip
def test_no_address_inside_is_called_unless_its_network_is_listed(address):
    with pytest.raises(AddressRefused, match="FIREGRID_WEBHOOK_NETWORKS"):
        addresses.permitted(PUBLIC, [address], ())


def test_one_address_inside_among_public_ones_is_enough_to_refuse():
    with pytest.raises(AddressRefused):
        addresses.permitted(PUBLIC, ["93.184.216.34", "10.0.0.1"], ())
    assert addresses.permitted(PUBLIC, ["93.184.216.34", "2606:2800:220:1::1"], ()) == "93.184.216.34"


def test_a_listed_network_is_called_with_or_without_tls_and_the_public_one_with_it_alone():
    plain = addresses.parsed("http://dispatch.example.org/")
    assert addresses.permitted(plain, ["10.0.0.1"], [ip_network("10.0.0.0/8")]) == "10.0.0.1"
    with pytest.raises(AddressRefused, match="https"):
        addresses.permitted(plain, ["93.184.216.34"], [ip_network("10.0.0.0/8")])
    with pytest.raises(AddressRefused):
        addresses.permitted(PUBLIC, [], ())


def test_a_name_that_changes_its_address_is_looked_up_once_and_the_judged_one_is_called():
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.255.255.1"]

    with receiving() as receiver:
        url = addresses.parsed(f"http://dispatch.example.org:{receiver.port}/hook")
        status = sending.post(url, {}, b'{"record": ""}', [ip_network("127.0.0.0/8")], resolve)

        assert (status, asked) == (204, ["dispatch.example.org"])
        assert receiver.got[0][0]["host"] == f"dispatch.example.org:{receiver.port}"


@pytest.mark.parametrize(
    "url",
    ["", "dispatch.example.org", "ftp://x.example.org/", "https://user:pw@x.example.org/", "https://x.example.org/#a",
     "https://x.example.org:0/", "https://x.example.org:99999/", "https://[::1/", "https://x.example.org/ a",
     "https://接收.example.org/", "https://x.example.org/\nHost: y", "https://x.example.org/" + "a" * 500],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(url):
    with pytest.raises(Invalid, match="完整网址"):
        addresses.parsed(url)


def test_a_host_that_is_not_listed_is_refused_with_the_cure():
    with pytest.raises(Invalid, match="FIREGRID_WEBHOOK_HOSTS"):
        addresses.require_listed(PUBLIC, ("other.example.org",))
    addresses.require_listed(addresses.parsed("https://Dispatch.Example.org./"), ("dispatch.example.org",))


@pytest.mark.parametrize("kind", ["hazards", "Hazards.assign", "hazards.assign now", "*", ".assign", "hazards."])
def test_what_is_no_kind_of_events_is_refused(kind):
    with pytest.raises(Invalid, match=r"hazards\.assign"):
        messages.checked_kinds([kind])


def test_waits_double_up_to_an_hour_and_are_spread():
    now = "2026-11-24T04:00:00.000Z"

    def wait(attempts: int, jitter: float) -> timedelta:
        return instants.parse(retries.next_attempt(now, attempts, jitter)) - instants.parse(now)

    assert [wait(n, 1.0).total_seconds() for n in (1, 2, 3, 10, 11, 99)] == [5, 10, 20, 2560, 3600, 3600]
    assert wait(3, 0.0) == wait(3, 1.0) / 2


def test_the_signature_is_that_of_the_published_example():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'

    found = messages.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, [secret])

    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
