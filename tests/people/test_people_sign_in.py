"""People sign in with a password; guessing locks the account, and a changed password or a revocation ends sessions."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from server.audit.store import chain
from server.errors import Invalid, LockedOut, PasswordChangeRequired, SignInFailed
from server.people.domain import sign_in_rules
from server.people.domain.actors import Role
from server.people.domain.passwords import PasswordState, checked_password
from server.people.usecases import basic_login, password_rules, passwords, sign_in
from server.people.usecases.basic_login import LOGINS_MAX, LoginCache
from server.staffing.usecases import enrolment
from tests.passwords import hash_of
from tests.people.people_county import COUNTY, PASSWORD, County

HASH = hash_of(PASSWORD)


@pytest.fixture
def county(tmp_path):
    made = County(tmp_path)
    made.a_worker("li", area=COUNTY, role=Role.BRIGADE, password_hash=HASH, password_state=PasswordState.OWN)
    yield made
    made.store.close()


def fail(county, times, name="li", address=""):
    """Try wrong passwords and return the last refusal."""
    for number in range(times):
        with pytest.raises((SignInFailed, LockedOut)) as refused:
            sign_in.sign_in(county.store, name, f"guess-{number}-xyz", address)
    return refused.value


HOME, AWAY = "192.0.2.7", "203.0.113.9"


def enter(county, address=HOME):
    return sign_in.sign_in(county.store, "li", PASSWORD, address).actor.name


def strangers(number):
    return [f"198.51.{at // 250}.{at % 250 + 1}" for at in range(number)]


def test_the_right_password_signs_in_and_is_on_record(county):
    actor = sign_in.sign_in(county.store, "li", PASSWORD).actor

    assert (actor.name, actor.roles) == ("li", {Role.BRIGADE})
    assert "session.begin" in {entry.event for entry in county.see(chain.list_about, "li")}


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(county):
    assert fail(county, 1).message == fail(county, 1, name="nobody").message


def test_an_unknown_name_costs_as_much_hashing_as_a_known_one(county, verified):
    county.do(passwords.reset, "li", sign_in.hash_password(PASSWORD))

    fail(county, 1)
    fail(county, 1, name="nobody")

    known, unknown = (hashed.split("$")[1:4] for hashed in verified)
    assert known == unknown  # algorithm, version and cost


@pytest.fixture
def verified(monkeypatch) -> list[str]:
    """The hashes that passwords were held against, in order; argon2 does its work all the same."""
    hashes: list[str] = []
    verify = PasswordHasher.verify

    def noting(self, hashed, password):
        hashes.append(hashed)
        return verify(self, hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", noting)
    return hashes


def test_five_failures_lock_the_account_and_say_until_when_in_beijing(county):
    county.clock.set("2026-05-01T08:00")

    refused = fail(county, 5)

    assert isinstance(refused, LockedOut)
    assert "08:15:00（北京时间）" in refused.message
    assert refused.data["until"] == "2026-05-01T00:15:00.000Z"


def test_a_lock_across_midnight_names_the_day(county):
    county.clock.set("2026-05-01T23:50")

    assert "2026-05-02 00:05:00（北京时间）" in fail(county, 5).message


def test_a_locked_account_refuses_even_the_right_password_until_its_time_has_come(county):
    fail(county, 5)

    county.clock.set("2026-05-01T08:14:59")
    with pytest.raises(LockedOut):
        sign_in.sign_in(county.store, "li", PASSWORD)
    county.clock.set("2026-05-01T08:15")
    assert sign_in.sign_in(county.store, "li", PASSWORD).actor.name == "li"


def test_a_lock_that_has_run_out_starts_a_new_count(county):
    fail(county, 5)
    county.clock.set("2026-05-01T08:20")

    assert isinstance(fail(county, 4), SignInFailed)
    assert isinstance(fail(county, 1), LockedOut)


# A lock is no weapon


def test_failures_under_a_clock_that_was_a_year_ahead_lock_nobody_out_for_a_year(county):
    county.clock.set("2027-05-01T08:00")
    assert isinstance(fail(county, 6), LockedOut)

    county.clock.set("2026-05-01T08:00")

    assert enter(county, address="") == "li"


def test_who_guesses_from_one_address_locks_out_nobody_at_another(county):
    assert isinstance(fail(county, 5, address=AWAY), LockedOut)

    assert enter(county, HOME) == "li"


def test_whoever_guesses_for_every_name_locks_out_none_who_signed_in_from_there_before(county):
    enter(county, HOME)

    for name in ("li", *(f"name-{number}" for number in range(40))):
        fail(county, 5, name, HOME)

    assert enter(county, HOME) == "li"


def test_guesses_from_a_known_address_end_as_well(county):
    enter(county, HOME)

    assert isinstance(fail(county, 19, address=HOME), SignInFailed)
    assert isinstance(fail(county, 1, address=HOME), LockedOut)
    with pytest.raises(LockedOut):
        enter(county, HOME)


def test_guesses_from_many_addresses_lock_strangers_out_and_not_whoever_is_known(county):
    enter(county, HOME)
    for address in strangers(50):
        fail(county, 1, address=address)

    with pytest.raises(LockedOut):
        enter(county, AWAY)
    assert enter(county, HOME) == "li"


def test_one_password_tried_under_many_names_is_stopped_by_the_address(county):
    refusals = [fail(county, 1, name=f"name-{number}", address=AWAY) for number in range(25)]

    assert [refused.code for refused in refusals] == [SignInFailed.code] * 19 + [LockedOut.code] * 6
    with pytest.raises(LockedOut):
        enter(county, AWAY)
    assert enter(county, HOME) == "li"


def test_an_address_is_known_for_a_hundred_and_eighty_days(county):
    enter(county, HOME)
    county.clock.set("2026-10-01T08:00")
    fail(county, 5, address=HOME)
    assert enter(county, HOME) == "li"
    county.clock.set("2027-06-01T08:00")
    fail(county, 5, address=HOME)

    with pytest.raises(LockedOut):
        enter(county, HOME)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
    ],
)
def test_a_whole_network_of_ipv6_counts_as_one_address(one, other, same):
    assert (sign_in_rules.origin_of(one) == sign_in_rules.origin_of(other)) is same


@pytest.mark.parametrize("attempts", [1, 4, 5, 6, 30])
@pytest.mark.parametrize("kind", ["nobody", "phone-only", "revoked"])
def test_a_name_without_a_password_is_answered_word_for_word_like_one_with(county, attempts, kind):
    county.a_worker("phone-only")
    county.a_worker("revoked", password_hash=HASH)
    county.do(enrolment.revoke_user, "revoked")

    known = fail(county, attempts, "li", HOME)
    other = fail(county, attempts, kind, AWAY)

    assert (known.code, known.message, known.data) == (other.code, other.message, other.data)


def test_unlocking_opens_every_lock_and_is_on_record(county):
    for address in (HOME, AWAY):
        fail(county, 5, address=address)

    county.do(sign_in.unlock, "li")

    assert enter(county, HOME) == enter(county, AWAY) == "li"
    assert "user.unlock" in {entry.event for entry in county.see(chain.list_about, "li")}


def test_failures_are_forgotten_when_they_count_no_longer_and_hold_no_typed_name(county):
    fail(county, 3, "my-own-password", AWAY)
    rows = county.see(lambda reading: list(reading.sql.rows("SELECT * FROM sign_in_failure")))
    county.clock.set("2026-05-01T08:16")
    fail(county, 1, "nobody", AWAY)

    assert len(rows) == 3
    assert "my-own-password" not in repr(rows)
    assert county.see(lambda reading: reading.sql.value("SELECT COUNT(*) FROM sign_in_failure")) == 1


def test_a_success_forgets_the_failures_before_it(county):
    fail(county, 4)
    sign_in.sign_in(county.store, "li", PASSWORD)

    assert isinstance(fail(county, 4), SignInFailed)


def test_a_new_password_opens_the_lock(county):
    fail(county, 5)

    county.do(passwords.reset, "li", hash_of("another-2026"))

    assert sign_in.sign_in(county.store, "li", "another-2026").actor.name == "li"


def test_a_right_guess_among_many_at_once_does_not_slip_past_the_lock(county):
    with county.store.reading() as reading:
        attempt = sign_in.look_up(reading, "li")  # read before the others had failed
    fail(county, 5)

    with pytest.raises(LockedOut):
        county.store.write(lambda tx: sign_in.record_success(tx, attempt))
    assert isinstance(county.store.write(lambda tx: sign_in.record_failure(tx, attempt)), LockedOut)


def test_a_password_changed_meanwhile_does_not_let_the_old_one_in(county):
    with county.store.reading() as reading:
        attempt = sign_in.look_up(reading, "li")
    county.do(passwords.reset, "li", hash_of("another-2026"))

    with pytest.raises(SignInFailed):
        county.store.write(lambda tx: sign_in.record_success(tx, attempt))


def test_who_is_revoked_meanwhile_is_not_let_in(county):
    with county.store.reading() as reading:
        attempt = sign_in.look_up(reading, "li")
    county.do(enrolment.revoke_user, "li")

    with pytest.raises(SignInFailed):
        county.store.write(lambda tx: sign_in.record_success(tx, attempt))
    assert fail(county, 1).code == "sign-in-failed"


def test_who_has_only_a_phone_cannot_sign_in_with_a_password(county):
    county.a_worker("gw-01")

    assert isinstance(fail(county, 4, name="gw-01"), SignInFailed)
    assert isinstance(fail(county, 2, name="gw-01"), LockedOut)


def test_a_hash_that_is_damaged_lets_nobody_in(county):
    county.do(passwords.reset, "li", "damaged")

    with pytest.raises(SignInFailed):
        sign_in.sign_in(county.store, "li", PASSWORD)


def test_a_phone_that_sends_its_password_with_every_request_is_hashed_once(county, verified):
    logins = LoginCache()

    callers = [basic_login.sign_in(county.store, "li", PASSWORD, logins) for _ in range(20)]

    assert {caller.name for caller in callers} == {"li"}
    assert len(verified) == 1
    county.clock.set("2026-05-01T08:06")
    basic_login.sign_in(county.store, "li", PASSWORD, logins)
    assert len(verified) == 2


def test_a_remembered_login_ends_with_the_password_the_account_and_the_lock(county):
    logins = LoginCache()
    basic_login.sign_in(county.store, "li", PASSWORD, logins)

    fail(county, 5)
    with pytest.raises(LockedOut):
        basic_login.sign_in(county.store, "li", PASSWORD, logins)
    county.do(passwords.reset, "li", hash_of("another-2026"))
    with pytest.raises(SignInFailed):
        basic_login.sign_in(county.store, "li", PASSWORD, logins)
    with pytest.raises(PasswordChangeRequired, match="浏览器"):  # Collect cannot change it
        basic_login.sign_in(county.store, "li", "another-2026", logins)
    passwords.change_own(county.store, "li", "", "another-2026", "chosen-by-li-26")
    assert basic_login.sign_in(county.store, "li", "chosen-by-li-26", logins).name == "li"
    county.do(enrolment.revoke_user, "li")
    with pytest.raises(SignInFailed):
        basic_login.sign_in(county.store, "li", "chosen-by-li-26", logins)


def test_a_phone_that_repeats_an_old_password_for_hours_does_not_lock_its_owner_out(county):
    logins = LoginCache()

    for hour in range(8, 20):
        county.clock.set(f"2026-05-01T{hour:02d}:00")
        with pytest.raises(SignInFailed):
            basic_login.sign_in(county.store, "li", "the-old-password", logins)

    assert sign_in.sign_in(county.store, "li", PASSWORD).actor.name == "li"


def test_guessing_through_basic_locks_too(county):
    logins = LoginCache()
    for number in range(4):
        with pytest.raises(SignInFailed):
            basic_login.sign_in(county.store, "li", f"guess-{number}-xyz", logins)

    with pytest.raises(LockedOut):
        basic_login.sign_in(county.store, "li", "guess-5-xyz", logins)


def test_an_unknown_name_through_basic_is_refused_and_counts_once_however_often_a_phone_repeats_it(county):
    logins = LoginCache()
    for _ in range(100):
        with pytest.raises(SignInFailed):
            basic_login.sign_in(county.store, "nobody", PASSWORD, logins, address=HOME)

    assert enter(county, HOME) == "li"


def test_cached_logins_take_bounded_room():
    logins = LoginCache()
    for number in range(LOGINS_MAX + 1):
        logins.add("li", f"guess-{number}", HASH, "2026-05-01T00:00:00.000Z", correct=False)

    at = "2026-05-01T00:00:00.000Z"
    assert logins.find("li", "guess-0", HASH, at) is None
    assert logins.find("li", f"guess-{LOGINS_MAX}", HASH, at) is False


def test_a_password_hears_every_rule_it_breaks_at_once():
    with pytest.raises(Invalid) as refused:
        checked_password("李", 10)

    assert len(refused.value.data["errors"]) == 2


def test_made_passwords_may_be_set_and_differ():
    made = {passwords.make_password() for _ in range(50)}

    assert len(made) == 50
    assert all(checked_password(password, 10) for password in made)


def test_a_chosen_password_signs_in(county):
    hashed = county.see(password_rules.of, "li", "李某").hashed("chosen-by-li-26")
    county.do(passwords.reset, "li", hashed)

    assert sign_in.sign_in(county.store, "li", "chosen-by-li-26").actor.name == "li"
