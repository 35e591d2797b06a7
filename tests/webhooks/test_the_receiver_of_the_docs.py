"""The receiver that the documentation shows works as it stands, against the real server's messages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from ipaddress import ip_network

import requests

from server.people.store import people
from server.settings import Settings
from server.webhooks.usecases import configuration, delivering
from tests.source_tree import ROOT
from tests.stories.child_server import free_port

PAGE = ROOT / "docs" / "webhooks.md"


def test_it_takes_what_is_signed_once_and_refuses_what_is_not(land, tmp_path):
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(program.strip().splitlines()) <= 25
    land.clock.pass_by(seconds=time.time() - land.clock().timestamp())  # the receiver's clock is the machine's
    port = free_port()
    settings = Settings(
        land.valley.store.folder, webhook_hosts=("127.0.0.1",), webhook_networks=(ip_network("127.0.0.0/8"),)
    )

    def add(tx):
        return configuration.add(tx, f"http://127.0.0.1:{port}/", (), settings, by=people.actor(tx, "admin"))

    made, secret = land.valley.do(add)
    land.report()
    variables = {**os.environ, "SECRET": secret, "PORT": str(port)}
    (tmp_path / "receiver.py").write_text(program, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "receiver.py"], cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True
    ) as receiver:
        try:
            assert _answers(port) == 401
            delivering.serve(land.valley.store, settings, made.id)
            land.valley.do(lambda tx: configuration.replay(tx, made.id, 0, by=people.actor(tx, "admin")))
            delivering.serve(land.valley.store, settings, made.id)
        finally:
            receiver.terminate()
        printed = receiver.stdout.read() if receiver.stdout else ""

    assert printed.count("'kind': 'hazards.report'") == 1
    assert land.valley.count("webhook_delivery") == 0


def _answers(port: int) -> int:
    """Return what the receiver says to a message that nobody signed, once it listens."""
    forged = {"webhook-id": "1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
    until = time.monotonic() + 10
    while True:
        try:
            return requests.post(f"http://127.0.0.1:{port}/", data=b"{}", headers=forged, timeout=5).status_code
        except requests.ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
