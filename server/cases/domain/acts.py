"""An act on a case, and the context that the rules need to check it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.cases.domain.calendars import Calendar, shipped
from server.instants import Instant
from server.people.domain.actors import Role
from server.people.domain.rights import Grant

PASSES = "pass"
"""The input of ``site_check`` that says whether the check is passed."""


@dataclass(frozen=True, slots=True)
class Act:
    """A workflow action that somebody takes.

    inputs: what came with it, by name (``workflow.Step``), blank ones left out. author: user name.
    at: the transaction's clock.
    """

    action: str
    inputs: Mapping[str, str]
    author: str
    at: Instant

    def __getitem__(self, name: str) -> str:
        """Return an input, empty where there was none."""
        return self.inputs.get(name, "")

    @property
    def passed(self) -> bool:
        """Whether a check on the spot found the hazard gone."""
        return self[PASSES] == "yes"

    @property
    def failed(self) -> bool:
        """Whether a check on the spot found the hazard there still."""
        return self[PASSES] == "no"


@dataclass(frozen=True, slots=True)
class Party:
    """Whom an ``assignee`` names: a person with duties in force, or a body.

    mark: ``user:<name>`` or ``body:<code>``. label: display name. at: the instant of asking. duties: of a person, each
    as role and path of its area. kind, path: of a body (``data/body_kinds.csv``), empty for a person.
    """

    mark: str
    label: str
    at: Instant
    duties: tuple[tuple[Role, str], ...] = ()
    kind: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """A code that an input holds, as its code list explains it. extra: the list's own columns."""

    code: str
    label: str
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MergeTarget:
    """Another case that the author may see, as far as merging into it needs.

    path: of its area. said: of its hazard when it was registered, as in ``Merging``.
    """

    id: str
    type: str
    status: str
    label: str
    path: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merging:
    """What the rules about merging ask besides the case itself.

    into: the case named by ``into``. by_higher_level: the author decides above whoever registered the case. said: what
    it said of its hazard when it was registered, by field (``similarity.LIKENESS``). holds_cases: cases that were
    registered are merged into it.
    """

    into: MergeTarget | None = None
    by_higher_level: bool = False
    said: Mapping[str, str] = field(default_factory=dict)
    holds_cases: bool = False


@dataclass(frozen=True, slots=True)
class ActContext:
    """What the rules ask about besides the case itself; looked up before they judge.

    grants: the author's rights to this action on this case. handles: the author has the case, or had it within the
    last 30 days; leads: as the one who has it, not as a co-handler. body_kinds: kind of each body that handles or
    has handled it, by mark; own_body_kinds: of those in which the author holds a duty. own_marks: the author's, and
    those of the bodies of their duties. has_account: somebody can
    act for whoever has the case. parties: whom ``assignee`` and ``helpers`` name, by mark; unknown ones are
    missing. merging: looked up for acts that merge, and for those that end a report.
    code_entries: codes of ``reason`` and ``result_code`` that are in their lists, by input. last_result: of the
    last feedback. rect: kind of repair, for its time limit. case_no: to be given when the case is registered.
    level: at which the author decides (``roles.DecisionLevel``), by duties of their own; handler_level: at which
    whoever has the case does, looked up for acts that decide on it, else empty. extends_by: the right by which the
    author may extend this case, looked up for acts that name a limit. heirs: paths of the author's areas into which
    that of the case was merged. calendar: the county's working days. lacks:
    what a report does not say that a case has to, looked up for acts that register it (``registering.lacking``).
    recurrence_of: id of the closed case of the same hazard that a report comes back after, likewise. return_late: the
    case is asked to be given back after the time for that. written_at: when a feedback was written, as its device says.
    """

    grants: tuple[Grant, ...] = ()
    handles: bool = False
    leads: bool = False
    body_kinds: Mapping[str, str] = field(default_factory=dict)
    own_body_kinds: frozenset[str] = frozenset()
    own_marks: frozenset[str] = frozenset()
    has_account: bool = True
    parties: Mapping[str, Party] = field(default_factory=dict)
    merging: Merging = field(default_factory=Merging)
    code_entries: Mapping[str, CodeEntry] = field(default_factory=dict)
    last_result: CodeEntry | None = None
    rect: str = ""
    case_no: str = ""
    level: str = ""
    handler_level: str = ""
    extends_by: Grant | None = None
    heirs: tuple[str, ...] = ()
    calendar: Calendar = field(default_factory=shipped)
    lacks: tuple[str, ...] = ()
    recurrence_of: str = ""
    return_late: bool = False
    written_at: Instant | None = None
