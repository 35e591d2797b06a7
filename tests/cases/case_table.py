"""The life of a case as the design has it, written down once more as text: what the API is held against.

Nothing here asks the program. The steps are ``domain.md`` section 2.3 (T03-T22) in the words of ``design.md``
section 5; who may take them is the matrix of section 3.2 with the roles' "must not" of section 3.1.
"""

from __future__ import annotations

from typing import NamedTuple

STATUSES = (
    *("reported", "registered", "assigned", "accepted", "handling", "suspended", "transferred", "feedback"),
    *("closed", "spot_closed", "rejected", "merged", "void"),
)
ROLES = (
    *("grid_worker", "grid_leader", "village_officer", "police", "town_station", "dept_handler", "brigade"),
    *("county_admin", "unit_manager", "station_head", "viewer", "auditor"),
)

_STEPS = """
register        reported                                          > registered
reject          reported                                          > rejected
merge           reported registered                               > merged
split           merged                                            > registered
assign          reported registered assigned accepted handling    > assigned
reassign        suspended transferred feedback                    > =
accept          assigned                                          > accepted
start           accepted                                          > handling
ask_return      assigned accepted                                 > =
ask_extension   assigned accepted handling                        > =
ask_suspension  assigned accepted handling                        > =
return          assigned accepted                                 > registered
extend          assigned accepted handling                        > =
suspend         assigned accepted handling                        > suspended
decline_return      assigned accepted                             > =
decline_extension   assigned accepted handling                    > =
decline_suspension  assigned accepted handling                    > =
ask_transfer    assigned accepted handling                        > =
decline_transfer registered assigned accepted handling suspended transferred feedback > =
ask_void        open                                              > =
decline_void    open                                              > =
ask_major       registered assigned accepted handling suspended transferred feedback > =
decline_major   registered assigned accepted handling suspended transferred feedback > =
review          suspended transferred                             > =
resume          suspended transferred                             > handling
transfer        assigned accepted handling                        > transferred
feedback        assigned accepted handling                        > feedback
file_reply      assigned accepted handling                        > feedback
close           feedback                                          > closed
rework          feedback                                          > handling
site_check      assigned accepted handling                        > closed
reopen          closed spot_closed                                > handling
recheck         closed spot_closed                                > =
void            open                                              > void
withdraw        reported                                          > void
supervise       open                                              > =
mark_major      registered assigned accepted handling suspended transferred feedback > =
unmark_major    registered assigned accepted handling suspended transferred feedback closed > =
note            any                                               > =
"""
"""Action, from where, to where (``=`` stays). open: reported to feedback."""

_RIGHTS = """
                worker leader officer police town dept brigade admin unit head viewer auditor
register        .      .      D       .      D    .    D       .     .    .    .      .
reject          .      .      D       .      D    .    D       .     .    .    .      .
merge           .      .      D       .      D    .    D       .     .    .    .      .
split           .      .      D       .      D    .    D       .     .    .    .      .
assign          .      m      D       .      D    .    D       .     .    .    .      .
reassign        .      .      D       .      D    .    D       .     .    .    .      .
accept          h      h      h       h      h    h    .       .     h    h    .      .
start           h      h      h       h      h    h    .       .     h    h    .      .
ask_return      h      h      h       h      h    h    .       .     h    h    .      .
ask_extension   h      h      h       h      h    h    .       .     h    h    .      .
ask_suspension  h      h      h       h      D    h    .       .     h    h    .      .
return          .      .      d       .      d    .    d       .     .    .    .      .
extend          .      .      .       .      d    .    d       .     .    .    .      .
suspend         .      .      .       .      .    .    d       d     .    .    .      .
decline_return  .      .      d       .      d    .    d       .     .    .    .      .
decline_extension  .   .      .       .      d    .    d       .     .    .    .      .
decline_suspension .   .      .       .      .    .    d       d     .    .    .      .
ask_transfer    .      .      C       .      C    .    C       .     .    .    .      .
decline_transfer .     .      .       .      d    .    d       d     .    .    .      .
ask_void        .      .      C       .      C    .    C       .     .    .    .      .
decline_void    .      .      .       .      d    .    d       d     .    .    .      .
ask_major       .      .      C       C      C    .    .       .     .    .    .      .
decline_major   .      .      .       .      .    .    d       .     .    .    .      .
review          .      .      C       .      C    h    C       .     .    .    .      .
resume          .      .      D       .      D    .    D       .     .    .    .      .
transfer        .      .      .       .      d    .    d       d     .    .    .      .
feedback        h      h      h       h      h    h    .       .     h    h    .      .
file_reply      .      .      r       .      r    .    r       .     .    .    .      .
close           v      v      v       v      v    .    v       .     .    .    .      .
rework          v      v      v       v      v    .    v       .     .    .    .      .
site_check      g      g      g       g      g    .    g       .     .    .    .      .
reopen          .      .      D       .      D    .    D       .     .    .    .      .
recheck         n      n      n       n      n    .    n       .     .    .    .      .
void            .      .      .       .      d    .    d       d     .    .    .      .
withdraw        a      a      a       a      a    a    a       .     a    a    .      .
supervise       .      .      .       .      D    .    D       .     .    .    .      .
mark_major      .      .      .       .      .    .    d       .     .    .    .      .
unmark_major    .      .      .       .      .    .    D       .     .    .    .      .
note            C      C      C       C      C    h    C       .     o    o    .      .
"""
"""D decides, C says a fact, h only the handler, v only who is not the handler, a only the author, o author or handler,
d decides on requests, save where they or their body have the case, n who neither handled nor closed it, g only whoever
registered it or gave it out, which is none of these, r who files somebody else's reply.

m is the leader's right to move work inside the village: what nobody has registered is not theirs to give out, since
registering is only proposed by them. A dot is nobody; what a cell of the matrix may only propose is a dot too.
"""

