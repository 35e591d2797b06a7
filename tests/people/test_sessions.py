"""People stay signed in by tokens that each work once, and are out when they, or an administrator, end it."""

from __future__ import annotations

import pytest

from server.admin.usecases import housekeeping
from server.audit.store import chain
from server.errors import Invalid, KeyRefused, LockedOut, PasswordChangeRequired, SignInRequired, Unavailable
from server.people.domain.actors import Role
from server.people.domain.passwords import PasswordState
from server.people.store import sessions as store
from server.people.usecases import passwords, phone_keys, sessions, sign_in
from server.staffing.usecases import enrolment
from tests.passwords import hash_of
from tests.people.people_county import COUNTY, PASSWORD, County

HASH = hash_of(PASSWORD)
NEW = "chosen-by-li-26"
HOME = "192.0.2.7"


@pytest.fixture
def county(tmp_path):
    made = County(tmp_path)
    made.a_worker("li", area=COUNTY, role=Role.BRIGADE, password_hash=HASH, password_state=PasswordState.OWN)
    yield made
    made.store.close()


def enter(county, password=PASSWORD):
    return sign_in.sign_in(county.store, "li", password, HOME).session


def call(county, session, **more):
    """Show an access token of this pair of tokens."""
    return sessions.caller(county.store, session.id, session.token, **more).name


def renew(county, session):
    return sessions.renew(county.store, session.id, session.token).session


def actions(county):
    return [entry.event for entry in county.see(chain.list_about, "li")]


def is_open(county, session):
    return session.id in {each.id for each in county.see(store.list_open, "li")}


def test_a_session_says_who_since_when_and_from_where(county):
    session = enter(county)

    kept = county.see(store.find, session.id)
    assert (kept.person, kept.address, kept.created_at, kept.ended_at) == ("li", HOME, county.clock.now, None)
    assert kept.expires_at == "2026-05-31T00:00:00.000Z"
    assert call(county, session) == "li"


def test_each_renewal_gives_another_token_and_the_session_ends_when_it_was_to_end(county):
    session = enter(county)
    county.clock.set("2026-05-02T08:00")

    renewed = renew(county, session)

    assert (renewed.id, renewed.expires_at) == (session.id, session.expires_at)
    assert renewed.token != session.token
    assert call(county, renewed) == "li"
    assert call(county, session) == "li"  # the access token of before runs out by itself


def test_a_lost_answer_signs_nobody_out(county):
    session = enter(county)
    renew(county, session)  # the answer is lost
    renew(county, session)  # this one too

    renewed = renew(county, session)

    assert call(county, renewed) == "li"
    assert renew(county, renewed).token != renewed.token
    assert is_open(county, session)


@pytest.mark.parametrize("shown", ["refresh token", "access token"])
def test_a_token_that_was_exchanged_is_refused_once_its_successor_was_shown_and_ends_the_session(county, shown):
    session = enter(county)
    renewed = renew(county, session)
    if shown == "refresh token":
        newest = renew(county, renewed)
    else:
        newest = renewed
        call(county, renewed)

    with pytest.raises(SignInRequired, match="重新登录"):
        renew(county, session)

    assert not is_open(county, session)
    assert "session.reused" in actions(county)
    for each in (session, renewed, newest):
        with pytest.raises(SignInRequired):
            renew(county, each)
        with pytest.raises(SignInRequired):
            call(county, each)


def test_of_two_who_hold_one_token_neither_stays_in(county):
    session = enter(county)
    thief = renew(county, session)
    owner = renew(county, session)

    with pytest.raises(SignInRequired):
        renew(county, thief)
    with pytest.raises(SignInRequired):
        renew(county, owner)


def test_signing_out_ends_this_session_alone_and_is_on_record_once(county):
    session, other = enter(county), enter(county)

    for _ in range(2):
        county.store.write(lambda tx: sessions.end(tx, session.id))

    with pytest.raises(SignInRequired):
        call(county, session)
    with pytest.raises(SignInRequired):
        renew(county, session)
    assert call(county, other) == "li"
    assert actions(county).count("session.end") == 1


