"""A file is whole and on the disk before anything may name it, and is there once however often it comes."""

import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.errors import Damaged, NotFound
from server.submissions.store import blobs
from server.submissions.store.blobs import MEMORY_BYTES_MAX, Blob, BlobStore
from tests.laws import examples

SMALL = b"jpeg"
LARGE = b"mp4!" * MEMORY_BYTES_MAX
WORLD = "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7"  # SHA-256 of b"world"


@pytest.fixture
def store(tmp_path):
    return BlobStore(tmp_path / "blobs")


def an_incoming(store, content, *, chunk_bytes=10_000):
    incoming = store.incoming()
    for at in range(0, len(content), chunk_bytes):
        incoming.write(content[at : at + chunk_bytes])
    return incoming


def files(store):
    return sorted(path for path in store.path(WORLD).parent.parent.rglob("*") if path.is_file())


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Disk:
    """Stands before os.fsync: remembers what was made durable, and fails when told to."""

    def __init__(self, monkeypatch):
        self.synced = []
        self.fails_at = None
        self._fsync = os.fsync
        monkeypatch.setattr(blobs.os, "fsync", self)

    def __call__(self, descriptor):
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        if self.fails_at and re.search(self.fails_at, path):
            raise OSError(5, "Input/output error")
        self._fsync(descriptor)
        self.synced.append(path)


@pytest.fixture
def disk(store, monkeypatch):
    return Disk(monkeypatch)


# Keeping


@pytest.mark.parametrize("content", [b"", SMALL, b"x" * MEMORY_BYTES_MAX, b"x" * (MEMORY_BYTES_MAX + 1), LARGE])
def test_a_kept_content_is_read_back_by_its_hash(store, content):
    blob = store.keep(an_incoming(store, content))

    assert blob == Blob(sha256(content), len(content))
    with store.open(blob.sha256) as file:
        assert file.read() == content
    assert files(store) == [store.path(blob.sha256)]


@given(st.lists(st.binary(max_size=2 * MEMORY_BYTES_MAX), max_size=6))
@settings(max_examples=examples(40))
def test_hashes_and_size_are_those_of_the_whole_however_it_came(tmp_path_factory, chunks):
    store = BlobStore(tmp_path_factory.mktemp("blobs"))
    whole = b"".join(chunks)
    incoming = store.incoming()

    for chunk in chunks:
        incoming.write(chunk)

    assert (incoming.sha256, incoming.md5) == (sha256(whole), hashlib.md5(whole).hexdigest())
    assert incoming.size == len(whole)
    assert store.path(store.keep(incoming).sha256).read_bytes() == whole


def test_a_blob_stands_on_the_shelf_of_its_first_byte(store):
    assert store.keep(an_incoming(store, b"world")).sha256 == WORLD

    assert store.path(WORLD).parts[-2:] == (WORLD[:2], WORLD[2:])


def test_a_blob_of_a_relative_folder_is_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = BlobStore(Path("data/blobs"))
    blob = store.keep(an_incoming(store, SMALL))

    monkeypatch.chdir("/")

    assert store.path(blob.sha256).read_bytes() == SMALL
    assert store.path(blob.sha256).is_absolute()


def test_a_small_content_makes_no_file_until_it_is_kept(store):
    an_incoming(store, SMALL)

    assert files(store) == []


def test_content_then_name_are_durable_before_keep_returns(store, disk):
    blob = store.keep(an_incoming(store, LARGE))

    folder = store.path(blob.sha256).parent
    assert os.path.dirname(disk.synced[0]) == str(folder.parent / "incoming")
    assert disk.synced[1:] == [str(folder.parent), str(folder)]


def test_a_shelf_is_made_durable_once_with_its_first_blob(store, disk, tmp_path):
    first, neighbour = (b"x%d" % number for number in (2, 3))
    assert sha256(first)[:2] == sha256(neighbour)[:2]
    folder = str(tmp_path / "blobs")

    store.keep(an_incoming(store, first))
    assert disk.synced.count(folder) == 1
    store.keep(an_incoming(store, neighbour))

    assert disk.synced.count(folder) == 1


def test_a_content_that_is_there_is_neither_written_nor_synced_again(store, disk):
    first = store.keep(an_incoming(store, LARGE))
    inode = store.path(first.sha256).stat().st_ino
    disk.synced.clear()

    again = store.keep(an_incoming(store, LARGE))

    assert again == first
    assert (disk.synced, files(store)) == ([], [store.path(first.sha256)])
    assert store.path(first.sha256).stat().st_ino == inode


def test_a_damaged_copy_is_replaced_by_the_sound_one(store):
    blob = store.keep(an_incoming(store, LARGE))
    os.truncate(store.path(blob.sha256), 10)

    store.keep(an_incoming(store, LARGE))

    assert store.path(blob.sha256).read_bytes() == LARGE


