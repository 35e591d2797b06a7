"""Every status, action, role and relation of the table is asked of the API, which answers as the design says.

The table is written down as text (``case_table``), apart from the program. What is refused leaves nothing behind.
The usual run asks every legal step of every role, and each other step of one role; the slow one asks all of everyone.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.cases.domain import workflow
from server.people.domain.actors import Role
from server.records.domain.status import Status
from tests.cases.case_county import Cases, a_peopled_county
from tests.cases.case_table import BY_RELATION, RIGHTS, ROLES, STANDS_IN, STATUSES, STEPS, expected, relations

Question = tuple[str, str, str, str]
"""Status, action, role, relation."""


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> Iterator[Cases]:
    """The cases of a county that all walks share; what we promise of a database holds when they end."""
    with a_peopled_county(tmp_path_factory.mktemp("walk") / "data") as cases:
        yield cases


def every_question(status: str) -> list[Question]:
    return [(status, action, role, how) for action in STEPS for role in ROLES for how in relations(status, role)]


def thinned(status: str) -> list[Question]:
    """Return fewer questions, of every action still.

    A legal step is asked of every role: in every relation where the relation decides for it, else in one of those that
    are answered alike. Any other step is asked of one role, one after another.
    """
    chosen, turn = [], STATUSES.index(status)
    for action, row in STEPS.items():
        turn += 1
        legal = status in row.sources
        for role in ROLES if legal else ROLES[turn % len(ROLES) :][:1]:
            known = relations(status, role)
            known = [*known[turn % len(known) :], *known[: turn % len(known)]]
            weighed = legal and BY_RELATION & {RIGHTS[action][each] for each in (role, *STANDS_IN.get(role, ()))}
            alike = {expected(status, action, role, relation): relation for relation in known}
            chosen += [(status, action, role, relation) for relation in (known if weighed else alike.values())]
    return chosen


def agree(cases: Cases, questions: list[Question]) -> None:
    """Ask every question; what is wrong with the answers is told as a whole."""
    wrong = [said for question in questions if (said := asked(cases, *question))]
    assert not wrong, "\n".join((f"{len(wrong)} of {len(questions)} answers are wrong:", *wrong))


def asked(cases: Cases, status: str, action: str, role: str, relation: str) -> str:
    """Ask one question, and return what is wrong with the answer: nothing, where it is as expected."""
    name, case = cases.case(status, role, relation)
    before = cases.state(case)

    answer = cases.take(case, name, action, cases.inputs(action, role))

    code, word = expected(status, action, role, relation)
    told = f"{status} {action} {role} {relation}: expected {code} {word}, got {answer.status_code} {answer.text[:300]}"
    if answer.status_code == 200:
        cases.spend(case)
        return "" if (code, word) == (200, answer.json["record"]["status"]) else told
    if cases.state(case) != before:
        cases.spend(case)
        return f"{told}; and the refusal left something behind"
    return "" if (code, f"/problems/{word}") == (answer.status_code, answer.json["type"]) else told


def test_the_text_names_every_status_role_and_action_that_there_is():
    assert [status.value for status in Status] == list(STATUSES)
    assert [role.value for role in Role] == list(ROLES)
    assert set(STEPS) == set(workflow.ACTIONS) - workflow.BY_SERVER


@pytest.mark.parametrize("status", STATUSES)
def test_every_legal_step_is_answered_as_the_table_says_whoever_asks(cases, status):
    questions = thinned(status)

    assert {question[1] for question in questions} == set(STEPS)
    agree(cases, questions)


@pytest.mark.slow
@pytest.mark.parametrize("status", STATUSES)
def test_everything_that_can_be_asked_is_answered_as_the_table_says(cases, status):
    agree(cases, every_question(status))
