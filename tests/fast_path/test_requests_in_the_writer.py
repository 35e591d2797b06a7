"""Requests that run in the writer's thread write as anybody does, share commits, and are answered together."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from greenlet import _greenlet, greenlet

from server.db import database
from server.db.database import Database
from server.db.transactions import Transaction
from server.db.writer import Request
from server.errors import Refusal
from server.fast_path import GreenletRunner
from tests.db.test_writer import PATIENCE_S, Gate, keep, kept, refuse


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database.create(tmp_path)
    opened = database.open_threaded(tmp_path, runner=GreenletRunner())
    yield opened
    opened.close()


def run(store: Database, request: Callable[[], object]) -> Future[object]:
    """Run ``request`` in the writer; the future has its outcome once it is answered."""
    answered: Future[object] = Future()
    outcome: list[object] = []

    def catching() -> None:
        try:
            outcome.append(request())
        except Exception as error:
            outcome.append(error)

    store.run_in_writer(Request(catching, lambda: answered.set_result(outcome[0])))
    return answered


def test_a_request_runs_in_the_writers_thread_and_writes_as_anybody(store):
    answered = run(store, lambda: (threading.current_thread().name, store.write(keep("a"))))

    assert answered.result(PATIENCE_S) == ("firegrid-writer", "a")
    assert kept(store) == ["a"]


def test_a_request_may_write_twice_and_sees_its_first_write(store):
    def request() -> list[str]:
        store.write(keep("a"))
        seen = kept(store)
        store.write(keep("b"))
        return seen

    answered = run(store, request)

    assert answered.result(PATIENCE_S) == ["a"]
    assert kept(store) == ["a", "b"]


def test_a_request_that_writes_nothing_is_answered_too(store):
    assert run(store, lambda: "read").result(PATIENCE_S) == "read"


def test_requests_in_the_writer_and_others_share_a_commit_and_a_refusal_reaches_that_request_alone(store):
    def writing(work: Callable[[Transaction], object]) -> Callable[[], object]:
        return lambda: store.write(work)

    with Gate(store) as gate:
        answered = [run(store, writing(work)) for work in (keep("a"), refuse, keep("b"))]
        (other,) = gate.queue(keep("c"))

    first, refused, last = (each.result(PATIENCE_S) for each in answered)
    assert (first, last, other.result()) == ("a", "b", "c")
    assert isinstance(refused, Refusal)
    assert kept(store) == ["a", "b", "c"]


def test_no_request_is_answered_before_the_others_of_its_commit_have_run(store):
    events: list[str] = []

    def request(name: str) -> Request:
        return Request(
            lambda: events.append(f"ran {store.write(keep(name))}"),
            lambda: events.append(f"answered {name}"),
        )

    with Gate(store):
        for name in ("a", "b"):
            store.run_in_writer(request(name))
    store.write(keep("later"))

    assert events == ["ran a", "ran b", "answered a", "answered b"]


def test_what_a_request_held_is_let_go_of_once_it_is_answered(store):
    class Held:
        """What a weak reference can follow; a plain object cannot be followed."""

    held = Held()
    watched = weakref.ref(held)
    run(store, lambda held=held: (store.write(keep("a")), repr(held))).result(PATIENCE_S)
    store.write(keep("later"))  # the writer has gone on
    del held

    gc.collect()
    assert watched() is None


def test_requests_after_others_that_wrote_run_as_the_first_ones_did(store):
    for name in ("a", "b", "c"):
        assert run(store, lambda name=name: store.write(keep(name))).result(PATIENCE_S) == name
    with Gate(store):
        answered = [run(store, lambda name=name: store.write(keep(name))) for name in ("d", "e", "f")]

    assert [each.result(PATIENCE_S) for each in answered] == ["d", "e", "f"]
    assert kept(store) == ["a", "b", "c", "d", "e", "f"]


def test_no_greenlet_is_left_when_the_writer_has_ended(store):
    run(store, lambda: store.write(keep("a"))).result(PATIENCE_S)
    store.close()

    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, greenlet) and each and each.parent is not None]


def test_a_writer_ends_without_a_search_through_memory_for_who_holds_its_thread(store):
    run(store, lambda: store.write(keep("a"))).result(PATIENCE_S)
    searching = _greenlet.get_clocks_used_doing_optional_cleanup()

    store.close()

    assert _greenlet.get_clocks_used_doing_optional_cleanup() == searching


def test_a_work_may_not_ask_for_another_commit(store):
    with pytest.raises(RuntimeError, match="another commit"):
        store.write(lambda tx: store.write(keep("inner")))
    answered = run(store, lambda: store.write(lambda tx: store.write(keep("inner"))))

    assert isinstance(answered.result(PATIENCE_S), RuntimeError)
    assert kept(store) == []
