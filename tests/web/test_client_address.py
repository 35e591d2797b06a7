"""The address that a request comes from is that of the client, behind a proxy that is trusted and behind none."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from server.web.proxy import client_address

PROXY = (ip_network("10.0.0.0/8"),)


@pytest.mark.parametrize(
    ("environ", "trusted", "address"),
    [
        ({"REMOTE_ADDR": "203.0.113.9"}, (), "203.0.113.9"),
        ({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, (), "10.0.0.1"),
        ({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.2.3.4, 203.0.113.9"}, PROXY, "203.0.113.9"),
        ({"REMOTE_ADDR": "192.0.2.7", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, PROXY, "192.0.2.7"),
        ({"REMOTE_ADDR": "10.0.0.1"}, PROXY, "10.0.0.1"),
        ({}, PROXY, ""),
    ],
)
def test_a_forwarded_address_counts_where_the_proxy_is_trusted(environ, trusted, address):
    assert client_address(environ, trusted) == address