_OPEN = STATUSES[: STATUSES.index("closed")]
_GROUPS = {"open": _OPEN, "any": STATUSES}


class Row(NamedTuple):
    """A step: from where it may be taken, and where it leads (None where the status stays)."""

    sources: tuple[str, ...]
    target: str | None


def _steps() -> dict[str, Row]:
    found = {}
    for line in _STEPS.strip().splitlines():
        before, _, target = line.partition(" > ")
        action, *sources = before.split()
        named = [status for word in sources for status in _GROUPS.get(word, [word])]
        found[action] = Row(tuple(named), None if target.strip() == "=" else target.strip())
    return found


def _rights() -> dict[str, dict[str, str]]:
    _, *lines = _RIGHTS.strip("\n").splitlines()
    return {action: dict(zip(ROLES, cells, strict=True)) for action, *cells in map(str.split, lines)}


STEPS, RIGHTS = _steps(), _rights()
BY_RELATION = set("hvadnr")
"""Cells in which it matters how one stands to the case."""

PLAIN, AUTHOR, HANDLER, HOLDER, ABROAD, UNMANNED = "plain", "author", "handler", "holder", "abroad", "unmanned"
"""How someone stands to a case: in its area and nothing else · its reporter · its handler, who took it and fed back ·
of the body that has it · in another area · in its area, while a body without any account has it."""

SEES_ONLY_THEIRS = ("dept_handler", "unit_manager", "station_head")
COUNTY_WIDE = ("brigade", "county_admin", "viewer", "auditor")
REPORTS_NOTHING = ("county_admin", "viewer", "auditor")
HANDLES_NOTHING = ("brigade", *REPORTS_NOTHING)
STANDS_IN = {"town_station": ("village_officer",)}
"""For whom a role acts where a village has nobody."""

WITH_HANDLER = ("assigned", "accepted", "handling", "suspended", "transferred", "feedback", "closed")
"""Statuses in which somebody has the case, or had it when it ended."""


def relations(status: str, role: str) -> list[str]:
    """Return how someone in ``role`` can stand to a case in ``status``."""
    found = [PLAIN]
    if role not in REPORTS_NOTHING:
        found.append(AUTHOR)
    if role not in COUNTY_WIDE and role not in SEES_ONLY_THEIRS:
        found.append(ABROAD)
    if status in WITH_HANDLER:
        found.append(HOLDER)
        if role not in HANDLES_NOTHING:
            found.append(HANDLER)
    if status in ("assigned", "handling"):
        found.append(UNMANNED)
    return found


def expected(status: str, action: str, role: str, relation: str) -> tuple[int, str]:
    """Return the HTTP status and what goes with it: the target status, or the code of the refusal."""
    row = STEPS[action]
    if not _sees(role, relation):
        return 404, "not-found"
    if all(RIGHTS[action][each] == "." for each in (role, *STANDS_IN.get(role, ()))):
        return 403, "not-allowed"  # whoever may never do it is told nothing of the case
    if status not in row.sources:
        return 409, "illegal-step"
    if not _may(RIGHTS[action][role], status, relation):
        return 403, "not-allowed"
    if action.startswith("decline_") or action in (*("void", "transfer", "unmark_major", "recheck", "review"),):
        return (
            409,
            "illegal-step",
        )  # nothing asked for in a fresh case, nor found major, nor drawn; no quarter has passed
    if (status, action) == ("registered", "merge") and role != "brigade":
        return 422, "invalid"  # the brigade registered them, and none names a place that would tell that they are alike
    return 200, row.target or status


def _sees(role: str, relation: str) -> bool:
    if relation in (AUTHOR, HANDLER, HOLDER):
        return True
    return relation != ABROAD and role not in SEES_ONLY_THEIRS


def _may(cell: str, status: str, relation: str) -> bool:
    handles, authored = relation in (HANDLER, HOLDER), relation == AUTHOR
    return {
        ".": False,
        "D": True,
        "C": True,
        "m": status != "reported",
        "h": handles,
        "v": not handles,
        "a": authored,
        "o": handles or authored,
        "d": not handles,
        "r": not handles,
        "g": False,
        "n": not handles and not (authored and status == "spot_closed"),
    }[cell]
