"""A record with its whole history, written to as the server does: what the laws of settling are told with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

from server.changes.domain import record_history, revise, settling
from server.changes.domain.revise import Revised
from server.records.domain.records import Record, Revision
from sync import merge, registers, replay
from sync.changes import Dot
from tests.changes.test_revise import RULES, STATIONS, a_context

LATER, LATEST = "2026-11-24T06:00:00.000Z", "2026-11-24T08:00:00.000Z"
FIRST = {"label": "一号站", "head": "0", "hoses": "0", "level": "0", "lack": "0"}


@dataclass(frozen=True)
class Sent:
    """What a phone writes that saw version 1: every value it touched."""

    origin: str
    seq: int
    values: Mapping[str, str]


@dataclass
class Story:
    """A record and all its revisions."""

    record: Record = field(init=False)
    history: list[Revision] = field(default_factory=list)

    def __post_init__(self) -> None:
        made = revise.create(a_context(fields=FIRST, dot=Dot("maker", 1)), area="130630100201001", path="p")
        self.take(made)

    def take(self, revised: Revised) -> Revised:
        self.record = revised.record
        self.history.append(revised.revision)
        return revised

    def write(self, sent: Sent) -> Revised:
        """Let a phone's change arrive, merged anew when a later one of the same hand is in."""
        newest = max((each.origin_seq for each in self.history if each.origin == sent.origin), default=0)
        late = record_history.received(self.history, STATIONS) if newest > sent.seq else []
        before = [
            each for each in record_history.received(self.history, STATIONS)
            if isinstance(each, replay.Received) and each.dot.origin == sent.origin and each.dot.seq < sent.seq
        ]  # fmt: skip
        seen = {**FIRST, **replay.pending_at(1, sorted(before, key=lambda each: each.dot.seq))}
        return self.take(
            revise.edit(
                self.record,
                a_context(
                    "edit", seq=len(self.history) + 1, base_version=1, dot=Dot(sent.origin, sent.seq), base=FIRST,
                    submission=f"{sent.origin} {sent.seq}",
                    fields={name: (seen.get(name), value) for name, value in sent.values.items()},
                    seen_members={name: value for name, value in seen.items() if name not in sent.values},
                ),
                late,
            )
        )  # fmt: skip

    def write_all(self, sent: Iterable[Sent]) -> Story:
        for each in sent:
            self.write(each)
        return self

    def settle(self, **choices: str) -> Revised:
        return self.take(settling.settle(self.record, self._office("settle", choices), "村干部"))

    def unsettle(self, *versions: int) -> Revised:
        wish = self._office("unsettle", {record_history.UNDOES: " ".join(map(str, versions))})
        return self.take(settling.unsettle(self.record, wish, self.history, "村干部"))

    def heads(self) -> dict[str, frozenset[tuple[str | int, ...]]]:
        """Return every value that stands, with all that does not depend on the order of arrival."""
        known = registers.from_json(self.record.registers)
        return {name: frozenset(head[:4] for head in register.heads) for name, register in known.items()}

    def values(self, name: str) -> frozenset[str]:
        return merge.values(registers.from_json(self.record.registers)[name])

    def _office(self, action: str, fields: Mapping[str, str]):
        at, version = self.record.version, self.record.version + 1
        return a_context(action, at=LATEST, seq=len(self.history) + 1, base_version=at, dot=Dot("office", version),
                     fields=dict(fields))  # fmt: skip


names = [name for name in ("head", "level", "lack", "hoses") if name in STATIONS.fields]
assert set(RULES) & set(names) == {"level", "lack"}


@st.composite
def writings(draw: st.DrawFn, origins: Iterable[str] = ("red", "blue", "green")) -> list[Sent]:
    """What several phones send that all saw version 1, each in the order in which it wrote."""
    sent = []
    for origin in draw(st.sets(st.sampled_from(sorted(origins)), min_size=1)):
        for seq in range(1, draw(st.integers(1, 2)) + 1):
            values = draw(st.dictionaries(st.sampled_from(names), st.sampled_from(["0", "1", "2"]), min_size=1))
            sent.append(Sent(origin, seq, values))
    return sent