def test_many_threads_may_keep_the_same_and_different_contents_at_once(store):
    contents = [SMALL, LARGE, b"", b"world"] * 4
    together = Barrier(len(contents))

    def keep(content):
        incoming = an_incoming(store, content)
        together.wait()
        return store.keep(incoming)

    with ThreadPoolExecutor(len(contents)) as threads:
        kept = list(threads.map(keep, contents))

    assert kept == [Blob(sha256(content), len(content)) for content in contents]
    assert files(store) == sorted({store.path(blob.sha256) for blob in kept})
    assert all(store.path(sha256(content)).read_bytes() == content for content in contents)


def test_a_kept_content_may_be_kept_and_discarded_again_without_harm(store):
    incoming = an_incoming(store, SMALL)
    blob = store.keep(incoming)

    assert store.keep(incoming) == blob
    incoming.discard()

    assert store.path(blob.sha256).read_bytes() == SMALL


# Letting go, and what goes wrong


@pytest.mark.parametrize("content", [b"", SMALL, LARGE])
def test_a_discarded_content_leaves_nothing_and_takes_nothing_more(store, content):
    incoming = an_incoming(store, content)

    store.discard(incoming)
    store.discard(incoming)

    assert files(store) == []
    with pytest.raises(ValueError, match="closed"):
        incoming.write(b"x")
    with pytest.raises(ValueError, match="discarded"):
        store.keep(incoming)
    assert files(store) == []


def test_a_closed_content_takes_no_more_and_holds_no_file_open(store):
    incoming = an_incoming(store, LARGE)
    before = len(os.listdir("/proc/self/fd"))

    incoming.close()

    assert len(os.listdir("/proc/self/fd")) == before - 1
    with pytest.raises(ValueError, match="closed"):
        incoming.write(b"x")
    assert store.path(store.keep(incoming).sha256).read_bytes() == LARGE


@pytest.mark.parametrize(
    ("fails_at", "promised"),
    [("/incoming/", []), ("/blobs$", []), (f"/{sha256(LARGE)[:2]}$", ["blobs"])],
    ids=["content", "shelf", "name"],
)
def test_a_disk_that_cannot_promise_keeps_nothing_and_trusts_nothing_later(store, disk, fails_at, promised):
    disk.fails_at = fails_at
    with pytest.raises(OSError, match="Input/output"):
        store.keep(an_incoming(store, LARGE))
    assert files(store) == []
    disk.fails_at = None
    disk.synced.clear()

    blob = store.keep(an_incoming(store, LARGE))

    folder = store.path(blob.sha256).parent
    assert {folder.parent.name, folder.name} - set(promised) == {Path(path).name for path in disk.synced[1:]}
    assert Path(disk.synced[0]).parent.name == "incoming"
    assert store.path(blob.sha256).read_bytes() == LARGE


def test_an_unknown_hash_is_not_found(store):
    with pytest.raises(NotFound):
        store.open(WORLD)


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", WORLD[:-1], WORLD.upper(), WORLD + "\n", "zz" * 32])
def test_what_is_no_hash_is_not_found_and_never_a_path(store, name):
    with pytest.raises(NotFound):
        store.path(name)
    with pytest.raises(NotFound):
        store.open(name)


# After a crash


def test_sweeping_removes_what_never_got_its_name_and_nothing_else(store):
    blob = store.keep(an_incoming(store, LARGE))
    left_over = an_incoming(store, LARGE)
    left_over.close()

    assert store.sweep(older_than_s=3600) == 0
    assert len(files(store)) == 2
    assert store.sweep(older_than_s=0) == 1
    assert files(store) == [store.path(blob.sha256)]


def test_sweeping_makes_durable_what_a_dead_process_had_just_renamed(store, disk):
    folder = store.path(store.keep(an_incoming(store, SMALL)).sha256).parent
    settled = store.path(store.keep(an_incoming(store, b"world")).sha256).parent
    os.utime(settled, (0, 0))
    disk.synced.clear()

    store.sweep(older_than_s=3600)

    assert str(folder) in disk.synced
    assert str(settled) not in disk.synced


def test_a_store_opened_again_has_what_was_kept(store, tmp_path):
    blob = store.keep(an_incoming(store, SMALL))

    with BlobStore(tmp_path / "blobs").open(blob.sha256) as file:
        assert file.read() == SMALL


def test_a_symbolic_link_gives_away_nothing_and_is_replaced(store, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(LARGE)
    path = store.path(sha256(LARGE))
    path.parent.mkdir()
    path.symlink_to(secret)

    with pytest.raises(NotFound):
        store.open(sha256(LARGE))
    assert store.damage(sha256(LARGE), len(LARGE)) == "missing"

    store.keep(an_incoming(store, LARGE))

    assert not path.is_symlink()
    assert path.read_bytes() == LARGE


def test_a_folder_of_links_is_refused_with_its_name_and_a_linked_store_is_not(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "blobs").symlink_to(tmp_path / "disk")
    store = BlobStore(tmp_path / "blobs")
    blob = store.keep(an_incoming(store, LARGE))
    with store.open(blob.sha256) as content:
        assert content.read() == LARGE

    (tmp_path / "disk" / "ff").symlink_to("/etc")

    with pytest.raises(Damaged, match="ff 是符号链接"):
        BlobStore(tmp_path / "blobs")
