"""An administrator works from the terminal while phones keep the server busy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.child_server import FORM, Folder, Phones, make_folder, run, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Folder:
    return make_folder(tmp_path_factory.mktemp("made") / "data")


def test_a_person_and_a_form_come_in_beside_a_busy_server_which_offers_the_form_at_once(folder, tmp_path: Path):
    another = tmp_path / "another.md"
    another.write_text(FORM.replace("| 上报 | report |", "| 另一表 | another |"), encoding="utf-8")
    with serving(folder) as server, Phones(server, number=12) as phones:
        phones.wait_until(lambda told: len(told.kept) >= 50)
        added = run("user", "add", "gw2", "--role", "grid_worker", "--area", "130630106202001", "--data", folder.path)
        published = run("form", "publish", another, "--data", folder.path)
        checked = run("check", "--data", folder.path)

        status, listed = server.get("/KEY/formList")

        sent_meanwhile = len(phones.kept)
        phones.wait_until(lambda told: len(told.kept) >= sent_meanwhile + 50)
    assert (added.returncode, published.returncode, checked.returncode) == (0, 0, 0), (added, published, checked)
    assert status == 200
    assert "<formID>another</formID>" in listed
    assert phones.refused == []
    assert phones.unanswered == []


def test_a_revoked_phone_is_refused_by_the_running_server_at_once(folder):
    run("user", "add", "gw3", "--role", "grid_worker", "--area", "130630106202001", "--data", folder.path)
    key = run("user", "key", "gw3", "--data", folder.path).stdout.strip().rpartition("/")[2]
    with serving(Folder(folder.path, key)) as server:
        before, _ = server.get("/KEY/formList")

        run("user", "revoke", "gw3", "--data", folder.path)

        after, _ = server.get("/KEY/formList")
    assert (before, after) == (200, 403)


def test_a_key_asked_for_beside_the_server_opens_that_server_at_its_own_port(folder):
    with serving(folder) as server:
        address = run("user", "key", "gw1", "--data", folder.path).stdout.strip()

        status, _ = server.get(f"/key/{address.rpartition('/')[2]}/formList")
    assert address.startswith(f"http://127.0.0.1:{server.port}/key/")
    assert status == 200
