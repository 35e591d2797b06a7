"""Copies of a simulated server: backups, restores, and older copies that somebody puts in its place."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

from server.backups.usecases import making, restoring
from server.backups.usecases.orders import Order
from server.db import database, identity
from server.people.usecases import phone_keys
from server.simulate import county
from server.simulate.store import stored_rows
from server.simulate.world import World

AGAIN = 0.5
"""How often the copy is put back that was put back before."""


def backup(world: World, _chance: Random) -> str:
    """Make a backup set while the server serves, and keep the plain folder as somebody's own copy."""
    making.make(world.server.store, Order(world.folder / "backups", "simulate"))
    stored_rows.copy_folder(world.server.folder, world.server.store.now(), world.folder / "copy")
    world.copied_at = world.clock.at
    return "made"


def restore(world: World, _chance: Random) -> str:
    """Put the server back from its newest backup, as ``firegrid restore`` does."""
    sets = world.folder / "backups"
    if not sets.is_dir():
        return "no backup"
    source = restoring.find(sets)
    restoring.verify(source)
    fresh = world.folder / "restored"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    restoring.put_back(source, fresh)
    store = database.open_inline(fresh, world.clock, world.server_ids)
    try:
        store.write(lambda tx: restoring.settle(tx, identity.here(fresh), source))
    finally:
        store.close()
    return f"restored {_put_back(world, fresh)} forms lost"


def put_back(world: World, chance: Random) -> str:
    """Put an older copy of the folder in its place, and tell the server nothing.

    Now and then it is the copy that was put back before, though there is a newer one. The server can only notice by a
    field client that has heard of what the copy lacks.
    """
    copied, before = world.folder / "copy", world.folder / "copy put back before"
    if not copied.is_dir():
        return "no copy"
    if not any(each.heard_at and each.heard_at > world.copied_at for each in world.laptops.values()):
        return "nobody would notice"
    source = before if before.is_dir() and chance.random() < AGAIN else copied
    if source is copied:
        shutil.rmtree(before, ignore_errors=True)
        shutil.copytree(copied, before)
    again = " again" if source is before else ""
    return f"put back{again} {_put_back(world, source)} forms lost"


def _put_back(world: World, folder: Path) -> int:
    """Serve a copy of the folder, and return how many forms it lacks that phones have sent.

    Those are excused: Collect cannot offer them again. What arrived before is not repeated: the server as it is now may
    never have had it.
    """
    world.server.put_back(folder)
    world.network.kept.clear()
    for laptop in world.laptops.values():
        laptop.heard_at = None
    world.expired.clear()
    for name in sorted(world.renewed):  # the copy may not know their newest key
        world.keys[name] = world.server.write(lambda tx, person=name: phone_keys.issue(tx, person, by=county.BY))  # type: ignore[misc]  # mypy infers no lambda with a default
    with world.server.store.reading() as reading:
        there = stored_rows.instances(reading)
    excuse_twice_lost(world)
    lost = [id for id in world.ledger.forms if id in world.ledger.acknowledged and id not in there]
    for id in lost:
        world.ledger.excuse(id, "sent by a phone after the copy that was put back")
    return len(lost)


def excuse_twice_lost(world: World) -> None:
    """Excuse changes that the server has lost with a copy put back, and their laptop with another."""
    with world.server.store.reading() as reading:
        there = stored_rows.changes(reading)
    for id in sorted(world.ledger.at_server_alone - there.keys()):
        world.ledger.excuse(id, "lost with the device, and with the server's copy")
