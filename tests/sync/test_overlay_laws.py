"""What a device shows is what the server will make of it, as long as nobody else writes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.changes import Dot, FieldWrite
from sync.client.overlay import LocalChange, edit_fields, view
from sync.merge import FieldRule, MergePolicy, merge

NAMES = ("head", "phone", "result", "note", "told")
RULES = {
    "phone": FieldRule(policy=MergePolicy.LATEST),
    "result": FieldRule(group="check"),
    "note": FieldRule(group="check"),
    "told": FieldRule(set_valued=True),
}
values = st.sampled_from(["", "a", "b", "a b"])
edits = st.dictionaries(st.sampled_from(NAMES), values, min_size=1)


class Record:
    """One record at the server, written by one device alone."""

    def __init__(self) -> None:
        self.registers, self.fields, self.version = {}, {}, 0

    def take(self, change: LocalChange, base_version: int) -> None:
        self.version += 1
        merged = merge(
            self.registers,
            {name: FieldWrite(seen, new) for name, (seen, new) in change.fields.items()},
            RULES,
            dot=Dot("device", change.seq),
            base_version=base_version,
            observed_at=f"2026-11-24T04:00:{change.seq:02}Z",
            version=self.version,
        )
        self.registers, self.fields = merged.registers, {name: value for name, value in merged.values.items() if value}
        assert not merged.conflicts

    def base(self) -> dict[str, object] | None:
        if self.version == 0:
            return None
        return {"id": "r", "type": "t", "version": self.version, "fields": self.fields}


@given(st.lists(st.tuples(edits, st.booleans()), min_size=1, max_size=8))
def test_the_server_makes_of_a_chain_of_edits_what_their_author_saw(history):
    server, base, pending = Record(), None, []
    for seq, (wanted, goes_out) in enumerate(history, 1):
        seen = view("r", base, [change for change, _ in pending])
        fields = {name: (saw, new) for name, (saw, new) in edit_fields(seen, wanted).items()}
        if fields:
            pending.append((LocalChange(f"c{seq}", seq, "t", "edit", fields), seen.version))
        if goes_out:
            shown = view("r", base, [change for change, _ in pending]).fields
            for change, base_version in pending:
                server.take(change, base_version)
            assert as_sets(server.fields) == as_sets(shown)
            base, pending = server.base(), []


@given(edits, edits)
def test_a_field_that_shows_the_wanted_value_already_is_not_written(held, wanted):
    base = {"id": "r", "type": "t", "version": 3, "fields": held}

    written = edit_fields(view("r", base, ()), wanted)

    assert set(written) == {name for name, value in wanted.items() if value != held.get(name, "")}
    assert all(saw == (held.get(name) or None) for name, (saw, _) in written.items())


@given(st.permutations(range(1, 5)))
def test_the_order_in_which_changes_are_read_does_not_matter(order):
    changes = [LocalChange(f"c{seq}", seq, "t", "edit", {"head": ("", str(seq))}) for seq in order]

    assert view("r", None, changes).fields == {"head": "4"}


def test_inputs_of_an_act_and_what_was_set_aside_do_not_show_as_fields():
    base = {"id": "r", "type": "t", "version": 3, "fields": {"head": "a"}}
    act = LocalChange("c1", 1, "t", "accept", {"note": (None, "x")})
    aside = LocalChange("c2", 2, "t", "edit", {"head": ("a", "b")}, verdict="quarantined")

    seen = view("r", base, [act, aside])

    assert seen.fields == {"head": "a"}
    assert seen.pending == (act, aside)


def test_an_answered_change_shows_until_the_record_that_holds_it_is_here():
    change = LocalChange("c1", 1, "t", "edit", {"head": ("a", "b")}, verdict="applied", version=4)

    for version, shown in ((3, "b"), (4, "a"), (5, "a")):
        base = {"id": "r", "type": "t", "version": version, "fields": {"head": "a"}}
        assert view("r", base, [change]).fields == {"head": shown}


def as_sets(fields):
    return {name: sorted(value.split()) for name, value in fields.items()}
