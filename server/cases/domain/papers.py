"""The papers about a case that are printed and signed: which there are, who issues each, and while how a case stands.

``data/case_papers.csv`` names of each the act of the workflow whose right is needed to issue it, and the statuses. Who
may not decide alone on that act (proposes it, or takes it on cases of their own only) issues none.

Only the fire and rescue authority, police stations and the housing authority order a correction (消防法, 2021,
articles 54 and 70): whoever walks the grid tells and advises. So no paper of this product orders anything: 告知, 交办,
督办 and 移交 are all there is.
"""

from __future__ import annotations

from typing import NamedTuple

from server import dated
from server.cases.domain.right_conditions import LEVELS
from server.instants import Instant
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.domain.rights import Grant, Mark
from server.records.domain.records import Record

SUPERVISION = "supervision"
_OWN = "own"


class Paper(NamedTuple):
    """A kind of paper. title: in Chinese, as it is printed. act: of the workflow. statuses: of the cases it fits."""

    key: str
    title: str
    act: str
    statuses: frozenset[str]


def papers_at(at: Instant) -> tuple[Paper, ...]:
    """Return every kind of paper in force, in the order in which a case page lists them."""
    return tuple(
        Paper(row["paper"], row["title"], row["act"], frozenset(row["statuses"].split()))
        for row in dated.rows_at("case_papers", at)
    )


def issued_by(by: Actor, record: Record) -> tuple[Paper, ...]:
    """Return the papers that ``by`` may issue about a case as it stands now. record: a case in their scope."""
    return tuple(paper for paper in papers_at(by.at) if fits(paper, record) and _may_issue(by, paper, record))


def fits(paper: Paper, record: Record) -> bool:
    """Say whether a paper makes sense for a case as it stands, whoever issues it."""
    supervised = record.case is not None and record.case.supervised > 0
    return record.status in paper.statuses and (paper.key != SUPERVISION or supervised)


def _may_issue(by: Actor, paper: Paper, record: Record) -> bool:
    return any(_reaches(grant, paper, record) for grant in rights.grants(by, "case", paper.act, record.path))


def _reaches(grant: Grant, paper: Paper, record: Record) -> bool:
    if grant.mark is Mark.PROPOSE or _OWN in grant.limits:
        return False
    levels = "".join(LEVELS[limit] for limit in grant.limits if limit in LEVELS)
    level = str(record.case.supervised) if record.case is not None else ""
    return paper.key != SUPERVISION or not levels or level in levels
