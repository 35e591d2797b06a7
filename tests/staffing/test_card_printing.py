"""Cards for many people are made at once: each with a new key, shown once, for whom one may manage alone."""

from __future__ import annotations

import pytest

from server.errors import Conflict, Invalid, KeyRefused, NotAllowed, NotFound
from server.grid.domain.areas import Place
from server.people.store import people
from server.staffing.usecases import card_printing, vacancies
from tests.staffing.test_area_changes import actor, preview

SERVER = "https://fire.example.org"


def made(county, names, by="town", batch="b1", *, replace=False):
    who = actor(county, by)
    return county.do(lambda tx: card_printing.make(tx, names, SERVER, batch=batch, replace=replace, by=who))


def token_of(card) -> str:
    return card.card.url.removeprefix(f"{SERVER}/key/")


def test_each_card_has_a_key_that_opens_the_server(office):
    cards = made(office, ["worker", "officer"])

    assert [(card.card.username, card.place) for card in cards] == [
        ("worker", "白石山镇 荆山口村"), ("officer", "白石山镇 荆山口村"),
    ]  # fmt: skip
    assert cards[0].post == "网格员 第1单元"
    with office.store.reading() as reading:
        assert [people.actor_by_key(reading, token_of(card)).name for card in cards] == ["worker", "officer"]


def test_sent_twice_no_second_keys_are_made(office):
    made(office, ["worker"])
    before = office.every_row()

    with pytest.raises(Conflict):
        made(office, ["worker"])

    assert office.every_row() == before


def test_old_cards_stay_good_unless_they_are_replaced(office):
    first = made(office, ["worker"], batch="b1")[0]
    second = made(office, ["worker"], batch="b2")[0]
    with office.store.reading() as reading:
        assert people.actor_by_key(reading, token_of(first)).name == "worker"

    made(office, ["worker"], batch="b3", replace=True)

    for card in (first, second):
        with office.store.reading() as reading, pytest.raises(KeyRefused):
            people.actor_by_key(reading, token_of(card))


@pytest.mark.parametrize(
    ("by", "names", "error"),
    [
        ("town", ["worker", "stranger"], NotFound),
        ("town", ["worker", "town"], NotAllowed),
        ("officer", ["worker"], NotAllowed),
        ("admin", [], Invalid),
        ("admin", [f"x{number}" for number in range(501)], Invalid),
    ],
)
def test_all_or_none_are_made(office, by, names, error):
    before = office.every_row()

    with pytest.raises(error):
        made(office, names, by)

    assert office.every_row() == before


def test_who_gets_a_card_of_an_area(office):
    town = Place("130630/100")
    found = preview(office, lambda reading, by: card_printing.cardholders(reading, town, [], by=by), by="town")

    assert [person.name for person in found] == ["neighbour", "officer", "worker"]


def test_villages_without_an_officer_are_counted_by_town(office):
    of_county = preview(office, lambda reading, by: vacancies.by_town(reading, by))
    of_town = preview(office, lambda reading, by: vacancies.by_town(reading, by), by="town")

    assert [(each.town.name, each.villages, len(each.vacant)) for each in of_county] == [
        ("白石山镇", 2, 1), ("走马驿镇", 1, 1),
    ]  # fmt: skip
    assert [each.town.name for each in of_town] == ["白石山镇"]
    assert "插箭岭村" in vacancies.as_csv(of_town).decode("utf-8-sig")