def test_signing_out_everywhere_ends_every_session(county):
    open_ones = [enter(county) for _ in range(3)]

    assert county.do(sessions.end_all, "li") == 3

    for session in open_ones:
        with pytest.raises(SignInRequired):
            call(county, session)
    assert call(county, enter(county)) == "li"


def test_a_revoked_person_is_out_and_the_account_is_named(county):
    session = enter(county)
    county.do(enrolment.revoke_user, "li")

    with pytest.raises(SignInRequired, match="已停用"):
        call(county, session)
    with pytest.raises(SignInRequired, match="已停用"):
        renew(county, session)


def test_a_session_that_is_not_there_is_ended(county):
    with pytest.raises(SignInRequired):
        sessions.caller(county.store, "nothing", "nothing")
    with pytest.raises(SignInRequired):
        sessions.renew(county.store, "nothing", "nothing")


def test_use_is_noted_once_a_minute_and_when_a_pair_of_tokens_arrives(county, monkeypatch):
    session = enter(county)
    written: list[str] = []
    write = county.store.write_later
    monkeypatch.setattr(
        county.store, "write_later", lambda work, failed: written.append(county.clock.now) or write(work, failed)
    )

    for at in ("08:00:10", "08:00:59", "08:01:09", "08:01:10", "08:02"):
        county.clock.set(f"2026-05-01T{at}")
        call(county, session)

    assert written == ["2026-05-01T00:00:10.000Z", "2026-05-01T00:01:10.000Z"]
    assert county.see(store.find, session.id).last_used_at == written[-1]


def test_a_full_disk_signs_nobody_out(county, monkeypatch):
    session = enter(county)

    def full(work, failed=None):
        if failed is None:
            raise Unavailable("磁盘已满")
        failed(Unavailable("磁盘已满"))

    county.clock.set("2026-05-01T09:00")
    with monkeypatch.context() as disk:
        disk.setattr(county.store, "write", full)
        disk.setattr(county.store, "write_later", full)
        assert call(county, session) == "li"
        same = renew(county, session)
        signed_in = sign_in.sign_in(county.store, "li", PASSWORD, HOME)
        stamp = county.see(sessions.unrecorded_stamp, "li")
        with pytest.raises(SignInRequired):
            sessions.renew(county.store, session.id, "another")

    assert same.token == session.token
    assert signed_in.session is None
    assert county.see(sessions.unrecorded_caller, "li", stamp).name == "li"
    assert renew(county, same).token != session.token
    county.do(passwords.reset, "li", hash_of("another-2026"))
    with pytest.raises(SignInRequired):
        county.see(sessions.unrecorded_caller, "li", stamp)


def test_a_lost_answer_signs_nobody_out_on_a_full_disk_either(county, monkeypatch):
    session = enter(county)
    lost = renew(county, session)

    def full(work):
        raise Unavailable("磁盘已满")

    with monkeypatch.context() as disk:
        disk.setattr(county.store, "write", full)
        found = renew(county, session)

    assert found.token == lost.token
    assert call(county, found) == "li"
    with pytest.raises(SignInRequired):
        renew(county, session)


def test_a_session_is_deleted_when_its_last_token_has_run_out(county):
    session = enter(county)
    county.store.write(lambda tx: sessions.end(tx, session.id))
    county.clock.set("2026-05-30T08:00")
    kept = enter(county)
    county.store.write(housekeeping.round_of)
    assert county.see(store.find, session.id) is not None
    county.clock.set("2026-05-31T08:00")

    county.store.write(housekeeping.round_of)

    assert county.see(store.find, session.id) is None
    assert county.see(store.find, kept.id) is not None


# Passwords that somebody else has set


