"""The simulation finds what is wrong: each fault planted here is found within five hundred days of phones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from server.changes.store import verdicts
from server.db.sqlite import connections
from server.records.store import buckets
from server.replication.store import pulls, raised_versions
from server.replication.usecases import pull
from server.simulate import faults, runs
from sync import registers
from sync.changes import Verdict
from sync.client import outbox

PHONES, DAYS, TRIES = 8, 5, 12
"""40 days of phones a try: twelve are fewer than five hundred."""


def last_one_wins(patch) -> None:
    """Merge: a write drops every other value, seen or not."""
    put = registers.put
    patch.setattr(registers, "put", lambda register, head, *, replacing: put(register, head, replacing=register.heads))


def what_is_older_than_what_was_shown_goes(patch) -> None:
    """Merge: who replaces a value replaces those too that came before it and were not shown."""
    put = registers.put

    def placed(register, head, *, replacing):
        latest = max((each.version for each in replacing), default=-1)
        older = {each for each in register.heads if each.version <= latest}
        return put(register, head, replacing={*replacing, *older})

    patch.setattr(registers, "put", placed)


def repeats_are_told_that_all_went_well(patch) -> None:
    """Verdicts: who asks again is told another verdict than the stored one."""
    find = verdicts.find

    def found(*arguments):
        stored = find(*arguments)
        went_well = stored is not None and stored.verdict is not Verdict.WAITING
        return replace(stored, verdict=Verdict.APPLIED, told=Verdict.APPLIED) if went_well else stored

    patch.setattr(verdicts, "find", found)


def the_last_commits_seem_idle(patch) -> None:
    """Cursor: a pull thinks that nothing is new where little is."""
    newest = buckets.newest_of_all
    patch.setattr(buckets, "newest_of_all", lambda reading, scope: newest(reading, scope) - 3)


def buckets_forget_assignees(patch) -> None:
    """Buckets: a case that is given to somebody is not told to their own bucket."""
    patch.setattr(buckets, "of", lambda record: {f"area:{record.path}", f"person:{record.author}"})


def a_restore_raises_no_version(patch) -> None:
    """Restore: numbers that phones have seen are given out again."""
    patch.setattr(raised_versions, "raise_all", lambda *_: 0)


def nothing_is_offered_again(patch) -> None:
    """Restore: a field client does not offer again what it had sent."""
    apply = outbox.apply_server_state

    def applied(device, state):
        device.run("UPDATE change SET body = NULL, spare_body = NULL WHERE state = 'sent'")
        return apply(device, state)

    patch.setattr(outbox, "apply_server_state", applied)


def a_bucket_that_is_cut_counts_as_whole(patch) -> None:
    """Pages: what did not fit into a page is never sent."""
    rows = pull._BucketPages._bucket

    def bucket(self, name, position):
        yield from rows(self, name, position)
        self._positions[name] = self._seq

    patch.setattr(pull._BucketPages, "_bucket", bucket)


def nothing_is_removed(patch) -> None:
    """Pages: a row that has left a bucket is not told of."""
    changed = pulls.changed
    patch.setattr(pulls, "changed", lambda *asked: (row for row in changed(*asked) if "version" in row))


def commits_are_not_synced(patch) -> None:
    """Durability: a commit is acknowledged before it is on disk."""
    connect = connections.connect

    def connected(path):
        connection = connect(path)
        connection.conn.execute("PRAGMA synchronous = NORMAL")
        return connection

    patch.setattr(connections, "connect", connected)


PLANTED: tuple[tuple[Callable, tuple[str, ...], int], ...] = (
    (last_one_wins, (*faults.ALL, faults.OVERLAP), 3),
    (what_is_older_than_what_was_shown_goes, (*faults.ALL, faults.OVERLAP), 3),
    (repeats_are_told_that_all_went_well, (*faults.ALL, faults.OVERLAP), 1),
    (the_last_commits_seem_idle, faults.ALL, 6),
    (buckets_forget_assignees, faults.ALL, 6),
    (a_restore_raises_no_version, faults.ALL, 1),
    (nothing_is_offered_again, faults.ALL, 1),
    (a_bucket_that_is_cut_counts_as_whole, faults.ALL, 1),
    (nothing_is_removed, faults.ALL, 6),
    (commits_are_not_synced, faults.ALL, 1),
)
"""Each fault with what else may befall the county, and which of the tries to make first: it found the fault before."""


@pytest.mark.slow
@pytest.mark.parametrize(("plant", "may", "first"), PLANTED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_fault_is_found(monkeypatch, plant, may, first):
    plant(monkeypatch)
    seeds = sorted(range(1, TRIES + 1), key=lambda seed: seed != first)

    assert any(runs.play(runs.draw(seed, PHONES, DAYS, may)).is_broken for seed in seeds)
