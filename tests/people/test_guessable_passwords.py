"""No password may be set that people in a county guess: at its length, its commonness, its name, place and date."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import dated
from server.errors import Invalid
from server.people.domain import guessable, passwords
from server.people.domain.actors import Role
from server.people.domain.passwords import checked_password
from server.people.usecases import password_rules, sign_in
from server.people.usecases.passwords import make_password
from tests.passwords import hash_of
from tests.people.people_county import COUNTY, County

KNOWN = guessable.words_of(["wangli", "王丽", "涞源县", "白石山镇", "荆山口村村民委员会"])


def faults(password):
    return list(passwords.faults_of(password, 10, KNOWN))


@pytest.mark.parametrize(
    "password",
    [
        *("1234567890", "5201314520", "13812345678", "19880101", "130630198801011234"),
        *("aaaaaaaaaa", "abcabcabcabc", "abcdefghij", "9876543210a", "!!!!!!!!!!"),
        *("qwertyuiop", "1qaz2wsx3edc", "qazwsxedcrfv", "1q2w3e4r5t", "zxcvbnm123", "qwer1234asdf"),
        *("a123456789", "aa12345678", "abc123456789", "a13812345678", "Passw0rd2026", "P@ssw0rd123", "Admin@123456"),
        *("woaini5201314", "woaini1314520", "woaizhongguo88", "aini5201314", "iloveyou1314", "laoponi520"),
        *("zhangwei123888", "zhangwei888", "zhang@wei123", "liwei@2025", "lixiaopeng1990", "wangxiaoming2008"),
        *("baoding2026", "zhongguo1949", "xiaofang119119", "wanggeyuan123", "demo-laiyuan-2026", "kaimen2026"),
        *("dianwang95598", "gongdian2026!", "guowang10086"),
        *("mimamima12", "mima-mima-12", "passwordpassword1", "adminadmin123", "admin1admin2"),
    ],
)
def test_what_people_choose_is_refused_with_the_cure(password):
    assert faults(password), password
    assert len(password) < 10 or "互不相干的词" in faults(password)[0]


@pytest.mark.parametrize("password", ["baishishan8347", "jingshankou8347", "jskou-8347-jsk", "LYX-2231-lyx"])
def test_ones_own_name_and_places_with_digits_are_refused_and_strangers_may_have_them(password):
    known = KNOWN | guessable.words_of(["jskou", "jsk"])

    assert "用户名、姓名或本地地名" in "".join(passwords.faults_of(password, 10, known))
    assert list(passwords.faults_of(password, 10)) == []


@pytest.mark.parametrize(
    "password",
    [
        *("correct-horse-7", "another-one-77", "kolmi-tarre-55", "kx7-mq2-vt9w", "huangdeng-piqiu-41"),
        *("wobuzhidaotianqi", "tie-guan-dun-tang", "a password of nobody else", "chosen-by-li-26"),
    ],
)
def test_words_that_have_nothing_to_do_with_each_other_are_taken(password):
    assert checked_password(password, 10, KNOWN) == password


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("short", "至少10个字符"),
        ("kx7mq2vt9w" * 20 + "q", "最多200个字符"),
        ("消防网格消防网格消防", "英文字母"),
        ("ｋｘ７－ｍｑ２－ｖｔ９", "英文字母"),
    ],
)
def test_length_and_signs_are_told(password, fault):
    assert [fault in said for said in faults(password)] == [True]


def test_several_rules_are_told_at_once_at_the_field_that_was_named():
    with pytest.raises(Invalid) as refused:
        checked_password("李", 10, KNOWN, "new_password")

    assert [error["field"] for error in refused.value.data["errors"]] == ["new_password"] * 2


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200))
def test_every_text_is_judged_and_none_is_stronger_than_long(password):
    assert 0 <= guessable.strength(password, KNOWN) <= len(password)
    assert guessable.strength(password, KNOWN) <= guessable.strength(password)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_a_capital_letter_makes_no_password_better(password):
    assert guessable.strength(password.upper()) == guessable.strength(password.lower())


def test_passwords_that_the_server_makes_may_be_set():
    assert all(checked_password(made, 10, KNOWN) for made in (make_password() for _ in range(300)))


def test_the_list_has_thousands_of_words_of_kinds_that_have_a_cost_and_each_once():
    rows = dated.table("password_words")

    assert len(rows) > 5_000
    assert {row["kind"] for row in rows} == set(guessable.COSTS)
    assert len({row["word"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("text", "syllables"), [("涞源县", "lai yuan xian"), ("吕律绿", "lv lv lv"), ("王X丽1", "wang li"), ("", "")]
)
def test_chinese_is_read_as_pinyin(text, syllables):
    assert " ".join(guessable.pinyin(text)) == syllables


def test_each_account_is_judged_by_its_own_names_and_the_countys(tmp_path):
    county = County(tmp_path)
    rules = county.see(password_rules.of, "gw-01", "欧阳晓芸")

    for password in ("ouyangxiaoyun-83", "xiaoyunouyang83", "gw01-gw01-8347", "huayuancun83-4", "baishishan8347"):
        assert rules.refuse(password), password
    assert not county.see(password_rules.of, "gw-02", "李某").refuse("ouyang-xiao-yun-8x3v")
    county.store.close()


def test_a_guessable_password_of_ones_own_lets_in_to_change_it(tmp_path):
    county = County(tmp_path)
    county.a_worker("li", area=COUNTY, role=Role.BRIGADE, password_hash=hash_of("laiyuan2026"),
                    password_state=passwords.PasswordState.OWN)  # fmt: skip

    assert sign_in.sign_in(county.store, "li", "laiyuan2026").must_change
    county.store.close()
