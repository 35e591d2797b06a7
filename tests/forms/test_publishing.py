"""An administrator publishes a form: phones list it, its ledger exists, and nothing published is ever lost."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

import kobo_forms
from server.audit.store import chain
from server.errors import FormRefused, FormUnknown, NotFound
from server.forms.domain.record_types import Kind
from server.forms.store import forms
from server.forms.usecases import publish
from server.forms.usecases.publish import Prepared
from server.forms.usecases.xlsform import subprocesses
from sync.merge import FieldRule, MergePolicy
from tests.forms.form_builders import FG, SURVEY, a_form

FLOWERS = "| | select_one_from_file flowers.csv | flower | 花 | Flower | flower |\n"
FLOWERS_CSV = (
    "name,label,active_from,active_to\nacacia,槐花,,\njujube,枣花,,2026-11-24\nrape,油菜花,2026-11-25,\n".encode()
)


def published(store, form: str = "", media=None):
    ready = prepared(form or a_form(), tuple((media or {}).items()))
    return store.write(lambda tx: publish.publish(tx, ready, "admin"))


@cache
def prepared(form: str, media: tuple[tuple[str, bytes], ...]) -> Prepared:
    """Prepare a form as an upload is, once a test run: the child process and Java take a second."""
    return publish.prepare(form.encode(), ".md", dict(media))


def the_catalogue(store):
    with store.reading() as reading:
        return forms.catalogue(reading)


def test_a_published_form_is_listed_with_the_hash_of_its_bytes(store):
    outcome = published(store)

    form = the_catalogue(store).forms["apiary"]
    with store.reading() as reading:
        xml = forms.xml(reading, "apiary", "1")
        source = forms.source(reading, "apiary", "1")
    assert (outcome.added, outcome.title, form.state, form.version) == (True, "养蜂登记", "open", "1")
    assert form.current.md5 == hashlib.md5(xml).hexdigest()
    assert source == (a_form().encode(), ".md")


def test_its_ledger_exists_from_then_on_with_rules_for_merging(store):
    survey = SURVEY.replace("| save_to |", "| save_to | bind::fg:group | bind::fg:merge |")
    survey = survey.replace("| hives |\n", "| hives | strength | latest |\n")
    published(store, a_form(survey, **FG, **{"attribute::fg:kind": "event"}))

    known = the_catalogue(store)

    assert known.types["apiaries"].kind is Kind.EVENT
    assert known.rules["apiaries"] == {
        "keeper": FieldRule(),
        "hives": FieldRule(MergePolicy.LATEST, "strength", set_valued=False),
    }


def test_every_version_stays_and_the_newest_is_listed(store, clock):
    published(store)
    clock.at += timedelta(days=1)
    published(store, a_form(more="| | text | note | 备注 | Note | note |\n", version="2", form_title="养蜂"))

    known = the_catalogue(store)

    assert list(known.forms["apiary"].versions) == ["1", "2"]
    assert (known.forms["apiary"].version, known.forms["apiary"].title) == ("2", "养蜂")
    assert list(known.types["apiaries"].fields) == ["keeper", "hives", "note"]


def test_publishing_the_same_again_changes_nothing(store):
    published(store)

    again = published(store)

    assert not again.added
    assert list(the_catalogue(store).forms["apiary"].versions) == ["1"]


def test_a_refused_form_leaves_nothing_behind(store):
    with pytest.raises(FormRefused, match=r"flowers\.csv"):
        published(store, a_form(more=FLOWERS))

    assert the_catalogue(store).forms == {}


def test_a_form_without_a_ledger_is_published_and_declares_nothing(store):
    survey = "| survey |\n| | type | name | label::中文 (zh) |\n| | text | note | 备注 |\n"

    published(store, a_form(survey, entities=""))

    assert the_catalogue(store).forms["apiary"].state == "open"
    assert the_catalogue(store).types == {}


def test_a_second_form_may_write_to_the_ledger_but_not_contradict_it(store):
    published(store)
    published(store, a_form(form_id="check", form_title="检查"))

    with pytest.raises(FormRefused, match="hives"):
        published(store, a_form(SURVEY.replace("integer", "decimal"), form_id="weigh", form_title="称重"))

    assert the_catalogue(store).types["apiaries"].title == "检查"


def test_a_list_reaches_phones_as_the_list_of_the_day(store, clock):
    published(store, a_form(more=FLOWERS), {"flowers.csv": FLOWERS_CSV})

    before = the_catalogue(store).forms["apiary"].media["flowers.csv"]
    clock.at = datetime(2026, 11, 24, 16, 1, tzinfo=UTC)  # the 25th has begun in Beijing
    after = the_catalogue(store).forms["apiary"].media["flowers.csv"]
    with store.reading() as reading:
        content = forms.media(reading, "apiary", "flowers.csv")

    assert content.decode().splitlines() == ["name,label,active", "acacia,槐花,1", "jujube,枣花,0", "rape,油菜花,1"]
    assert (after.md5, after.size) == (hashlib.md5(content).hexdigest(), len(content))
    assert before.md5 != after.md5


def test_a_file_attached_once_serves_later_versions_and_may_be_replaced(store):
    published(store, a_form(more=FLOWERS), {"flowers.csv": FLOWERS_CSV})
    published(store, a_form(more=FLOWERS, version="2"))

    published(
        store, a_form(more=FLOWERS, version="2"), {"flowers.csv": b"name,label,active_from,active_to\nclover,x,,\n"}
    )

    with store.reading() as reading:
        assert forms.media(reading, "apiary", "flowers.csv") == b"name,label,active\nclover,x,1\n"


@pytest.mark.parametrize(
    "content",
    [b"", b"name;label\na;b\n", "name,label\n槐,槐\n".encode("gb18030"), b"name,label,active_from\na,b,soon\n"],
)
def test_a_list_that_no_phone_can_read_is_refused(store, content):
    with pytest.raises(FormRefused, match=r"flowers\.csv"):
        published(store, a_form(more=FLOWERS), {"flowers.csv": content})


def test_a_file_that_is_too_large_is_refused(store, monkeypatch):
    monkeypatch.setattr(publish, "MEDIA_BYTES_MAX", 10)

    with pytest.raises(FormRefused, match=r"legend\.png"):
        published(store, media={"legend.png": b"x" * 11})


@pytest.mark.parametrize("name", ["", "../up.png", "a\\b.png", ".hidden", "bell\x07.png"])
def test_a_file_name_that_leads_elsewhere_is_refused(store, name):
    with pytest.raises(FormRefused, match="文件名"):
        published(store, media={name: b"x"})


def test_a_picture_beside_a_form_is_kept_as_it_is(store):
    published(store, media={"legend.png": b"\x89PNG"})

    with store.reading() as reading:
        assert forms.media(reading, "apiary", "legend.png") == b"\x89PNG"


def test_an_address_that_sends_answers_elsewhere_is_not_published(store):
    published(store, a_form(submission_url="https://elsewhere.example/submission"))

    with store.reading() as reading:
        assert b"elsewhere" not in forms.xml(reading, "apiary", "1")


@pytest.mark.parametrize(
    ("verb", "state"), [(publish.close, "closed"), (publish.wind_down, "closing"), (publish.reopen, "open")]
)
def test_a_form_is_taken_off_the_list_and_put_back(store, verb, state):
    published(store)

    store.write(lambda tx: verb(tx, "apiary", "admin"))

    assert the_catalogue(store).forms["apiary"].state == state


def test_a_new_version_of_a_closed_form_opens_it_again(store):
    published(store)
    store.write(lambda tx: publish.close(tx, "apiary", "admin"))

    published(store, a_form(version="2"))

    assert the_catalogue(store).forms["apiary"].state == "open"


def test_the_audit_trail_says_who_published_and_closed(store):
    published(store, a_form(more=FLOWERS), {"flowers.csv": FLOWERS_CSV})
    store.write(lambda tx: publish.close(tx, "apiary", "chief"))

    with store.reading() as reading:
        deeds = {(entry.actor, entry.event) for entry in chain.list_about(reading, "apiary")}

    assert deeds == {("admin", "form.publish"), ("admin", "form.media"), ("chief", "form.closed")}


def test_what_was_never_published_is_said_to_be_unknown(store):
    published(store)

    with store.reading() as reading:
        assert forms.get(reading, "apiary").id == "apiary"
        with pytest.raises(FormUnknown):
            forms.get(reading, "beehive")
        with pytest.raises(FormUnknown):
            forms.xml(reading, "apiary", "2")
        with pytest.raises(NotFound):
            forms.media(reading, "apiary", "flowers.csv")
    with pytest.raises(FormUnknown):
        store.write(lambda tx: publish.close(tx, "beehive", "admin"))


@pytest.mark.slow
def test_the_forms_that_come_with_the_product_publish_without_a_fault_and_without_a_warning(store):
    said = {}
    for name in kobo_forms.names():
        prepared = publish.prepare(kobo_forms.source(name), ".md", kobo_forms.sources(name))
        outcome = store.write(lambda tx, prepared=prepared: publish.publish(tx, prepared, None))
        said[outcome.form_id] = outcome.warnings

    assert said == dict.fromkeys(kobo_forms.names(), ())
    assert the_catalogue(store).types["hazards"].kind is Kind.CASE


OF_OURS = """\
| survey |
| | type | name | label::中文 (zh) | label::English (en) | relevant | save_to |
| | text | keeper | 养蜂人 | Keeper | | keeper |
| | integer | hives | 蜂箱数 | Hives | {} | |
"""
OURS = [(a_form(OF_OURS.format(""), form_id=id).encode(), {}) for id in ("spring", "summer")]
BROKEN = (a_form(OF_OURS.format("${keeper} = nothing()")).encode(), {})


@pytest.fixture
def started(monkeypatch) -> list[str]:
    """The programs that were started since; skips the test aloud without Java."""
    if shutil.which("java") is None:
        pytest.skip("NOT TRIED: there is no Java here (apt-get install default-jre-headless)")
    run, names = subprocesses.run, []

    def counted(command, **more):
        names.append("java" if command[0].endswith("java") else "pyxform")
        return run(command, **more)

    monkeypatch.setattr(subprocesses, "run", counted)
    return names


def test_each_tool_starts_once_for_all_forms_that_are_in_order(started):
    prepared = [*publish.prepare_together(OURS)]

    assert started == ["pyxform", "java"]
    assert [each.definition.form_id for each in prepared] == ["spring", "summer"]
    assert [(each.faults, each.warnings) for each in prepared] == [((), ())] * 2


@pytest.mark.slow
def test_a_form_that_no_phone_can_open_is_told_as_if_it_were_alone_and_the_others_are_in_order(started):
    good, bad = publish.prepare_together([OURS[0], BROKEN])

    assert good.faults == ()
    assert bad.faults == publish.prepare(BROKEN[0], ".md", {}).faults
    assert [(each.row, each.column) for each in bad.faults] == [(3, "relevant")]
