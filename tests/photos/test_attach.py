"""``fieldsync attach`` keeps photos with the change they belong to, and uploads them after the records."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from click.testing import CliRunner

from server.photos.usecases import uploads
from server.replication.usecases import restoring
from sync.cli.main import main
from sync.client import photos, tus
from sync.client.backoff import Backoff
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device import Device
from sync.client.failures import NoConnection
from sync.client.status import status_report
from sync.client.synchronization import exchange, push
from tests.api_county import UNIT, lay
from tests.county import County, a_county
from tests.photos.test_photos_of_changes import a_photo


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        return


class Line:
    """Stands before the county's application. cuts: after how many more requests to uploads the line breaks.

    damages: whether it changes a byte of each part of a photo.
    """

    def __init__(self, app) -> None:
        self.app, self.cuts, self.asked, self.damages = app, None, [], False

    def __call__(self, environ, start_response):
        if "/uploads/" in environ["PATH_INFO"]:
            self.asked.append(f"{environ['REQUEST_METHOD']} {environ.get('HTTP_UPLOAD_OFFSET', '')}".strip())
            if self.cuts is not None:
                self.cuts -= 1
                if self.cuts < 0:
                    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                    start_response("503 Busy", [("Content-Length", "0")])
                    return [b""]
        if self.damages and environ["REQUEST_METHOD"] == "PATCH":
            part = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = BytesIO(b"?" + part[1:])
        return self.app(environ, start_response)


@contextmanager
def served(county: County) -> Iterator[tuple[str, Line]]:
    line = Line(county.app)
    with make_server("127.0.0.1", 0, line, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", line
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def county(tmp_path):
    with a_county(tmp_path / "data", lay) as made:
        yield made


def connect(county: County, url: str) -> Connection:
    known = Credentials(url, key=county.keys["worker"])
    return Connection(known, backoff=Backoff(tries=1, sleep=lambda _: None))


def run(store: Path, *words: str):
    return CliRunner().invoke(main, [*words, "--store", str(store)])


def a_file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def shown(county: County, record: str) -> list[tuple[int, bool]]:
    found = county.get(f"/records/{record}", "officer").json["photos"]
    return [(each["version"], each["href"] is not None) for each in found]


def test_photos_go_after_the_records_resume_where_the_line_broke_and_are_stored_once(county, tmp_path, monkeypatch):
    monkeypatch.setattr(photos, "PART_BYTES", 300)
    content, store = a_photo("teal", (200, 100)), tmp_path / "laptop"
    file = a_file(tmp_path, "现场.jpg", content)
    with served(county) as (url, line), Device(store) as device, closing(connect(county, url)) as connection:
        record = run(store, "create", "stations", "head=甲", "label=站", "--area", UNIT).stdout.split()[0]
        assert run(store, "attach", str(file), str(file), "--record", record[:8]).exit_code == 0
        file.unlink()  # its copy is kept
        line.cuts = 4  # what is missing, a beginning, two parts; then the line breaks

        with pytest.raises(NoConnection):
            push(device, connection)

        assert shown(county, record) == [(1, False)]  # the record is there, its photo under way
        line.cuts, line.asked = None, []
        done = exchange(device, connection)[0]
        assert done.photos.sent == 1
        assert line.asked[:3] == ["POST", "HEAD", "PATCH 600"]
        assert shown(county, record) == [(1, True)]
        assert [path.name for path in county.blobs()] == [hashlib.sha256(content).hexdigest()[2:]]
        assert run(store, "status").stdout.count("未上传的照片 photos to upload: 0") == 1


def test_a_photo_joins_what_was_last_done_unless_that_was_sent(county, tmp_path):
    store, file = tmp_path / "laptop", a_file(tmp_path, "a.jpg", a_photo())
    with served(county) as (url, _), Device(store) as device, closing(connect(county, url)) as connection:
        record = run(store, "create", "stations", "head=甲", "label=站", "--area", UNIT).stdout.split()[0]
        exchange(device, connection)
        sent = device.rows("SELECT id FROM change")[0]["id"]

        refused = run(store, "attach", str(file), "--change", sent)
        attached = run(store, "attach", str(file), "--record", record)
        exchange(device, connection)

    assert (refused.exit_code, "已经发送过" in refused.stderr, attached.exit_code) == (1, True, 0)
    assert shown(county, record) == [(2, True)]


def test_a_restored_server_is_offered_the_photos_that_it_lacks_and_no_others(county, tmp_path):
    store = tmp_path / "laptop"
    with served(county) as (url, line), Device(store) as device, closing(connect(county, url)) as connection:
        record = run(store, "create", "stations", "head=甲", "label=站", "--area", UNIT).stdout.split()[0]
        files = [str(a_file(tmp_path, f"{colour}.jpg", a_photo(colour))) for colour in ("red", "blue")]
        run(store, "attach", *files, "--record", record)
        exchange(device, connection)
        county.do(restoring.take_new_epoch, "test")
        gone = device.rows("SELECT sha256 FROM attachment ORDER BY name")[0]["sha256"]
        county.do(lambda tx: tx.sql.run("DELETE FROM sent_file WHERE sha256 = :gone", {"gone": gone}))
        line.asked = []

        exchange(device, connection)

    assert shown(county, record) == [(1, True), (1, True)]
    assert line.asked == ["POST", "POST", "PATCH 0"]  # what is missing, and the one that is


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "空文件"), (b"%PDF-1.7", "只收照片"), (None, "读不了"), (a_photo()[:30], "不完整")]
)
def test_what_is_no_photo_is_refused_where_somebody_can_choose_another(tmp_path, content, words):
    store, file = tmp_path / "laptop", tmp_path / "a.jpg"
    record = run(store, "create", "stations", "head=甲", "label=站").stdout.split()[0]
    if content is not None:
        file.write_bytes(content)

    refused = run(store, "attach", str(file), "--record", record)

    assert (refused.exit_code, words in refused.stderr) == (1, True)
    with Device(store) as device:
        assert (photos.count_unsent(device), [*(store / "photos").glob("*")]) == (0, [])


def test_a_copy_that_was_damaged_on_the_laptop_is_told_costs_nothing_and_holds_up_no_other(county, tmp_path):
    store = tmp_path / "laptop"
    with served(county) as (url, line), Device(store) as device, closing(connect(county, url)) as connection:
        record = run(store, "create", "stations", "head=甲", "label=站", "--area", UNIT).stdout.split()[0]
        for colour in ("red", "blue"):
            run(store, "attach", str(a_file(tmp_path, f"{colour}.jpg", a_photo(colour))), "--record", record)
        damaged = device.rows("SELECT sha256 FROM attachment WHERE name LIKE 'red%'")[0]["sha256"]
        path = store / "photos" / damaged
        path.write_bytes(path.read_bytes()[:-3] + b"???")  # as long as before

        done = push(device, connection)

        assert done.photos.sent == 1
        [(name, told)] = done.photos.troubles.items()
        assert (name.split("-")[0], "已损坏，请重新附上" in told) == ("red", True)
        assert [each.split()[0] for each in line.asked].count("PATCH") == 1
        assert len(device.rows("SELECT 1 FROM attachment WHERE trouble IS NOT NULL")) == 1


@pytest.mark.parametrize(
    ("damages", "quota", "words", "parts"),
    [(True, uploads.PERSON_BYTES_MAX, "损坏", tus.TRIES), (False, 0, "没有记录用到的照片太多", 0)],
)
def test_a_photo_that_cannot_come_through_now_ends_no_sending(
    county, tmp_path, monkeypatch, damages, quota, words, parts
):
    store = tmp_path / "laptop"
    monkeypatch.setattr(uploads, "PERSON_BYTES_MAX", quota)
    with served(county) as (url, line), Device(store) as device, closing(connect(county, url)) as connection:
        record = run(store, "create", "stations", "head=甲", "label=站", "--area", UNIT).stdout.split()[0]
        run(store, "attach", str(a_file(tmp_path, "red.jpg", a_photo("red"))), "--record", record)
        line.damages = damages

        done = push(device, connection)

        assert (done.verdicts["applied"], done.photos.sent) == (1, 0)
        assert [words in why for why in done.photos.troubles.values()] == [True]
        assert len([each for each in line.asked if each.startswith("PATCH")]) == parts
        told = status_report(device)
        assert (told["unsent_photos"], len(told["troubles"])) == (1, 1)
        with device.writing():
            device.run("DELETE FROM change")  # as when its author leaves, to whom alone all this is told
        told = status_report(device)
        assert (told["unsent_photos"], told["troubles"]) == (0, [])
