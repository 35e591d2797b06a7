"""What a question offers: nothing that was ever offered becomes unknown, and only what is chosen anew is judged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.changes.domain.validation import invalid_fields, validate
from server.forms.domain.choices import Choices, CodeList, Options, Span, combine_options
from server.forms.domain.fields import Field
from server.forms.domain.record_types import Declaration, Kind, RecordType, combine

codes = st.sampled_from(["wires", "gas", "blocked", "other"])
options = st.builds(Options, st.lists(codes, unique=True).map(tuple))
said = st.lists(st.tuples(st.sampled_from(["report", "check"]), options), min_size=1, max_size=6)
KIT = Choices({"pump": (Span("", ""),), "axe": (Span("2026-01-01", "2026-06-30"),), "rope": ()}, set_valued=True)
WAY = Choices({"sold": (Span("", "2026-06-30"), Span("2026-09-01", ""))})


@given(said)
def test_what_any_version_offered_is_known_for_ever_and_what_a_newest_one_offers_is_current(said):
    offered = combine_options(said)

    newest = dict(said)
    assert set(offered.codes) | set(offered.retired) == {code for _, each in said for code in each.codes}
    assert set(offered.codes) == {code for each in newest.values() for code in each.codes}
    assert set(offered.codes).isdisjoint(offered.retired)


@given(said)
def test_a_field_that_one_form_fills_with_anything_has_no_choices(said):
    assert combine_options([*said, ("round", None)]) is None


def test_lists_beside_several_forms_are_taken_combine_options():
    told, other = CodeList("told", "name"), CodeList("told", "item")

    assert combine_options([("a", Options(lists=(told,))), ("b", Options(lists=(other, told)))]).lists == (told, other)


def test_a_code_is_retired_outside_its_days_and_unknown_when_nobody_offered_it():
    assert WAY.retired("sold", "2026-06-30") == ()
    assert WAY.retired("sold", "2026-07-01") == ("sold",)
    assert WAY.retired("sold", "2026-09-01") == ()
    assert WAY.unknown("sold") == ()
    assert WAY.unknown("lent") == ("lent",)
    assert WAY.retired("lent", "2026-09-01") == ()


def test_a_set_is_judged_by_what_was_added_to_it():
    assert KIT.unknown("pump ladder hose", held="hose") == ("ladder",)
    assert KIT.retired("pump axe rope", "2026-11-24", held="pump rope") == ("axe",)
    assert KIT.retired("pump axe rope", "2026-03-01") == ("rope",)
    assert KIT.unknown("") == KIT.retired("", "2026-11-24") == ()


def test_an_answer_that_stood_there_already_was_not_chosen():
    assert WAY.unknown("lent", held="lent") == ()
    assert WAY.retired("sold", "2026-07-01", held="sold") == ()


def a_form(form: str, *fields: Field, creates: bool = True, version: str = "1") -> Declaration:
    return Declaration(form, version, "pumps", "泵", fields, Kind.PROFILE, creates=creates)


def test_an_answer_is_required_of_a_ledger_when_every_form_that_fills_it_demands_it():
    asks, demands = Field("owner"), Field("owner", required=True)

    assert combine([a_form("new", demands)]).fields["owner"].required
    assert combine([a_form("new", demands), a_form("fix", asks, creates=False)]).fields["owner"].required
    assert not combine([a_form("new", demands), a_form("list", asks)]).fields["owner"].required
    assert not combine([a_form("new", demands), a_form("new", asks, version="2")]).fields["owner"].required
    assert not combine([a_form("fix", demands, creates=False)]).fields["owner"].required


PUMPS = RecordType(
    "pumps",
    "泵",
    Kind.PROFILE,
    {
        "owner": Field("owner", "管理人", required=True),
        "litres": Field("litres", "升", "int"),
        "kit": Field("kit", "器材", set_valued=True),
        "way": Field("way", "去向"),
    },
    choices={"kit": KIT, "way": WAY},
)


def test_a_code_applies_whatever_it_is_and_is_doubted_when_it_was_not_offered():
    found = validate(PUMPS, {"kit": "pump axe", "way": "lent", "litres": "many"}, "2026-11-24T04:00:00.000Z")

    assert found.values == {"kit": "pump axe", "way": "lent"}
    assert found.codes_to_check == {"kit": "选项“axe”已停用", "way": "没有选项“lent”"}
    assert found.invalid == {"litres": "“many”不是整数。"}


def test_after_a_merge_type_choice_and_required_are_looked_at_again():
    shown = {"owner": "", "litres": "many", "kit": "pump hose", "way": "sold", "unheard": "x"}

    assert invalid_fields(PUMPS, shown) == {
        "owner": "必填项空了",
        "litres": "“many”不是整数。",
        "kit": "没有选项“hose”",
    }
    assert invalid_fields(PUMPS, {"litres": "", "kit": "rope"}) == {}
