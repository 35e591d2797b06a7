"""A create is a merge into nothing; the shorter way to it must lead to the same place."""

from hypothesis import given
from hypothesis import strategies as st

from sync import registers
from sync.changes import Dot, FieldWrite
from sync.created import created
from sync.merge import merge
from tests.sync.merge_histories import MONDAY, RULES

elements = st.sampled_from(["", "a", "b", "a b", "b a", "b a b"])


@given(st.dictionaries(st.sampled_from([*RULES, "label", "unheard_of"]), elements))
def test_creating_a_record_equals_merging_its_values_into_nothing(values):
    dot = Dot("uuid:1", 1)

    short = created(values, RULES, dot=dot, observed_at=MONDAY)

    writes = {name: FieldWrite(None, value) for name, value in values.items()}
    whole = merge({}, writes, RULES, dot=dot, base_version=0, observed_at=MONDAY, version=1)
    assert short == (whole.values, registers.to_json(whole.registers))
    assert not whole.conflicts
