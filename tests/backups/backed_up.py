"""A county with two photos, backups of it, and the commands that make them and put them back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from server.backups.store import set_folder
from server.backups.store.set_folder import BackupSet
from server.backups.usecases import making
from server.backups.usecases.making import Made
from server.backups.usecases.orders import Order
from server.cli.main import main
from server.db import database
from server.db.transactions import Reading
from tests.county import County
from tests.filled_forms import a_hazard, new_uuid, photo


def send_photo(county: County, content: bytes) -> str:
    """Report a hazard with one photo; return the id of its record."""
    id = new_uuid()
    answer = county.phone().send(a_hazard(id, photo="1.jpg"), photo("1.jpg", b"\xff\xd8" + content))
    assert answer.status_code == 201, answer.text
    return id


def back_up(county: County, to: Path, **order: object) -> Made:
    """Make a backup beside the running server of a county."""
    return making.make(county.store, Order(to, "test", **order))


def run(*arguments: str | Path) -> Result:
    """Run one ``firegrid`` command."""
    return CliRunner().invoke(main, [str(each) for each in arguments])


@contextmanager
def reading(folder: Path) -> Iterator[Reading]:
    """Read the database of a folder that nobody serves."""
    store = database.open_inline(folder)
    try:
        with store.reading() as found:
            yield found
    finally:
        store.close()


def newest(to: Path) -> BackupSet:
    """Return the newest set of a folder of backups."""
    return set_folder.open_set(set_folder.paths(to)[-1])


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file under a folder with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
