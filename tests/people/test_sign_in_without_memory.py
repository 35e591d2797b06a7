"""A machine that is short of memory refuses nobody's password: it asks to come again."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import HashingError, VerificationError
from argon2.low_level import error_to_str

from server.errors import ShortOfMemory
from server.people.usecases import basic_login, password_hashing, sign_in
from server.people.usecases.basic_login import LoginCache
from tests.api_county import PASSWORD

NO_MEMORY, NO_THREAD = -22, -33
"""Codes of ``argon2.h``."""

LIMITED = """\
import mmap, resource, sys
from pathlib import Path
from server.errors import Refusal
from server.people.usecases import password_hashing

stored = password_hashing.hashed("correct-horse-7")
password_hashing.matches("wrong", None)  # the hash that stands in for an unknown name's is made
grown = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE + 4 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (grown, resource.RLIM_INFINITY))
for work in (
    lambda: password_hashing.matches("correct-horse-7", stored),
    lambda: password_hashing.matches("wrong", None),
    lambda: password_hashing.hashed("correct-horse-7"),
):
    try:
        print(work())
    except Refusal as refusal:
        print(refusal.code)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(password_hashing.matches("correct-horse-7", stored))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit is that of Linux")
def test_a_process_that_gets_no_more_memory_says_so_and_goes_on_when_it_does():
    given_back = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"}  # else glibc keeps what the first hash needed
    told = subprocess.run(
        [sys.executable, "-c", LIMITED], capture_output=True, text=True, timeout=300, check=False, env=given_back
    )

    assert told.stdout.split() == ["short-of-memory"] * 3 + ["True"], told.stderr


@pytest.fixture
def failing(monkeypatch):
    """Return a context in which argon2 fails with an error, as it does without memory."""

    @contextmanager
    def context(error):
        def fail(self, *args):
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(PasswordHasher, "verify", fail)
            patched.setattr(PasswordHasher, "hash", fail)
            yield

    return context


@pytest.mark.parametrize(
    "error",
    [VerificationError(error_to_str(NO_MEMORY)), VerificationError(error_to_str(NO_THREAD)), MemoryError()],
)
def test_the_api_answers_503_and_counts_no_failure(office, failing, error):
    with failing(error):
        answers = [
            office.client.post("/api/v1/session", json={"username": name, "password": PASSWORD})
            for name in ("officer", "nobody", *["officer"] * 6)
        ]

    assert {answer.status_code for answer in answers} == {503}
    assert answers[0].json["type"] == "/problems/short-of-memory"
    assert "内存不足" in answers[0].json["detail"]
    assert int(answers[0].headers["Retry-After"]) > 0
    assert office.client.post("/api/v1/session", json={"username": "officer", "password": PASSWORD}).status_code == 200


def test_a_phone_is_not_told_that_its_password_is_wrong_and_its_login_is_not_remembered_as_such(office, failing):
    logins = LoginCache()
    with failing(VerificationError(error_to_str(NO_MEMORY))), pytest.raises(ShortOfMemory):
        basic_login.sign_in(office.store, "officer", PASSWORD, logins)

    assert basic_login.sign_in(office.store, "officer", PASSWORD, logins).name == "officer"


def test_a_password_that_cannot_be_hashed_for_want_of_memory_is_not_set(failing):
    with failing(HashingError(error_to_str(NO_MEMORY))), pytest.raises(ShortOfMemory):
        sign_in.hash_password("correct-horse-7")


def test_a_stored_hash_that_is_damaged_is_a_wrong_password_still():
    for damaged in ("damaged", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=0$c2FsdHNhbHRzYWx0$aGFzaA"):
        assert password_hashing.matches("correct-horse-7", damaged) is False
