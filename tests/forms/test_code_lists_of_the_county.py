"""A list beside a form is a code list of the county: everybody reads it, and no code is ever forgotten."""

from __future__ import annotations

from datetime import UTC, datetime

from server.forms.store import codes, forms
from server.forms.usecases import code_lists
from server.replication.usecases import shared_lists
from tests.forms.form_builders import a_form
from tests.forms.test_publishing import FLOWERS, published


def a_list(*lines: str, head: str = "name,label,active_from,active_to") -> dict[str, bytes]:
    return {"flowers.csv": "\n".join([head, *lines]).encode()}


def published_with(store, *lines: str, form_id: str = "apiary", **more: str):
    return published(store, a_form(more=FLOWERS, form_id=form_id), a_list(*lines, **more))


def flowers(store) -> dict[str, tuple[str, str, str]]:
    with store.reading() as reading:
        return {
            code.code: (code.label, code.active_from, code.active_to)
            for rows in codes.of_list(reading, "flowers").values()
            for code in rows
        }


def offered(store) -> dict[str, str]:
    """Return what field clients read of the list: code to whether it is offered today."""
    with store.reading() as reading:
        rows = [row["fields"] for row in shared_lists.rows(reading) if row["type"] == "_code"]
    return {row["code"]: row["active"] for row in rows if row["list"] == "flowers"}


def test_a_list_that_is_published_with_a_form_is_read_by_field_clients_too(store):
    published_with(store, "acacia,槐花,2026-01-01,", "jujube,枣花,,2026-11-01")

    assert offered(store) == {"acacia": "1", "jujube": "0"}
    assert flowers(store)["acacia"] == ("槐花", "2026-01-01", "")


def test_a_code_that_leaves_the_file_is_retired_from_today_on_and_stays_known(store, clock):
    published_with(store, "acacia,槐花,2026-01-01,", "jujube,枣花,2026-01-01,")
    clock.at = datetime(2026, 12, 1, 3, tzinfo=UTC)

    outcome = published_with(store, "acacia,洋槐花,2026-01-01,")

    assert flowers(store) == {
        "acacia": ("洋槐花", "2026-01-01", ""),
        "jujube": ("枣花", "2026-01-01", "2026-11-30"),
    }
    assert offered(store) == {"acacia": "1", "jujube": "0"}
    [warning] = [each for each in outcome.warnings if "flowers.csv" in each]
    assert "1 个代码（jujube 枣花）" in warning
    assert "active_to" in warning


def test_a_code_that_comes_back_is_offered_again(store):
    published_with(store, "acacia,槐花,2026-01-01,", "jujube,枣花,2026-01-01,")
    published_with(store, "acacia,槐花,2026-01-01,")

    published_with(store, "acacia,槐花,2026-01-01,", "jujube,枣花,2026-01-01,")

    assert flowers(store)["jujube"] == ("枣花", "2026-01-01", "")
    assert offered(store) == {"acacia": "1", "jujube": "1"}


def test_two_forms_that_share_a_list_retire_a_code_only_together(store, clock):
    published_with(store, "acacia,槐花,,", "jujube,枣花,,")
    clock.at = datetime(2026, 11, 24, 4, tzinfo=UTC)

    published_with(store, "acacia,洋槐花,,", form_id="second")

    assert flowers(store) == {"acacia": ("洋槐花", "", ""), "jujube": ("枣花", "", "")}


def test_a_file_of_one_day_says_with_its_flag_what_is_retired(store):
    published_with(store, "acacia,槐花,1", "jujube,枣花,0", head="name,label,active")

    assert offered(store) == {"acacia": "1", "jujube": "0"}


def test_the_same_file_again_changes_nothing(store):
    published_with(store, "acacia,槐花,2026-01-01,")
    with store.reading() as reading:
        before = shared_lists.version_hash(reading)

    published_with(store, "acacia,槐花,2026-01-01,")

    with store.reading() as reading:
        assert shared_lists.version_hash(reading) == before


def test_a_file_without_codes_goes_to_phones_as_it_is(store):
    published(store, a_form(more="| | csv-external | flowers | | | |\n"), a_list("a,here", head="code,place"))

    assert flowers(store) == {}
    with store.reading() as reading:
        assert forms.media(reading, "apiary", "flowers.csv") == b"code,place\na,here"


def test_a_register_goes_to_phones_as_it_is(store):
    published_with(store, *(f"c{n},x" for n in range(code_lists.CODES_MAX + 1)), head="name,label")

    assert flowers(store) == {}
    with store.reading() as reading:
        assert forms.catalogue(reading).types["apiaries"].choices == {}


def test_a_field_that_chooses_from_the_list_knows_its_codes(store):
    published_with(store, "acacia,槐花,2026-01-01,", "jujube,枣花,,2026-11-01")

    with store.reading() as reading:
        choices = forms.catalogue(reading).types["apiaries"].choices["flower"]

    assert choices.unknown("rose") == ("rose",)
    assert choices.retired("jujube", "2026-11-24") == ("jujube",)
    assert choices.retired("acacia", "2026-11-24") == ()


def test_the_lists_that_come_with_the_product_survive_their_own_publication(store):
    def lay(tx):
        code_lists.install(tx)
        before = [codes.of_list(tx, name) for name in ("hazard_items", "kit_items")]
        for name in ("hazard_items", "kit_items"):
            forms.put_media(tx, "x", f"{name}.csv", _content(name))
            assert code_lists.update_from_media(tx, name) == []
        assert [codes.of_list(tx, name) for name in ("hazard_items", "kit_items")] == before

    published(store, a_form(form_id="x"))
    store.write(lay)


def test_a_word_that_a_column_never_had_is_warned_of(store):
    head = "name,label,active_from,active_to,spot_ok,remark"
    rows = [f"c{number},花{number},2026-01-01,,{number % 2},说明{number}" for number in range(8)]
    published_with(store, *rows, head=head)

    changed = [row.replace(",,1,", ",,是,").replace("说明2", "新说明") for row in rows]
    [warning] = published_with(store, *changed, head=head).warnings[-1:]
    again = published_with(store, *changed, head=head)

    assert "spot_ok 列有从前没有的写法：c1 等 4 行是“是”，从前只有 0、1" in warning
    assert not any("从前没有的写法" in each for each in again.warnings)


def _content(name: str) -> bytes:
    import kobo_forms

    form = {"hazard_items": "hazard_report", "kit_items": "micro_station"}[name]
    return kobo_forms.sources(form)[f"{name}.csv"]