def test_a_password_that_was_given_opens_nothing_until_it_is_changed(county):
    before = enter(county)
    county.do(passwords.reset, "li", hash_of("another-2026"))
    with pytest.raises(SignInRequired):
        call(county, before)

    signed_in = sign_in.sign_in(county.store, "li", "another-2026", HOME)

    session = signed_in.session
    assert signed_in.must_change
    for refused in (call, renew):
        with pytest.raises(PasswordChangeRequired, match="改密码"):
            refused(county, session)
    assert call(county, session, may_be_given=True) == "li"
    passwords.change_own(county.store, "li", session.id, "another-2026", NEW, HOME)
    assert call(county, session) == "li"
    assert not sign_in.sign_in(county.store, "li", NEW, HOME).must_change


def test_whoever_is_added_with_a_password_has_to_change_it(county):
    county.a_worker("wang", password_hash=HASH)

    assert sign_in.sign_in(county.store, "wang", PASSWORD).must_change


def test_a_password_from_before_todays_rules_lets_its_owner_in_to_change_it(county):
    county.do(enrolment.add_user, "wang", role="brigade", area=COUNTY, password_hash=hash_of("short"),
              password_state=PasswordState.OWN)  # fmt: skip

    signed_in = sign_in.sign_in(county.store, "wang", "short")

    assert signed_in.must_change
    with pytest.raises(PasswordChangeRequired):
        call(county, signed_in.session)


def test_a_demonstrations_password_is_good_as_printed(county):
    county.do(enrolment.add_user, "wang", role="brigade", area=COUNTY, password_hash=hash_of("short"),
              password_state=PasswordState.PRINTED)  # fmt: skip

    signed_in = sign_in.sign_in(county.store, "wang", "short")

    assert not signed_in.must_change
    assert call(county, signed_in.session) == "wang"


def test_changing_ones_password_ends_the_other_sessions_and_is_on_record(county):
    here, elsewhere = enter(county), enter(county)

    passwords.change_own(county.store, "li", here.id, PASSWORD, NEW, HOME)

    assert call(county, here) == "li"
    with pytest.raises(SignInRequired):
        call(county, elsewhere)
    assert "user.own_password" in actions(county)
    assert enter(county, NEW).person == "li"


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("wrong-password", NEW, "old_password", "原密码不对"),
        (PASSWORD, PASSWORD, "new_password", "相同"),
        (PASSWORD, "short", "new_password", "至少10个字符"),
    ],
)
def test_a_change_is_refused_at_the_field_that_is_wrong(county, old, new, field, said):
    session = enter(county)

    with pytest.raises(Invalid, match=said) as refused:
        passwords.change_own(county.store, "li", session.id, old, new, HOME)

    assert [error["field"] for error in refused.value.data["errors"]] == [field]
    assert enter(county).person == "li"


def test_guessing_the_old_password_locks_as_guessing_at_the_sign_in_does(county):
    for number in range(4):
        with pytest.raises(Invalid):
            passwords.change_own(county.store, "li", "", f"guess-{number}-xyz", NEW, "203.0.113.9")

    with pytest.raises(LockedOut):
        passwords.change_own(county.store, "li", "", "guess-5-xyz", NEW, "203.0.113.9")
    with pytest.raises(LockedOut):
        passwords.change_own(county.store, "li", "", PASSWORD, NEW, "203.0.113.9")


def test_a_change_that_another_one_overtook_is_refused(county, monkeypatch):
    session = enter(county)
    hashed = passwords.password_rules.PasswordRules.hashed

    def overtaken(rules, password, field="password"):
        county.do(passwords.reset, "li", hash_of("another-2026"))
        return hashed(rules, password, field)

    monkeypatch.setattr(passwords.password_rules.PasswordRules, "hashed", overtaken)

    with pytest.raises(Invalid, match="原密码不对"):
        passwords.change_own(county.store, "li", session.id, PASSWORD, NEW, HOME)

    assert sign_in.sign_in(county.store, "li", "another-2026").must_change


@pytest.mark.parametrize("end_keys", [False, True])
def test_a_reset_says_whether_the_phone_keys_go_too(county, end_keys):
    key = county.do(phone_keys.issue, "li")

    county.do(passwords.reset, "li", HASH, end_keys=end_keys)

    if end_keys:
        with pytest.raises(KeyRefused, match="已被更换"):
            county.caller(key)
    else:
        assert county.caller(key).name == "li"
