"""Public tus clients, unchanged, over a line that drops every second request, and kills of either side."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from requests import RequestException
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from tests.photos.bad_line import every_second_request_lost
from tests.photos.test_photos_of_changes import a_photo
from tests.stories.child_server import Folder, Server, make_folder, serving

pytestmark = pytest.mark.slow

SET, BYTES = 10, 3_000_000
CLIENT = """
import sys
from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage
url, key, path, kept = sys.argv[1:]
client = TusClient(url, headers={"Authorization": f"Key {key}"})
uploader = client.uploader(path, chunk_size=100_000, store_url=True, url_storage=FileStorage(kept))
print(uploader.offset, flush=True)
uploader.upload()
"""


def a_large_photo(seed: int) -> bytes:
    """Return a picture with a film behind it, as phones take them: of a size that a link does not take at once."""
    return a_photo() + b"\x00\x00\x00\x18ftypmp42" + random.Random(seed).randbytes(BYTES)


def stored(folder: Folder) -> list[str]:
    return sorted(path.parent.name + path.name for path in (folder.path / "blobs").rglob("*") if path.is_file())


def named(photos: list[bytes]) -> list[str]:
    return sorted(hashlib.sha256(each).hexdigest() for each in photos)


def upload(port: int, key: str, path: Path) -> int:
    """Upload one file by tuspy in one piece, as its users do, and try again until it is there; return how often."""
    client = TusClient(f"http://127.0.0.1:{port}/api/v1/uploads/", headers={"Authorization": f"Key {key}"})
    with path.open("rb") as file:
        uploader = None
        for tries in range(1, 40):
            try:
                uploader = uploader or client.uploader(file_stream=file)
                if uploader.url is not None:
                    uploader.offset = uploader.get_offset()
                uploader.upload()
            except (TusCommunicationError, RequestException):  # of tuspy; and what it lets through of its own library
                continue
            return tries
    raise AssertionError("it never came through")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Folder:
    return make_folder(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture
def folder(made, tmp_path) -> Folder:
    return Folder(Path(shutil.copytree(made.path, tmp_path / "data")), made.key)


def test_tuspy_brings_a_set_over_a_bad_line_and_a_kill_of_the_server_and_each_photo_is_stored_once(folder, tmp_path):
    photos = [a_large_photo(number) for number in range(SET)]
    servers: list[Server] = []
    with every_second_request_lost(lambda: servers[-1].port) as port:
        for half in (photos[:5], photos[5:]):
            with serving(folder) as server:
                servers.append(server)
                for number, photo in enumerate(half):
                    path = tmp_path / f"{number}.jpg"
                    path.write_bytes(photo)
                    assert upload(port, folder.key, path) > 1
                server.kill()
    assert stored(folder) == named(photos)


def test_a_client_that_is_killed_goes_on_where_it_was(folder, tmp_path):
    photo, path, kept = a_large_photo(11), tmp_path / "1.jpg", tmp_path / "kept.json"
    path.write_bytes(photo)
    with serving(folder) as server:
        url = f"http://127.0.0.1:{server.port}/api/v1/uploads/"
        words = [sys.executable, "-c", CLIENT, url, folder.key, str(path), str(kept)]
        first = subprocess.Popen(words, stdout=subprocess.PIPE)
        partial = folder.path / "blobs" / "uploads"
        while not any(each.stat().st_size >= 300_000 for each in partial.glob("*")):
            assert first.poll() is None
        first.kill()
        first.communicate()
        server.kill()
    with serving(folder) as server:
        kept.write_text(kept.read_text().replace(url, f"http://127.0.0.1:{server.port}/api/v1/uploads/"))
        words[3] = f"http://127.0.0.1:{server.port}/api/v1/uploads/"

        again = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

        assert (again.returncode, again.stderr) == (0, "")
        assert int(again.stdout) >= 100_000
    assert stored(folder) == named([photo])


@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no Node")
def test_tus_js_client_brings_a_photo_over_a_bad_line(folder, tmp_path):
    code = Path(__file__).with_name("tus_js")
    shutil.copytree(code, tmp_path / "js")
    subprocess.run(["npm", "ci", "--silent"], cwd=tmp_path / "js", check=True, timeout=300, env=dict(os.environ))
    photo, path = a_large_photo(12), tmp_path / "1.jpg"
    path.write_bytes(photo)
    with serving(folder) as server, every_second_request_lost(lambda: server.port) as port:
        words = ["node", "upload.js", f"http://127.0.0.1:{port}/api/v1/uploads/", folder.key, str(path)]

        said = subprocess.run(words, cwd=tmp_path / "js", capture_output=True, text=True, timeout=120, check=False)

        assert (said.returncode, said.stderr) == (0, "")
        assert "/api/v1/uploads/" in said.stdout
    assert stored(folder) == named([photo])
