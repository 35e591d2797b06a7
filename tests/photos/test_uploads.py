"""Photos are uploaded by tus 1.0: in parts, resumed after anything, refused by their head."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import os
from datetime import timedelta

import pytest

from server.admin.usecases import disk_room, unneeded_files
from server.admin.usecases.housekeeping import file_round
from server.app import blobs_of, bridge_to
from server.photos.domain import tus
from server.photos.usecases import uploads
from server.submissions.store import sent_files
from server.submissions.store.sent_files import SentFile
from server.web import bodies
from sync.changes import AttachmentName
from tests.api_county import UNIT, lay
from tests.county import a_county, restart
from tests.photos.taken_photos import draw
from tests.photos.test_photos_of_changes import a_photo
from tests.sql_steps import steps_of
from tests.web.test_asgi import Wire, scope_of

RESUMABLE = {"Tus-Resumable": "1.0.0"}
PHOTO = a_photo("navy", (300, 200))


@pytest.fixture
def county(tmp_path):
    with a_county(tmp_path / "data", lay) as made:
        yield made


def base64_of(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def ask(county, method: str, path: str, name: str = "worker", data: bytes = b"", **headers: str):
    named = {each.replace("_", "-"): value for each, value in headers.items()}
    shown = {"Authorization": f"Key {county.keys[name]}", **RESUMABLE, **named}
    return county.client.open(path, method=method, headers=shown, data=data)


def begin(county, content: bytes = PHOTO, name: str = "worker", **headers: str) -> str:
    answer = ask(county, "POST", "/api/v1/uploads/", name, Upload_Length=str(len(content)), **headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def append(county, at: str, offset: int, data: bytes, name: str = "worker", **headers: str):
    return ask(county, "PATCH", at, name, data, Upload_Offset=str(offset), Content_Type=tus.OFFSET_TYPE, **headers)


def offset(county, at: str, name: str = "worker") -> int:
    return int(ask(county, "HEAD", at, name).headers["Upload-Offset"])


def stored(county) -> list[str]:
    return sorted(path.parent.name + path.name for path in county.blobs() if path.parent.name != "uploads")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_options_tell_version_extensions_and_size(county):
    answer = county.client.options("/api/v1/uploads/")  # by whoever asks: browsers show nothing of theirs

    assert (answer.status_code, answer.headers["Tus-Version"]) == (204, "1.0.0")
    assert answer.headers["Tus-Extension"] == "creation,checksum,expiration,termination"
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha256,sha1,md5"
    assert answer.headers["Tus-Max-Size"] == "50000000"


def test_a_photo_comes_in_parts_over_a_restart_and_is_stored_once(county):
    at = begin(county, Upload_Metadata=f"filename {base64_of('现场.jpg')},sha256 {base64_of(sha256(PHOTO))}")
    half = len(PHOTO) // 2

    first = append(county, at, 0, PHOTO[:half])
    restart(county)
    head = ask(county, "HEAD", at)
    last = append(
        county, at, half, PHOTO[half:], Upload_Checksum=f"sha1 {base64_of(hashlib.sha1(PHOTO[half:]).digest())}"
    )

    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(half))
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (str(half), str(len(PHOTO)))
    assert (head.headers["Cache-Control"], "sha256 " in head.headers["Upload-Metadata"]) == ("no-store", True)
    assert (last.status_code, last.headers["Upload-Offset"], last.headers["Tus-Resumable"]) == (
        204, str(len(PHOTO)), "1.0.0",
    )  # fmt: skip
    assert "Upload-Expires" in last.headers
    assert offset(county, at) == len(PHOTO)  # told again to who did not hear it
    assert append(county, begin(county), 0, PHOTO).status_code == 204
    assert stored(county) == [sha256(PHOTO)]


def test_records_show_a_photo_once_its_upload_is_whole(county):
    file = {"name": "1.jpg", "sha256": sha256(PHOTO), "size": len(PHOTO), "media_type": "image/jpeg"}
    body = {"type": "stations", "action": "create", "area": UNIT, "fields": {"head": "丁"}, "attachments": [file]}
    record = county.post("/records", "worker", body).json["record"]["id"]
    at = begin(county)
    append(county, at, 0, PHOTO[:100])
    [before] = county.get(f"/records/{record}", "worker").json["photos"]

    append(county, at, 100, PHOTO[100:])

    [after] = county.get(f"/records/{record}", "worker").json["photos"]
    assert (before["href"], after["href"]) == (None, f"/api/v1/records/{record}/attachments/1/1.jpg")
    assert county.get(after["href"].removeprefix("/api/v1"), "officer").data == PHOTO


def test_bytes_at_a_wrong_offset_or_damaged_on_the_way_do_not_count(county):
    at = begin(county)
    append(county, at, 0, PHOTO[:100])
    wrong = f"sha256 {base64_of(hashlib.sha256(b'other').digest())}"

    answers = [
        append(county, at, 50, PHOTO[50:]),
        append(county, at, 200, PHOTO[200:]),
        append(county, at, 100, PHOTO[100:], Upload_Checksum=wrong),
        append(county, at, 100, PHOTO[100:], Upload_Checksum="crc32 AAAA"),
        append(county, at, 100, PHOTO[100:] + b"more"),
        ask(county, "PATCH", at, data=PHOTO[100:], Upload_Offset="100", Content_Type="image/jpeg"),
        ask(county, "PATCH", at, data=PHOTO[100:], Content_Type=tus.OFFSET_TYPE),
        append(county, at, 100, PHOTO[100:], Tus_Resumable="0.2.2"),
    ]

    assert [each.status_code for each in answers] == [409, 409, 460, 400, 413, 415, 422, 412]
    assert all(each.json["detail"].endswith("。") for each in answers)
    assert answers[-1].headers["Tus-Version"] == "1.0.0"
    assert offset(county, at) == 100
    assert append(county, at, 100, PHOTO[100:]).status_code == 204
    assert stored(county) == [sha256(PHOTO)]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 422),
        ({"Upload_Length": "0"}, 422),
        ({"Upload_Length": "-1"}, 422),
        ({"Upload_Length": "50000001"}, 413),
        ({"Upload_Defer_Length": "1"}, 422),
        ({"Upload_Length": "9", "Upload_Metadata": "sha256 bm8="}, 422),
        ({"Upload_Length": "9", "Upload_Metadata": "name %%"}, 422),
        ({"Upload_Length": "9", "Upload_Metadata": "a bm8=,a bm8="}, 422),
        ({"Upload_Length": "9", "Tus_Resumable": ""}, 412),
    ],
)
def test_an_upload_that_nobody_could_finish_is_not_begun(county, headers, status):
    answer = ask(county, "POST", "/api/v1/uploads/", **headers)

    assert answer.status_code == status
    assert answer.json["detail"].endswith("。")
    assert county.count("upload") == 0


def test_a_whole_that_is_no_photo_or_not_the_stated_one_goes_with_its_upload(county):
    for content, metadata, status in (
        (b"PK\x03\x04 no photo", "", 422),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60_000).to_bytes(4) * 2, "", 422),
        (PHOTO, f"sha256 {base64_of('0' * 64)}", 460),
    ):
        at = begin(county, content, Upload_Metadata=metadata)

        answer = append(county, at, 0, content)

        assert answer.status_code == status
        assert answer.json["detail"].endswith("。")
        assert ask(county, "HEAD", at).status_code == 404
    assert (stored(county), county.count("upload"), county.count("sent_file")) == ([], 0, 0)


def test_a_photo_that_breaks_off_behind_its_header_is_kept_and_told_to_be_damaged(county):
    whole = a_photo("red", (900, 900))
    cut = whole[: len(whole) // 2]
    file = AttachmentName("现场.jpg", sha256(cut), len(cut), "image/jpeg")
    body = {"type": "stations", "action": "create", "area": UNIT, "fields": {"head": "丁"}}

    assert append(county, begin(county, cut), 0, cut).status_code == 204
    made = county.post("/records", "worker", body | {"attachments": [file._asdict()]})
    draw(county)

    assert stored(county) == [sha256(cut)]
    [shown] = county.get(f"/records/{made.json['record']['id']}", "worker").json["photos"]
    assert (shown["href"] is not None, shown["damaged"]) == (True, True)


def test_a_change_that_states_another_size_of_what_has_come_is_refused_with_the_size(county):
    append(county, begin(county), 0, PHOTO)
    file = AttachmentName("现场.jpg", sha256(PHOTO), len(PHOTO) + 1, "image/jpeg")
    body = {"type": "stations", "action": "create", "area": UNIT, "fields": {"head": "丁"}}

    answer = county.post("/records", "worker", body | {"attachments": [file._asdict()]})

    assert (answer.status_code, [each["field"] for each in answer.json["errors"]]) == (422, ["attachments.0.size"])
    assert f"{len(PHOTO)} 字节" in answer.json["detail"]


def test_an_upload_is_its_authors_alone_and_roles_that_look_have_none(county):
    at = begin(county)

    assert ask(county, "HEAD", at, "town").status_code == 404
    assert append(county, at, 0, PHOTO, "town").status_code == 404
    assert ask(county, "DELETE", at, "town").status_code == 404
    assert ask(county, "GET", at).status_code == 405
    assert ask(county, "POST", "/api/v1/uploads/", "viewer", Upload_Length="9").status_code == 403
    assert county.client.post("/api/v1/uploads/", headers=RESUMABLE).status_code == 401
    append(county, at, 0, PHOTO)
    asked = {"sha256": [sha256(PHOTO), "0" * 64]}
    assert county.post("/uploads/missing", "worker", asked).json == {"missing": ["0" * 64]}
    assert county.post("/uploads/missing", "town", asked).json == {"missing": asked["sha256"]}


def test_an_upload_can_be_ended_also_by_clients_that_know_two_methods_alone(county):
    first, second = begin(county), begin(county)
    ask(
        county,
        "POST",
        first,
        data=PHOTO[:9],
        X_HTTP_Method_Override="PATCH",
        Upload_Offset="0",
        Content_Type=tus.OFFSET_TYPE,
    )

    assert offset(county, first) == 9
    assert ask(county, "DELETE", first).status_code == 204
    assert ask(county, "POST", second, X_HTTP_Method_Override="DELETE").status_code == 204
    assert ask(county, "POST", second, X_HTTP_Method_Override="PUT").status_code == 412
    assert ask(county, "HEAD", first).status_code == 404
    assert [path for path in county.blobs() if path.parent.name == "uploads"] == []


def test_what_lies_here_unused_has_a_bound_for_each_person_and_device(county, monkeypatch):
    monkeypatch.setattr(uploads, "DEVICE_BYTES_MAX", 100)
    monkeypatch.setattr(uploads, "PERSON_BYTES_MAX", len(PHOTO) + 150)

    def status(size: int) -> int:
        return ask(county, "POST", "/api/v1/uploads/", Upload_Length=str(size)).status_code

    assert [status(60), status(60), status(40)] == [201, 429, 201]
    monkeypatch.setattr(uploads, "DEVICE_BYTES_MAX", 10**9)
    monkeypatch.setattr(uploads, "UNFINISHED_MAX", 2)
    assert status(1) == 429
    monkeypatch.setattr(uploads, "UNFINISHED_MAX", 100)
    at = begin(county, PHOTO[:50] + PHOTO[50:]) if status(10**6) == 429 else ""
    append(county, at, 0, PHOTO)
    assert status(60) == 429  # whole, and named by no change yet


@pytest.mark.sqlite  # it counts the steps of SQLite's machine
def test_what_one_person_has_here_is_summed_without_the_files_of_all_others(county):
    others = [SentFile(f"{number:064x}", 1, "image/jpeg") for number in range(1_000)]
    county.do(lambda tx: [sent_files.add(tx, each, "other") for each in others])

    steps = steps_of(county.store, lambda reading: sent_files.unnamed_bytes(reading, "worker"))
    county.do(lambda tx: tx.sql.run("DELETE FROM sent_file"))  # rows of no files, which no county may be left with

    assert steps < 200


@pytest.mark.parametrize("reason", [errno.EROFS, errno.EACCES, errno.EIO])
def test_a_folder_that_cannot_be_written_is_told_with_its_cure_and_takes_records(county, monkeypatch, reason):
    at = begin(county)

    def refused(*_arguments, **_more):
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(uploads.UploadFiles, "opened", refused)
    answer = append(county, at, 0, PHOTO)
    body = {"type": "stations", "action": "create", "area": UNIT, "fields": {"label": "站"}}

    assert (answer.status_code, answer.json["type"]) == (503, "/problems/disk-unwritable")
    assert "请告诉管理员检查" in answer.json["detail"]
    assert county.post("/records", "worker", body).status_code == 201


def test_a_server_whose_folder_of_photos_cannot_be_written_is_not_ready(county, monkeypatch):
    monkeypatch.setattr(disk_room.os, "access", lambda *_: False)

    answer = county.app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert "写不了" in answer.json["detail"]


def test_a_disk_that_is_nearly_full_takes_records_and_no_photos(county, monkeypatch):
    at = begin(county)
    room = type("Disk", (), {"f_bavail": 300_000_000, "f_frsize": 1})
    monkeypatch.setattr(uploads.os, "statvfs", lambda _path: room)

    for answer in (append(county, at, 0, PHOTO), ask(county, "POST", "/api/v1/uploads/", Upload_Length="9")):
        assert (answer.status_code, "记录照常能送" in answer.json["detail"]) == (507, True)
    body = {"type": "stations", "action": "create", "area": UNIT, "fields": {"head": "丁"}}
    assert county.post("/records", "worker", body).status_code == 201


def test_uploads_given_up_and_photos_that_no_change_names_are_cleaned_up(county, monkeypatch):
    monkeypatch.setattr(unneeded_files, "UNTOUCHED_S", -1)
    half, whole = begin(county), begin(county)
    append(county, half, 0, PHOTO[:100])
    append(county, whole, 0, PHOTO)
    orphan = county.store.folder / "blobs" / "uploads" / "left-by-a-crash"
    orphan.write_bytes(b"x")

    county.clock.pass_by(days=8)
    assert append(county, half, 100, PHOTO[100:]).status_code == 404
    file_round(county.store, blobs_of(county.app))
    assert ([path.name for path in county.blobs()], county.count("upload")) == ([sha256(PHOTO)[2:]], 0)

    county.clock.pass_by(days=23)
    file_round(county.store, blobs_of(county.app))
    assert (county.blobs(), county.count("sent_file")) == ([], 0)


def test_a_photo_sent_again_while_it_is_to_be_deleted_stays(county):
    append(county, begin(county), 0, PHOTO)
    with county.store.reading() as reading:
        found = sent_files.unnamed(reading, "2999-01-01T00:00:00.000Z", 10)
    county.do(sent_files.let_go, found, "2999-01-01T00:00:00.000Z")

    append(county, begin(county, name="town"), 0, PHOTO, "town")

    assert unneeded_files.delete_beside(county.store, blobs_of(county.app)) == 0
    assert stored(county) == [sha256(PHOTO)]


def test_an_upload_whose_bytes_are_in_no_backup_begins_anew(county):
    at = begin(county)
    append(county, at, 0, PHOTO[:100])

    restart(county, lambda folder: [each.unlink() for each in (folder / "blobs" / "uploads").iterdir()])

    assert append(county, at, 100, PHOTO[100:]).status_code == 409
    assert offset(county, at) == 0
    assert append(county, at, 0, PHOTO).status_code == 204
    assert stored(county) == [sha256(PHOTO)]


@pytest.mark.parametrize("step", ["note_sha256", "adopt", "complete"])
def test_a_crash_at_any_step_of_the_last_part_is_made_good_by_asking_again(county, monkeypatch, step):
    at = begin(county)
    owner = uploads.BlobStore if step == "adopt" else uploads.uploads
    whole = getattr(owner, step)

    def crash(*_args):
        raise RuntimeError("as if the machine had stopped here")

    monkeypatch.setattr(owner, step, crash)
    assert append(county, at, 0, PHOTO).status_code == 500
    monkeypatch.setattr(owner, step, whole)
    restart(county)

    assert append(county, at, len(PHOTO), b"").status_code == 204  # clients that do not ask first
    assert offset(county, at) == len(PHOTO)
    assert (stored(county), county.count("sent_file")) == ([sha256(PHOTO)], 1)
    assert list((county.store.folder / "blobs" / "uploads").iterdir()) == []
    assert timedelta(days=7) == uploads.LIFE


def test_who_comes_while_a_part_is_being_stored_is_told_when_to_come_back(county):
    at = begin(county)
    append(county, at, 0, PHOTO[:100])

    with uploads.UploadFiles(county.store.folder / "blobs").opened(at.rpartition("/")[2]):
        busy = append(county, at, 100, PHOTO[100:])
        asked = offset(county, at)

    assert (busy.status_code, busy.headers["Retry-After"], asked) == (503, "2", 100)
    assert append(county, at, 100, PHOTO[100:]).status_code == 204


def test_a_phone_that_falls_silent_in_the_middle_keeps_nobody_from_its_upload(county, monkeypatch):
    content = PHOTO.ljust(100_000, b"\0")
    at = begin(county, content)
    shown = {"authorization": f"Key {county.keys['worker']}", "tus-resumable": "1.0.0", "upload-offset": "0"}
    shown |= {"content-type": tus.OFFSET_TYPE, "content-length": str(len(content))}
    silent = Wire(content[:70_000], stalls=True)
    during = []

    async def scene():
        bridge = bridge_to(county.app, threads=1)
        scope = scope_of(at, "PATCH", list(shown.items()))
        stalled = asyncio.ensure_future(bridge(scope, silent.receive, silent.send))
        while silent.messages:
            await asyncio.sleep(0)
        during.append(offset(county, at))
        during.append(append(county, at, 0, content[:90_000]).status_code)
        await asyncio.wait_for(stalled, 30)
        bridge.close()

    monkeypatch.setattr(bodies, "STALL_S", 0.05)
    monkeypatch.setattr(bodies, "DRAIN_S", 0.01)
    asyncio.run(scene())

    assert (during, silent.status) == ([0, 204], 408)
    assert offset(county, at) == 90_000  # what came of the silent one is late, and does not count
    assert append(county, at, 90_000, content[90_000:]).status_code == 204
