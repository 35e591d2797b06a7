"""Wherever a name or number stands in what was sent, it goes, and no phone waits while everything is looked through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.admin.usecases import forgetting, person_traces, sent_forgetting
from server.app import close
from server.db.transactions import Transaction
from tests import field_forms as forms
from tests.admin.test_a_person_is_forgotten import everything, files_of
from tests.admin.test_forgotten_in_what_was_sent import NAME, PHONE, broken, lay, visit
from tests.api_county import UNIT, uuid_of
from tests.county import Clock, open_county

PLACES = {
    "an answer": "<door>{}</door>",
    "an answer that no form asks for": "<more><deep>{}</deep></more>",
    "before an element": "<more>{}<deep/></more>",
    "behind an element": "<more><deep/>{}</more>",
    "at the end of all": "{}",
    "an attribute": '<more at="{}"/>',
    "an id that is none of the form's": '<more id="{}" version="{}" dataset="{}"/>',
    "a comment": "<!--{}-->",
    "a processing instruction": "<?note {}?>",
    "a section of characters": "<more><![CDATA[{}]]></more>",
    "around a comment": "<more><!-- -->{}<!-- --></more>",
    "the name of a file": "<yard>{}.jpg</yard>",
}
VALUES = (NAME, PHONE, f"+86 {PHONE[:3]}-{PHONE[3:7]}-{PHONE[7:]}", "１３８０００００４７１")


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("county") / "data", lay, clock=Clock())
    made.clock.sent = 0
    yield made
    close(made.app)


def with_planted(word: str, place: str, value: str, form: str = "visit") -> bytes:
    planted = PLACES[place].replace("{}", value)
    sent = visit(word, owner="王二", tel="13900000002", form=form).decode()
    return sent.replace("</data>", f"{planted}</data>").encode()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(sorted(PLACES)), value=st.sampled_from(VALUES), form=st.sampled_from(["visit", "none"]))
def test_a_value_planted_anywhere_goes_from_every_table(visits, place, value, form):
    visits.clock.sent += 1
    word = f"planted {visits.clock.sent}"
    file = (f"{value}.jpg", f"photo {word}".encode(), "image/jpeg")
    assert visits.phone("worker").send(with_planted(word, place, value, form), file).status_code in (201, 404)
    assert value in everything(visits)

    forgetting.forget_values(visits.store, [NAME, PHONE], by="command")

    assert value not in everything(visits)
    assert "王二" in everything(visits)
    assert broken(visits) == []


def test_two_files_that_were_called_after_a_person_stay_two(visits):
    names = (f"{PHONE}.jpg", f"+86{PHONE}.jpg")
    sent = (
        visit("two files", owner=NAME).replace(b"card.jpg", names[0].encode()).replace(b"yard.jpg", names[1].encode())
    )
    files = [(name, name.encode(), "image/jpeg") for name in names]
    assert visits.phone("worker").send(sent, *files).status_code == 201

    forgetting.forget_values(visits.store, [NAME, PHONE], by="command")

    [row] = visits.rows("SELECT id, xml FROM submission WHERE instance_id = :id", id=f"uuid:{uuid_of('two files')}")
    kept = visits.rows("SELECT name FROM submission_file WHERE submission = :id", id=row["id"])
    assert {each["name"] for each in kept} == {"****.jpg", "2-****.jpg"}
    assert all(f">{each['name']}<" in bytes(row["xml"]).decode() for each in kept)


def test_the_place_of_a_patrol_is_forgotten_by_the_figures_too(visits):
    visits.publish(forms.PATROL)
    patrol = {"type": "patrols", "action": "create", "area": UNIT}
    fields = {"place": f"{PHONE}家", "premises_count": "9", "label": f"{PHONE}家"}
    assert visits.post("/records", "worker", {**patrol, "fields": fields}).status_code == 201

    forgetting.forget_values(visits.store, [PHONE], by="command")

    assert visits.rows("SELECT place, premises FROM patrol_fact") == [{"place": "家", "premises": 9}]
    assert PHONE not in everything(visits)
    assert broken(visits) == []


def test_what_comes_in_while_everything_is_looked_through_is_not_missed(visits):
    assert visits.phone("worker").send(visit("before")).status_code == 201
    with visits.store.reading() as reading:
        found = person_traces.find(reading, [NAME, PHONE])
    assert visits.phone("worker").send(visit("between")).status_code == 201
    assert visits.phone("worker").send(visit("rejected", form="nobody-knows")).status_code == 404
    assert visits.phone("worker").send(visit("before", more="乙")).status_code == 409

    visits.do(forgetting.forget_found, found, [NAME, PHONE], by="command", files=files_of(visits))

    assert [value for value in (NAME, PHONE) if value in everything(visits)] == []


@contextmanager
def parsed_in_a_write(county) -> Iterator[list[int]]:
    """Count the submissions that are parsed, and the rows of SQLite's steps, while the writer is held."""
    counts, held = [0, 0], [False]
    parse, write = sent_forgetting.parse, county.store.write

    def counting_parse(xml: bytes, what: str):
        counts[0] += held[0]
        return parse(xml, what)

    def counting_write(work):
        def held_work(tx: Transaction):
            def step() -> int:
                counts[1] += 1
                return 0

            held[0] = True
            connection = tx.sql._conn  # nothing else lets a test count what SQLite does
            connection.set_progress_handler(step, 1)
            try:
                return work(tx)
            finally:
                connection.set_progress_handler(None, 0)
                held[0] = False

        return write(held_work)

    with patch.object(sent_forgetting, "parse", counting_parse), patch.object(county.store, "write", counting_write):
        yield counts


@pytest.mark.sqlite  # it counts the steps of SQLite's machine
def test_the_writer_is_held_for_what_was_found_and_not_for_all_that_was_ever_sent(visits):
    def cost(word: str) -> tuple[int, int]:
        assert visits.phone("worker").send(visit(word)).status_code == 201
        with parsed_in_a_write(visits) as counts:
            done = forgetting.forget_values(visits.store, [NAME, PHONE], by="command")
        assert done.counts["submission"] == 1
        return counts[0], counts[1]

    few, steps_of_few = cost("among few")
    for number in range(60):
        others = visit(f"other {number}", owner="王二", tel="13900000002", more=f"&#{ord('甲')};")
        assert visits.phone("worker").send(others).status_code == 201
    many, steps_of_many = cost("among many")

    assert few == many <= 6
    assert steps_of_many < steps_of_few + 300
